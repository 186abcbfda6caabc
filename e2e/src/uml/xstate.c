/*
 * Preloaded into linux.uml: lets a guest use every vector register of the host's processor.
 *
 * The 6.1 kernel keeps 832 bytes of extended state for a thread (x87, SSE, AVX), while the host's PTRACE_SETREGSET takes
 * the whole area or nothing: on a processor with AVX-512 or AMX the guest panics at its first exec. So the rest is
 * kept here, beside the guest's own buffer for the thread, and both are put back together. Without this a guest either
 * does not start or, with the legacy calls, loses vector registers at page faults and switches.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <signal.h>
#include <unistd.h>

/* Intel SDM volume 1, 13.4: the legacy area, its bytes for software, the header, whose first word lists what is not in its initial state. */
enum { SOFTWARE = 464, HEADER = 512, EXTENDED = 576 };
/* x87, SSE, AVX; opmask and both parts of ZMM. AMX is for processes that ask for it, and no guest can. */
static const uint64_t FRONT_FEATURES = 0x07, TAIL_FEATURES = 0xe0;

/* What this kernel calls for the processes that the guest forks. */
enum { OLD_SET_OPTIONS = 21 };

enum { TAIL = 2048, SLOT_BITS = 13 };

/* What the guest has no room for, found by the address of the buffer that the guest has for the thread. */
static struct slot {
  const void *owner;
  uint64_t features;
  uint8_t tail[TAIL];
} slots[1 << SLOT_BITS];

static uint8_t area[1 << 16] __attribute__((aligned(64)));

static struct slot *slot_of(const void *owner) {
  return &slots[(uintptr_t)owner * 0x9e3779b97f4a7c15u >> (64 - SLOT_BITS)];
}

static long traced(long request, long pid, void *address, void *data) {
  return syscall(SYS_ptrace, request, pid, address, data);
}

static uint64_t *features_of(void *state) { return (uint64_t *)((uint8_t *)state + HEADER); }

static long get_state(const struct iovec *whole, struct iovec *front, size_t tail) {
  struct slot *slot = slot_of(front->iov_base);
  memcpy(front->iov_base, whole->iov_base, front->iov_len);
  memcpy(slot->tail, area + front->iov_len, tail);
  slot->owner = front->iov_base;
  slot->features = *features_of(area);
  return 0;
}

static long set_state(long pid, struct iovec *whole, const struct iovec *front, size_t tail) {
  const struct slot *slot = slot_of(front->iov_base);
  const uint8_t *from = front->iov_base;
  uint64_t features = *features_of(area) & ~FRONT_FEATURES;
  features |= *features_of(front->iov_base) & FRONT_FEATURES;
  memcpy(area, from, SOFTWARE);
  memcpy(area + EXTENDED, from + EXTENDED, front->iov_len - EXTENDED);
  if (slot->owner == front->iov_base) { /* a new thread has none yet, and needs none: it returns from a system call */
    memcpy(area + front->iov_len, slot->tail, tail);
    features = (features & ~TAIL_FEATURES) | (slot->features & TAIL_FEATURES);
  }
  *features_of(area) = features;
  return traced(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, whole);
}

static long move_state(long request, long pid, struct iovec *front) {
  struct iovec whole = {area, sizeof area};
  long status = traced(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &whole);
  if (status < 0) return status;
  if (whole.iov_len <= front->iov_len) return traced(request, pid, (void *)NT_X86_XSTATE, front);
  size_t tail = whole.iov_len - front->iov_len;
  if (tail > TAIL) tail = TAIL;
  return request == PTRACE_GETREGSET ? get_state(&whole, front, tail) : set_state(pid, &whole, front, tail);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list list;
  va_start(list, request);
  long pid = va_arg(list, pid_t);
  void *address = va_arg(list, void *), *data = va_arg(list, void *);
  va_end(list);
  if ((request == PTRACE_GETREGSET || request == PTRACE_SETREGSET) && (long)address == NT_X86_XSTATE)
    return move_state(request, pid, data);
  /* The guest's processes end with it, even when it is killed: else they would go on as processes of the host. */
  if (request == PTRACE_SETOPTIONS || (long)request == OLD_SET_OPTIONS)
    data = (void *)((uintptr_t)data | PTRACE_O_EXITKILL);
  if (request < PTRACE_PEEKTEXT || request > PTRACE_PEEKUSER) return traced(request, pid, address, data);
  /* The system call stores the word that the library function returns. */
  long word = 0, status = traced(request, pid, address, &word);
  if (status < 0) return status;
  errno = 0;
  return word;
}

/* The guest ends with the process that started it, and its helpers with the guest, however those end. */
__attribute__((constructor)) static void end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

struct start {
  int (*run)(void *);
  void *argument;
};

static int started(void *at) {
  struct start start = *(struct start *)at;
  end_with_parent();
  return start.run(start.argument);
}

int clone(int (*run)(void *), void *stack, int flags, void *argument, ...) {
  int (*next)(int (*)(void *), void *, int, void *) = dlsym(RTLD_NEXT, "clone");
  /* On the stack of the new process, which both can see. */
  struct start *start = (struct start *)(((uintptr_t)stack & ~15ul) - 64);
  *start = (struct start){run, argument};
  return next(started, start, flags, start);
}
