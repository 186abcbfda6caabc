#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "syscalls.h"

/* Copies of the three that lie above 2, so that putting one in its place does not destroy another. */
static int lift(const int fds[3], int lifted[3]) {
  for (int i = 0; i < 3; i++) lifted[i] = -1;
  for (int i = 0; i < 3; i++) {
    lifted[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
    if (lifted[i] < 0) return errno;
  }
  return 0;
}

/* Every signal at its default: SIGPIPE is ignored here, and that would be inherited. */
static int start(pid_t *pid, const char *path, char **argv, char **env, const int fds[3]) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_init(&actions);
  int error = 0;
  for (int i = 0; i < 3 && error == 0; i++) error = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
  if (error == 0) error = posix_spawn(pid, path, &actions, &attributes, argv, env);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

double spawn(const char *path, char **argv, char **env, const int fds[3]) {
  int lifted[3];
  pid_t pid;
  int error = lift(fds, lifted);
  if (error == 0) error = start(&pid, path, argv, env, lifted);
  for (int i = 0; i < 3; i++) {
    if (lifted[i] >= 0) close(lifted[i]);
  }
  return error == 0 ? pid : -error;
}
