/* The few functions QuickJS imports besides host_call: the clock, random bytes, and its own messages. */
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#define WASI(name) Z_wasi_snapshot_preview1Z_##name
#define WASI_INSTANCE struct Z_wasi_snapshot_preview1_instance_t *unused
#define ENV_INSTANCE struct Z_env_instance_t *unused
enum { WASI_SUCCESS = 0, WASI_BADF = 8, WASI_NOSYS = 52 };

u32 WASI(clock_time_get)(WASI_INSTANCE, u32 id, u64 precision, u32 into) {
  struct timespec now;
  clock_gettime(id == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  u64 nanoseconds = now.tv_sec * 1000000000ull + now.tv_nsec;
  memcpy(MEMORY + into, &nanoseconds, sizeof nanoseconds);
  return WASI_SUCCESS;
}

u32 WASI(random_get)(WASI_INSTANCE, u32 into, u32 length) {
  return getrandom(MEMORY + into, length, 0) == (ssize_t)length ? WASI_SUCCESS : WASI_NOSYS;
}

/* Only QuickJS itself writes here, and only when something is very wrong: never on stdout. */
u32 WASI(fd_write)(WASI_INSTANCE, u32 fd, u32 vectors, u32 count, u32 written) {
  u32 total = 0;
  for (u32 i = 0; i < count; i++) {
    u32 vector[2];
    memcpy(vector, MEMORY + vectors + i * sizeof vector, sizeof vector);
    write_all(STDERR_FILENO, (char *)MEMORY + vector[0], vector[1]);
    total += vector[1];
  }
  memcpy(MEMORY + written, &total, sizeof total);
  return WASI_SUCCESS;
}

u32 WASI(fd_close)(WASI_INSTANCE, u32 fd) { return WASI_NOSYS; }
u32 WASI(fd_seek)(WASI_INSTANCE, u32 fd, u64 offset, u32 whence, u32 into) { return WASI_NOSYS; }
u32 WASI(fd_fdstat_get)(WASI_INSTANCE, u32 fd, u32 into) { return WASI_BADF; }

/* Local time is UTC. Modules were bundled; nothing interrupts; rejections are noticed by main.c as jobs left over. */
u32 Z_envZ_host_get_timezone_offset(ENV_INSTANCE, u32 high, u32 low) { return 0; }
u32 Z_envZ_host_interrupt(ENV_INSTANCE) { return 0; }
u32 Z_envZ_host_module_load(ENV_INSTANCE, u32 name, u32 length) { return 0; }
u32 Z_envZ_host_module_normalize(ENV_INSTANCE, u32 base, u32 name) { return 0; }
void Z_envZ_host_promise_rejection(ENV_INSTANCE, u32 promise, u32 reason, u32 handled) {}
