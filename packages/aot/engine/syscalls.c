/*
 * `__syscalls`: one function for each method of Syscalls (packages/sys/src/syscalls.ts). Each makes its system call and
 * returns the result, or the negated errno; arguments of the wrong type or number are -EINVAL. There is no policy here.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "syscalls.h"

/* The result of a system call as the script sees it. */
static double result(int64_t value) { return value < 0 ? -errno : value; }

#define CALL(name) static double name(const union argument *a)
#define FD a[0].integer

/* Not musl's open: it asks for O_CLOEXEC again with fcntl. */
CALL(call_open) {
  return result(syscall(SYS_openat, AT_FDCWD, a[0].path.data, (int)a[1].integer | O_CLOEXEC, (mode_t)a[2].integer));
}
CALL(call_close) { return result(close(FD)); }
CALL(call_read) { return result(read(FD, a[1].bytes.data, a[1].bytes.length)); }
CALL(call_seek) { return result(lseek(FD, a[1].integer, SEEK_SET)); }
CALL(call_fsync) { return result(fsync(FD)); }
CALL(call_ftruncate) { return result(ftruncate(FD, a[1].integer)); }
CALL(call_rename) { return result(rename(a[0].path.data, a[1].path.data)); }
CALL(call_link) { return result(link(a[0].path.data, a[1].path.data)); }
CALL(call_unlink) { return result(unlink(a[0].path.data)); }
CALL(call_chmod) { return result(chmod(a[0].path.data, (mode_t)a[1].integer)); }
CALL(call_mkdir) { return result(mkdir(a[0].path.data, (mode_t)a[1].integer)); }
CALL(call_rmdir) { return result(rmdir(a[0].path.data)); }
CALL(call_getdents) { return result(syscall(SYS_getdents64, FD, a[1].bytes.data, a[1].bytes.length)); }

/* The length of a file's content, 0 of what is longer than the limit, has a NUL, or cannot be read. A named pipe is not waited for. */
static size_t read_small(int directory, const char *name, uint8_t *into, size_t limit) {
  int flags = O_RDONLY | O_NONBLOCK | O_NOATIME | O_CLOEXEC;
  int fd = (int)syscall(SYS_openat, directory, name, flags, 0);
  if (fd < 0) return 0;
  ssize_t length = read(fd, into, limit + 1);
  close(fd);
  return length > 0 && (size_t)length <= limit && memchr(into, 0, length) == NULL ? length : 0;
}

CALL(call_readEach) {
  const struct bytes *records = &a[1].bytes, *into = &a[2].bytes;
  size_t limit = a[3].integer, written = 0;
  for (size_t at = 0; at < records->length;) {
    const struct dirent *entry = (const struct dirent *)(records->data + at);
    at += entry->d_reclen;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    size_t length = strlen(entry->d_name) + 1;
    if (into->length - written < length + limit + 1) return -ENOBUFS;
    memcpy(into->data + written, entry->d_name, length);
    written += length;
    written += read_small(FD, entry->d_name, into->data + written, limit);
    into->data[written++] = 0;
  }
  return written;
}
CALL(call_readlink) { return result(readlink(a[0].path.data, (char *)a[1].bytes.data, a[1].bytes.length)); }
CALL(call_flock) { return result(flock(FD, (int)a[1].integer)); }

CALL(call_write) {
  ssize_t written = write(FD, a[1].bytes.data, a[1].bytes.length);
  if (FD == STDOUT_FILENO && written > 0) stdout_used = true;
  return result(written);
}

/* STAT_FIELDS of syscalls.ts, in its order. */
static double write_stat(int64_t status, const struct stat *stat, const struct bytes *into) {
  int64_t fields[] = {stat->st_dev,
                      stat->st_ino,
                      stat->st_mode,
                      stat->st_size,
                      stat->st_uid,
                      stat->st_gid,
                      stat->st_mtim.tv_sec * 1000 + stat->st_mtim.tv_nsec / 1000000};
  if (status < 0) return -errno;
  if (into->length < sizeof fields) return -EINVAL;
  memcpy(into->data, fields, sizeof fields);
  return 0;
}

CALL(call_stat) {
  struct stat stat_;
  return write_stat(stat(a[0].path.data, &stat_), &stat_, &a[1].bytes);
}

CALL(call_fstat) {
  struct stat stat_;
  return write_stat(fstat(FD, &stat_), &stat_, &a[1].bytes);
}

CALL(call_fstatfs) {
  struct statfs statfs_;
  return fstatfs(FD, &statfs_) < 0 ? -errno : (double)(uint32_t)statfs_.f_type;
}

