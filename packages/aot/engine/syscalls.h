#pragma once
#include "engine.h"

#define ARGUMENTS_MAX 6
#define STILL_RUNNING 0x10000

union argument {
  int64_t integer;     /* i */
  struct text path;    /* p: a string without NUL */
  struct bytes bytes;  /* b: a Uint8Array, where it lies */
  char **texts;        /* t: an array of strings without NUL */
};

struct syscall {
  const char *name;
  const char *kinds; /* one letter for each argument */
  double (*call)(const union argument *arguments);
};

const struct syscall *find_syscall(const char *name);

/* sha256.c */
#define SHA256_SIZE 32
void sha256(const uint8_t *bytes, size_t length, uint8_t digest[SHA256_SIZE]);

/* spawn.c. The child's pid, or the negated errno. */
double spawn(const char *path, char **argv, char **env, const int fds[3]);
