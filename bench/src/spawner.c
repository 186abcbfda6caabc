/*
 * Runs the programs of a plan one after another, round after round, and measures each run from spawn to exit.
 *
 *   spawner < plan > samples.json
 *
 * A plan is lines of `word rest`:
 *   rounds N, warmup N    measured rounds, and those before them that are not
 *   step                  begins a step; its runs come in another order in each round
 *   run                   begins a run of this step; what follows is about it:
 *   exec PATH, arg TEXT, env NAME=VALUE, stdin PATH, status N
 * In arg and env, {round} becomes the number of the round, warm-up included. A run that ends otherwise than with its
 * status ends everything: what fails early is not fast. Small and static, because the kernel counts the memory of
 * whoever spawns as the least peak of whatever is spawned.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_RUNS = 64, MOST_WORDS = 24, LINE = 4096 };

struct run {
  char *words[MOST_WORDS + 1], *env[MOST_WORDS + 1];
  int n_words, n_env, status;
  const char *stdin_path;
  int64_t *nanoseconds;
  int64_t first_nanoseconds;
  long first_kilobytes, peak_kilobytes;
};

struct usage {
  int64_t nanoseconds;
  long kilobytes;
};

static struct run runs[MOST_RUNS];
/* Where each step begins in runs; n_steps has one more entry, the end. */
static int steps[MOST_RUNS + 1], n_steps, n_runs, n_rounds = 1, n_warmup;
static int output;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fputc('\n', stderr);
  exit(1);
}

static void *not_null(void *pointer) {
  return pointer ? pointer : (fail("out of memory"), NULL);
}

static void append(char **list, int *count, const char *text) {
  if (*count == MOST_WORDS) fail("plan: more than %d words in %s", MOST_WORDS, text);
  list[(*count)++] = not_null(strdup(text));
}

static void take_line(const char *word, const char *rest) {
  struct run *run = &runs[n_runs ? n_runs - 1 : 0];
  if (!strcmp(word, "rounds")) n_rounds = atoi(rest);
  else if (!strcmp(word, "warmup")) n_warmup = atoi(rest);
  else if (!strcmp(word, "step") && n_steps < MOST_RUNS) steps[n_steps++] = n_runs;
  else if (!strcmp(word, "run") && n_steps > 0 && n_runs < MOST_RUNS) runs[n_runs++].stdin_path = "/dev/null";
  else if (n_runs == 0) fail("plan: %s before the first run", word);
  else if (!strcmp(word, "exec") || !strcmp(word, "arg")) append(run->words, &run->n_words, rest);
  else if (!strcmp(word, "env")) append(run->env, &run->n_env, rest);
  else if (!strcmp(word, "stdin")) run->stdin_path = not_null(strdup(rest));
  else if (!strcmp(word, "status")) run->status = atoi(rest);
  else fail("plan: %s %s", word, rest);
}

static void read_plan(void) {
  char line[LINE];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *space = strchr(line, ' ');
    if (space) *space = 0;
    take_line(line, space ? space + 1 : "");
  }
  steps[n_steps] = n_runs;
  for (struct run *run = runs; run < runs + n_runs; run++) {
    if (run->n_words == 0) fail("plan: a run without exec");
    run->nanoseconds = not_null(calloc(n_rounds, sizeof *run->nanoseconds));
  }
}

static char *expand(const char *text, int round) {
  static const char mark[] = "{round}";
  const char *at = strstr(text, mark);
  char *expanded;
  int printed = at ? asprintf(&expanded, "%.*s%d%s", (int)(at - text), text, round, at + strlen(mark))
                   : asprintf(&expanded, "%s", text);
  return printed < 0 ? not_null(NULL) : expanded;
}

static void expand_all(char **from, int count, int round, char **to) {
  for (int i = 0; i < count; i++) to[i] = expand(from[i], round);
  to[count] = NULL;
}

