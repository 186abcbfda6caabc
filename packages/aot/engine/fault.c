/* A plugin never dies in silence: a runtime that gets no JSON document on stdout can only guess. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine.h"

bool stdout_used;

/* No allocation in here: memory may be what failed. Longer messages are cut. */
#define MESSAGE_MAX 1024

struct buffer {
  size_t length;
  char bytes[6 * MESSAGE_MAX + 128]; /* a control character takes six bytes */
};

static void append(struct buffer *buffer, const char *bytes, size_t length) {
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

static void append_cut(struct buffer *message, const char *bytes, size_t length) {
  size_t room = MESSAGE_MAX - message->length;
  append(message, bytes, length < room ? length : room);
}

static void append_escaped(struct buffer *document, const char *bytes, size_t length) {
  static const char hex[] = "0123456789abcdef";
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = bytes[i];
    if (byte < 0x20)
      append(document, (char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6);
    else if (byte == '"' || byte == '\\')
      append(document, (char[]){'\\', bytes[i]}, 2);
    else
      append(document, bytes + i, 1);
  }
}

void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    length -= written;
  }
}

_Noreturn void fail(const char *doing, const char *reason, size_t length) {
  static struct buffer message, repaired, document;
  append_cut(&message, doing, strlen(doing));
  append_cut(&message, " ", 1);
  append_cut(&message, program, strlen(program));
  append_cut(&message, ": ", 2);
  append_cut(&message, reason, length);
  repaired.length = repair_utf8((uint8_t *)message.bytes, message.length, (uint8_t *)repaired.bytes);
  static const char start[] = "{\"cniVersion\":\"1.1.0\",\"code\":999,\"msg\":\"";
  append(&document, start, sizeof start - 1);
  append_escaped(&document, repaired.bytes, repaired.length);
  append(&document, "\"}\n", 3);
  /* One document on stdout, never two; what cannot go there is at least seen on stderr. */
  ssize_t written = stdout_used ? 0 : write(STDOUT_FILENO, document.bytes, document.length);
  if (written > 0)
    write_all(STDOUT_FILENO, document.bytes + written, document.length - written);
  else
    write_all(STDERR_FILENO, document.bytes, document.length);
  _exit(1);
}

_Noreturn void fail_text(const char *doing, const char *reason) { fail(doing, reason, strlen(reason)); }

_Noreturn void fail_errno(const char *doing, int error) { fail_text(doing, strerror(error)); }

static const char *describe(int number, const uint8_t *fault) {
  if (fault >= RESERVATION && fault < RESERVATION + STACK_GUARD) return "it recursed too deeply: the native stack is full";
  if (number == SIGBUS) return "bus error: the executable was changed while it ran, or its disk failed";
  if (number == SIGFPE) return "arithmetic fault in the engine";
  if (number == SIGILL) return "illegal instruction in the engine";
  return "access outside the engine's memory";
}

static void on_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  fail_text("run", describe(number, info->si_addr));
}

/* On a stack of its own, since the ordinary one may be what ran out. */
void catch_faults(void) {
  static uint8_t stack[64 << 10];
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
}
