/* Script values from and to C. Strings and bytes are read where they lie, in the engine's memory, which never moves. */
#include <stdlib.h>

#include "engine.h"

/* Room on the engine's own stack for a few words or a short name. */
static address push(u32 size) { return engine.w2c___stack_pointer -= (size + 15) & ~15u; }

static void pop(u32 size) { engine.w2c___stack_pointer += (size + 15) & ~15u; }

static u32 load(address at) {
  u32 word;
  memcpy(&word, MEMORY + at, sizeof word);
  return word;
}

void forget_exception(void) { ENGINE(qjs_free_value, ENGINE(qjs_get_exception)); }

bool is_number(address value) { return ENGINE(qjs_is_number, value) != 0; }

/* A lone surrogate arrives as three bytes no UTF-8 has; U+FFFD is three bytes as well. */
static void replace_surrogates(uint8_t *utf8, size_t length) {
  for (size_t i = 0; i + 2 < length; i++) {
    if (utf8[i] == 0xed && utf8[i + 1] >= 0xa0) memcpy(utf8 + i, "\xef\xbf\xbd", 3);
  }
}

bool get_text(address value, struct text *text) {
  if (!ENGINE(qjs_is_string, value)) return false;
  address length = push(4);
  text->owner = ENGINE(qjs_get_string_len, value, length);
  text->length = load(length);
  pop(4);
  if (text->owner == 0) {
    forget_exception();
    return false;
  }
  text->data = (char *)MEMORY + text->owner;
  replace_surrogates((uint8_t *)text->data, text->length);
  return true;
}

void free_text(struct text *text) { ENGINE(qjs_free_cstring, text->owner); }

bool get_path(address value, struct text *text) {
  if (!get_text(value, text)) return false;
  if (strlen(text->data) == text->length) return true;
  free_text(text);
  return false;
}

bool get_bytes(address value, struct bytes *bytes) {
  address words = push(16);
  address buffer = ENGINE(qjs_get_typed_array_buffer, value, words, words + 4, words + 8);
  bool found = !ENGINE(qjs_is_exception, buffer);
  address data = found ? ENGINE(qjs_get_array_buffer, buffer, words + 12) : 0;
  if (data == 0) forget_exception();
  bytes->data = MEMORY + data + load(words);
  bytes->length = load(words + 4);
  ENGINE(qjs_free_value, buffer);
  pop(16);
  return data != 0;
}

address get_property(address object, const char *name) {
  u32 size = strlen(name) + 1;
  address copy = push(size);
  memcpy(MEMORY + copy, name, size);
  address value = ENGINE(qjs_get_prop_string, object, copy);
  pop(size);
  return value;
}

static char *copy_element(address array, u32 index) {
  address element = ENGINE(qjs_get_prop_uint32, array, index);
  struct text text;
  char *copy = NULL;
  if (get_path(element, &text)) {
    copy = strdup(text.data);
    free_text(&text);
  }
  ENGINE(qjs_free_value, element);
  return copy;
}

char **get_texts(address array) {
  if (!ENGINE(qjs_is_array, array)) return NULL;
  address length = get_property(array, "length");
  u32 count = ENGINE(qjs_get_float64, length);
  ENGINE(qjs_free_value, length);
  char **texts = calloc((size_t)count + 1, sizeof *texts);
  for (u32 i = 0; texts != NULL && i < count; i++) {
    texts[i] = copy_element(array, i);
    if (texts[i] != NULL) continue;
    free_texts(texts);
    return NULL;
  }
  return texts;
}

void free_texts(char **texts) {
  for (char **text = texts; text != NULL && *text != NULL; text++) free(*text);
  free(texts);
}

address new_text(const char *utf8, size_t length) {
  size_t repaired = repair_utf8((const uint8_t *)utf8, length, NULL);
  address copy = ENGINE(wasm_malloc, repaired + 1);
  if (copy == 0) return ENGINE(JS_ThrowOutOfMemory, ENGINE(qjs_get_context_ptr)), 0;
  repair_utf8((const uint8_t *)utf8, length, MEMORY + copy);
  address value = ENGINE(qjs_new_string, copy, repaired);
  ENGINE(wasm_free, copy);
  return value;
}

address new_texts(char **texts) {
  address array = ENGINE(qjs_new_array);
  for (u32 i = 0; texts[i] != NULL; i++) {
    address text = new_text(texts[i], strlen(texts[i]));
    ENGINE(qjs_set_prop_uint32, array, i, text);
    ENGINE(qjs_free_value, text);
  }
  return array;
}
