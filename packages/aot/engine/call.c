/* host_call: the script called a function of `__syscalls`. QuickJS names it and boxes its arguments. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "syscalls.h"

static bool get_integer(address value, int64_t *integer) {
  double number = is_number(value) ? ENGINE(qjs_get_float64, value) : 1e300;
  if (!(number >= -0x1p53 && number <= 0x1p53)) return false;
  *integer = (int64_t)number;
  return true;
}

static bool get_argument(char kind, address value, union argument *argument) {
  switch (kind) {
    case 'i':
      return get_integer(value, &argument->integer);
    case 'p':
      return get_path(value, &argument->path);
    case 'b':
      return get_bytes(value, &argument->bytes);
    default:
      argument->texts = get_texts(value);
      return argument->texts != NULL;
  }
}

static void free_argument(char kind, union argument *argument) {
  if (kind == 'p') free_text(&argument->path);
  if (kind == 't') free_texts(argument->texts);
}

static double call(const struct syscall *syscall, const address *values, u32 count) {
  union argument arguments[ARGUMENTS_MAX];
  const char *kinds = syscall->kinds;
  u32 got = 0;
  while (got < count && kinds[got] != '\0' && get_argument(kinds[got], values[got], &arguments[got])) got++;
  double result = kinds[got] == '\0' ? syscall->call(arguments) : -EINVAL;
  while (got-- > 0) free_argument(kinds[got], &arguments[got]);
  return result;
}

/* The methods that answer with something else than a number; 0 where the argument has the wrong type. */
static address call_utf8(address value) {
  struct text text;
  if (!get_text(value, &text)) return 0;
  address bytes = ENGINE(qjs_new_uint8_array, (address)((uint8_t *)text.data - MEMORY), text.length);
  free_text(&text);
  return bytes;
}

static address call_text(address value) {
  struct bytes bytes;
  return get_bytes(value, &bytes) ? new_text((char *)bytes.data, bytes.length) : 0;
}

static address call_describe_stack(address value) {
  struct text stack;
  if (!get_text(value, &stack)) return 0;
  size_t length;
  char *described = describe_stack(stack.data, stack.length, &length);
  address text = described ? new_text(described, length) : ENGINE(qjs_dup_value, value);
  free_text(&stack);
  free(described);
  return text;
}

static address call_other(const char *name, const address *values, u32 count) {
  if (strcmp(name, "argv") == 0) return new_texts(arguments);
  if (strcmp(name, "environ") == 0) return new_texts(environ);
  if (count == 0) return 0;
  if (strcmp(name, "utf8") == 0) return call_utf8(values[0]);
  if (strcmp(name, "text") == 0) return call_text(values[0]);
  if (strcmp(name, "describeStack") == 0) return call_describe_stack(values[0]);
  return 0;
}

u32 Z_envZ_host_call(struct Z_env_instance_t *unused, u32 name_at, u32 name_length, u32 this, u32 count, u32 values_at) {
  const char *name = (char *)MEMORY + name_at;
  const address *values = (const address *)(MEMORY + values_at);
  const struct syscall *syscall = find_syscall(name);
  if (syscall != NULL) return ENGINE(qjs_new_number, call(syscall, values, count));
  address other = call_other(name, values, count);
  return other != 0 ? other : ENGINE(qjs_new_number, -EINVAL);
}