static void free_all(char **texts) {
  for (; *texts; texts++) free(*texts);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int64_t nanoseconds_of(struct timeval time) {
  return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

/* The program's last words, so that a person sees why it ended as it did. */
static void complain(const struct run *run, char **env, int status) {
  char said[LINE];
  ssize_t length = pread(output, said, sizeof said, 0);
  fprintf(stderr, "%s", run->words[0]);
  for (; *env; env++)
    if (!strncmp(*env, "CNI_COMMAND=", 12)) fprintf(stderr, " %s", *env + 12);
  if (WIFSIGNALED(status)) fprintf(stderr, ": killed by signal %d", WTERMSIG(status));
  else fprintf(stderr, ": exit status %d, expected %d", WEXITSTATUS(status), run->status);
  fail("\n%.*s", (int)(length > 0 ? length : 0), said);
}

static struct usage measure(struct run *run, int round) {
  char *words[MOST_WORDS + 1], *env[MOST_WORDS + 1];
  expand_all(run->words, run->n_words, round, words);
  expand_all(run->env, run->n_env, round, env);
  int input = open(run->stdin_path, O_RDONLY | O_CLOEXEC);
  if (input < 0) fail("open %s: %s", run->stdin_path, strerror(errno));
  if (ftruncate(output, 0) || lseek(output, 0, SEEK_SET)) fail("empty the output: %s", strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  pid_t pid;
  int status;
  struct rusage usage;
  int64_t start = now();
  int error = posix_spawn(&pid, words[0], &actions, NULL, words, env);
  if (error) fail("run %s: %s", words[0], strerror(error));
  if (wait4(pid, &status, 0, &usage) < 0) fail("wait for %s: %s", words[0], strerror(errno));
  int64_t duration = now() - start;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != run->status) complain(run, env, status);
  posix_spawn_file_actions_destroy(&actions);
  close(input);
  free_all(words);
  free_all(env);
  return (struct usage){duration, usage.ru_maxrss};
}

/* What a program finds in the processor's caches depends on the one before it. */
static void shuffle(int *order, int count) {
  static uint32_t random = 1;
  for (int i = count - 1; i > 0; i--) {
    random = random * 1664525 + 1013904223;
    int other = (random >> 16) % (i + 1), kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
}

static void record(struct run *run, int round, struct usage used) {
  if (round == 0) {
    run->first_nanoseconds = used.nanoseconds;
    run->first_kilobytes = used.kilobytes;
  }
  if (round < n_warmup) return;
  run->nanoseconds[round - n_warmup] = used.nanoseconds;
  if (used.kilobytes > run->peak_kilobytes) run->peak_kilobytes = used.kilobytes;
}

static void do_round(int round) {
  for (int step = 0; step < n_steps; step++) {
    int order[MOST_RUNS], count = steps[step + 1] - steps[step];
    for (int i = 0; i < count; i++) order[i] = steps[step] + i;
    shuffle(order, count);
    for (int i = 0; i < count; i++) {
      struct run *run = &runs[order[i]];
      record(run, round, measure(run, round));
    }
  }
}

static void print_samples(void) {
  struct rusage own, children;
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  int64_t cpu = nanoseconds_of(own.ru_utime) + nanoseconds_of(own.ru_stime) + nanoseconds_of(children.ru_utime) +
                nanoseconds_of(children.ru_stime);
  printf("{\"cpuNanoseconds\":%lld,\"runs\":[", (long long)cpu);
  for (int i = 0; i < n_runs; i++) {
    const struct run *run = &runs[i];
    printf("%s{\"firstNanoseconds\":%lld,\"firstKilobytes\":%ld,\"peakKilobytes\":%ld,\"nanoseconds\":[", i ? "," : "",
           (long long)run->first_nanoseconds, run->first_kilobytes, run->peak_kilobytes);
    for (int round = 0; round < n_rounds; round++)
      printf("%s%lld", round ? "," : "", (long long)run->nanoseconds[round]);
    printf("]}");
  }
  printf("]}\n");
}

int main(void) {
  /* Whoever starts this may ignore a signal; the programs must not inherit that. */
  signal(SIGPIPE, SIG_DFL);
  output = memfd_create("output", MFD_CLOEXEC);
  if (output < 0) fail("memfd_create: %s", strerror(errno));
  read_plan();
  for (int round = 0; round < n_warmup + n_rounds; round++) do_round(round);
  print_samples();
  return fflush(stdout) ? 1 : 0;
}