CALL(call_socket) {
  return result(socket((int)a[0].integer, (int)a[1].integer | SOCK_CLOEXEC, (int)a[2].integer));
}
CALL(call_bind) { return result(bind(FD, (struct sockaddr *)a[1].bytes.data, a[1].bytes.length)); }
CALL(call_setsockopt) {
  return result(setsockopt(FD, (int)a[1].integer, (int)a[2].integer, a[3].bytes.data, a[3].bytes.length));
}
CALL(call_sendto) {
  struct sockaddr *to = a[3].bytes.length > 0 ? (struct sockaddr *)a[3].bytes.data : NULL;
  return result(sendto(FD, a[1].bytes.data, a[1].bytes.length, (int)a[2].integer, to, a[3].bytes.length));
}
CALL(call_recv) { return result(recv(FD, a[1].bytes.data, a[1].bytes.length, (int)a[2].integer)); }
CALL(call_setns) { return result(setns(FD, (int)a[1].integer)); }
CALL(call_poll) {
  return result(poll((struct pollfd *)a[0].bytes.data, a[0].bytes.length / sizeof(struct pollfd), (int)a[1].integer));
}

CALL(call_pipe) {
  if (a[0].bytes.length < 2 * sizeof(int)) return -EINVAL;
  return result(pipe2((int *)a[0].bytes.data, O_CLOEXEC));
}
CALL(call_memfd) { return result(memfd_create(a[0].path.data, MFD_CLOEXEC)); }
CALL(call_spawn) {
  int fds[] = {(int)a[3].integer, (int)a[4].integer, (int)a[5].integer};
  return spawn(a[0].path.data, a[1].texts, a[2].texts, fds);
}
CALL(call_pidfd) { return result(syscall(SYS_pidfd_open, (pid_t)a[0].integer, 0)); }
CALL(call_waitpid) {
  int status;
  pid_t pid = waitpid((pid_t)a[0].integer, &status, (int)a[1].integer);
  return pid < 0 ? -errno : pid == 0 ? STILL_RUNNING : status;
}
CALL(call_kill) { return result(kill((pid_t)a[0].integer, (int)a[1].integer)); }
CALL(call_getpid) { return getpid(); }

/* The child shares the parent's stdout, and the one document there is the parent's. */
CALL(call_fork) {
  pid_t pid = fork();
  if (pid == 0) stdout_used = true;
  return result(pid);
}
CALL(call_exit) { _exit((int)a[0].integer); }
CALL(call_clock) {
  struct timespec now;
  return clock_gettime((clockid_t)a[0].integer, &now) < 0 ? -errno : now.tv_sec * 1e3 + now.tv_nsec / 1000 / 1e3;
}
/* No system call, but nothing for a script either. */
CALL(call_sha256) {
  if (a[1].bytes.length < SHA256_SIZE) return -EINVAL;
  sha256(a[0].bytes.data, a[0].bytes.length, a[1].bytes.data);
  return SHA256_SIZE;
}
CALL(call_getrandom) { return result(getrandom(a[0].bytes.data, a[0].bytes.length, 0)); }

/* In the order of strcmp, since find_syscall halves it. The letters are the kinds of the arguments: see syscalls.h. */
static const struct syscall table[] = {
    {"bind", "ib", call_bind},
    {"chmod", "pi", call_chmod},
    {"clock", "i", call_clock},
    {"close", "i", call_close},
    {"exit", "i", call_exit},
    {"flock", "ii", call_flock},
    {"fork", "", call_fork},
    {"fstat", "ib", call_fstat},
    {"fstatfs", "i", call_fstatfs},
    {"fsync", "i", call_fsync},
    {"ftruncate", "ii", call_ftruncate},
    {"getdents", "ib", call_getdents},
    {"getpid", "", call_getpid},
    {"getrandom", "b", call_getrandom},
    {"kill", "ii", call_kill},
    {"link", "pp", call_link},
    {"memfd", "p", call_memfd},
    {"mkdir", "pi", call_mkdir},
    {"open", "pii", call_open},
    {"pidfd", "i", call_pidfd},
    {"pipe", "b", call_pipe},
    {"poll", "bi", call_poll},
    {"read", "ib", call_read},
    {"readEach", "ibbi", call_readEach},
    {"readlink", "pb", call_readlink},
    {"recv", "ibi", call_recv},
    {"rename", "pp", call_rename},
    {"rmdir", "p", call_rmdir},
    {"seek", "ii", call_seek},
    {"sendto", "ibib", call_sendto},
    {"setns", "ii", call_setns},
    {"setsockopt", "iiib", call_setsockopt},
    {"sha256", "bb", call_sha256},
    {"socket", "iii", call_socket},
    {"spawn", "pttiii", call_spawn},
    {"stat", "pb", call_stat},
    {"unlink", "p", call_unlink},
    {"waitpid", "ii", call_waitpid},
    {"write", "ib", call_write},
};

static int compare(const void *name, const void *syscall) {
  return strcmp(name, ((const struct syscall *)syscall)->name);
}

const struct syscall *find_syscall(const char *name) {
  return bsearch(name, table, sizeof table / sizeof *table, sizeof *table, compare);
}
