/*
 * Start-up: map the snapshot out of this very file over the engine's memory, call the program's main, exit with its
 * status. Nothing is parsed or initialised: the kernel copies the pages of the snapshot that are touched, and that is all.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine.h"

Z_qjs_instance_t engine;
const char *program = "plugin";
char **arguments;

/* Read by the builder: a snapshot fits the engine only if both come from the same quickjs.wasm. */
const char engine_id[] = "cni-aot engine " ENGINE_ID;

static struct trailer trailer;

/* Where /proc is not mounted, the path the kernel was given. */
int open_executable(void) {
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  return fd >= 0 ? fd : open((const char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
}

/* Whether the file ends as a whole executable does. */
bool read_trailer(int fd, struct trailer *into) {
  off_t end = lseek(fd, -(off_t)sizeof *into, SEEK_END);
  if (end < 0 || read(fd, into, sizeof *into) != sizeof *into) return false;
  return memcmp(into->magic, TRAILER_MAGIC, sizeof into->magic) == 0 &&
         into->snapshot_offset % getauxval(AT_PAGESZ) == 0 &&
         into->snapshot_offset + into->snapshot_length + into->lines_length == (uint64_t)end &&
         into->memory_pages <= MEMORY_PAGES_MAX &&
         SNAPSHOT_START + (uint64_t)into->snapshot_length <= (uint64_t)into->memory_pages * PAGE;
}

/*
 * At an address that the generated code has in it (translate.mjs): above this program and its heap, and so low that it fits into
 * an instruction.
 */
static void reserve(void) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  void *got = mmap(RESERVATION, STACK_SIZE + MEMORY_RESERVATION, PROT_NONE, flags, -1, 0);
  if (got == MAP_FAILED && errno != EEXIST) fail_errno("reserve memory for", errno);
  /* Linux before 4.17 gives another place. */
  if (got != RESERVATION) fail_text("reserve memory for", "its addresses are in use");
  /* A huge page here would be two megabytes to clear for a process that touches a few dozen kilobytes. */
  madvise(RESERVATION, STACK_SIZE + MEMORY_RESERVATION, MADV_NOHUGEPAGE);
}

/* The stack without its guard and the memory are neighbours: one change of protection makes both usable. */
static void map(int fd) {
  size_t memory = (size_t)trailer.memory_pages * PAGE;
  if (mprotect(RESERVATION + STACK_GUARD, STACK_SIZE - STACK_GUARD + memory, PROT_READ | PROT_WRITE) != 0)
    fail_errno("reserve memory for", errno);
  /* Not populated, nor huge: to find and copy the pages that nothing touches takes longer than the faults on the others. */
  if (mmap(MEMORY + SNAPSHOT_START, trailer.snapshot_length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
           (off_t)trailer.snapshot_offset) == MAP_FAILED)
    fail_errno("map the snapshot of", errno);
}

static void load(void) {
  int fd = open_executable();
  if (fd < 0) fail_errno("open the executable of", errno);
  if (!read_trailer(fd, &trailer)) fail_text("load", "the file has no snapshot at its end: it is damaged or was never finished");
  reserve();
  map(fd);
  close(fd);
  Z_qjs_init_module();
  Z_qjs_instantiate(NULL, NULL);
  engine.w2c_memory.pages = trailer.memory_pages;
  engine.w2c_memory.size = trailer.memory_pages * PAGE;
}

/* A standard descriptor that is closed stays useless: the next file opened must not become the program's stdout. */
static void hold_standard_descriptors(void) {
  struct pollfd fds[] = {{.fd = STDIN_FILENO}, {.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};
  if (poll(fds, 3, 0) <= 0) return;
  for (int i = 0; i < 3; i++) {
    if (fds[i].revents & POLLNVAL) open("/", O_PATH | O_CLOEXEC); /* the lowest that is free */
  }
}

static bool debugging(void) {
  const char *debug = getenv("CNI_DEBUG");
  return debug != NULL && *debug != '\0' && strcmp(debug, "0") != 0;
}

static void print_stack(address exception) {
  address value = ENGINE(qjs_is_object, exception) ? get_property(exception, "stack") : 0;
  struct text stack;
  if (value == 0 || !get_text(value, &stack)) return;
  size_t length;
  char *described = describe_stack(stack.data, stack.length, &length);
  write_all(STDERR_FILENO, described ? described : stack.data, described ? length : stack.length);
}

static _Noreturn void fail_exception(void) {
  address exception = ENGINE(qjs_get_exception);
  address length = engine.w2c___stack_pointer -= 16;
  address text = ENGINE(qjs_get_string_len, exception, length);
  u32 size;
  memcpy(&size, MEMORY + length, sizeof size);
  if (debugging()) {
    if (text) write_all(STDERR_FILENO, (char *)MEMORY + text, size);
    write_all(STDERR_FILENO, "\n", 1);
    print_stack(exception);
  }
  if (text == 0) fail_text("run", "uncaught exception that has no text");
  fail("run", (char *)MEMORY + text, size);
}

static _Noreturn void run(void) {
  address result = ENGINE(qjs_call, trailer.main_function, ENGINE(qjs_get_undefined), 0, 0);
  if (ENGINE(qjs_is_exception, result)) fail_exception();
  if (ENGINE(qjs_is_job_pending)) fail_text("run", "it left asynchronous work behind, and nothing here would do it");
  double status = is_number(result) ? ENGINE(qjs_get_float64, result) : -1;
  if (!(status >= 0 && status <= 255)) fail_text("run", "its main function returned no exit status from 0 to 255");
  _exit((int)status);
}

/* The engine measures its own stack, not the native one below it: that must be the larger, whatever ulimit -s says. */
static _Noreturn void run_on(uint8_t *stack_top) {
#if defined(__x86_64__)
  __asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tcall *%1" : : "r"(stack_top), "r"(run) : "memory");
#elif defined(__aarch64__)
  __asm__ volatile("mov sp, %0\n\tmov x29, xzr\n\tmov x30, xzr\n\tblr %1" : : "r"(stack_top), "r"(run) : "memory");
#else
#error "no way to change stacks on this architecture"
#endif
  __builtin_unreachable();
}

int main(int argc, char **argv) {
  arguments = argv;
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
  const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
  if (*name != '\0') program = name;
  signal(SIGPIPE, SIG_IGN); /* a reader that went away is EPIPE, an ordinary errno */
  signal(SIGXFSZ, SIG_IGN); /* and a file size limit is EFBIG */
  hold_standard_descriptors();
  catch_faults();
  load();
  run_on(MEMORY);
}
