/*
 * The line table: where each piece of the bundled script came from. Written by packages/aot/src/lines.ts, read only to
 * print a stack. All numbers are variable-length, seven bits a byte, low bits first; signed ones zigzag:
 *   number of files, then for each its length and its name;
 *   for each line of the script: number of pieces, then for each
 *     column (more than the piece before), file (signed, more than before), line (signed, more than before)
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine.h"

struct reader {
  const uint8_t *at, *end;
};

struct place {
  const char *file;
  size_t file_length;
  u32 line;
};

static u32 read_number(struct reader *reader) {
  u32 number = 0;
  for (int shift = 0; reader->at < reader->end && shift < 32; shift += 7) {
    uint8_t byte = *reader->at++;
    number |= (u32)(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return number;
}

static s32 read_signed(struct reader *reader) {
  u32 number = read_number(reader);
  return (s32)(number >> 1) ^ -(s32)(number & 1);
}

static bool find_file(struct reader files, s32 index, struct place *place) {
  u32 count = read_number(&files);
  if (index < 0 || (u32)index >= count) return false;
  for (s32 i = 0;; i++) {
    place->file_length = read_number(&files);
    place->file = (const char *)files.at;
    if (place->file_length > (size_t)(files.end - files.at)) return false;
    if (i == index) return true;
    files.at += place->file_length;
  }
}

static void skip_files(struct reader *reader) {
  for (u32 count = read_number(reader); count > 0 && reader->at < reader->end; count--) {
    u32 length = read_number(reader);
    reader->at += length < reader->end - reader->at ? length : reader->end - reader->at;
  }
}

/* The last piece that starts at or before the column. Lines count from 1, columns from 0. */
static bool find_place(struct reader table, u32 line, u32 column, struct place *place) {
  struct reader reader = table;
  s32 file = 0, source_line = 0, found_file = -1;
  skip_files(&reader);
  for (u32 at = 1; at <= line && reader.at < reader.end; at++) {
    u32 from = 0;
    for (u32 count = read_number(&reader); count > 0; count--) {
      from += read_number(&reader);
      file += read_signed(&reader);
      source_line += read_signed(&reader);
      if (at < line || (from > column && found_file >= 0)) continue;
      found_file = file;
      place->line = source_line;
    }
  }
  return find_file(table, found_file, place);
}

static bool open_table(struct reader *table) {
  struct trailer trailer;
  int fd = open_executable();
  if (fd < 0) return false;
  uint64_t start = 0;
  void *file = MAP_FAILED;
  if (read_trailer(fd, &trailer)) {
    start = trailer.snapshot_offset + trailer.snapshot_length;
    file = mmap(NULL, start + trailer.lines_length, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  close(fd);
  if (file == MAP_FAILED) return false;
  table->at = (const uint8_t *)file + start;
  table->end = table->at + trailer.lines_length;
  return true;
}

struct output {
  char *bytes;
  size_t length, capacity;
};

static void put(struct output *output, const char *bytes, size_t length) {
  if (output->length + length > output->capacity) {
    size_t capacity = 2 * (output->length + length);
    char *grown = realloc(output->bytes, capacity);
    if (grown == NULL) return;
    output->bytes = grown;
    output->capacity = capacity;
  }
  memcpy(output->bytes + output->length, bytes, length);
  output->length += length;
}

static void put_place(struct output *output, const struct place *place) {
  char digits[11];
  size_t at = sizeof digits;
  u32 line = place->line;
  do digits[--at] = '0' + line % 10;
  while ((line /= 10) > 0);
  put(output, place->file, place->file_length);
  put(output, ":", 1);
  put(output, digits + at, sizeof digits - at);
}

char *describe_stack(const char *stack, size_t length, size_t *described) {
  static const char script[] = "plugin.js:";
  struct reader table;
  if (!open_table(&table)) return NULL;
  struct output output = {0};
  const char *at = stack, *end = stack + length;
  for (const char *found; (found = memmem(at, end - at, script, sizeof script - 1)) != NULL;) {
    char *rest;
    struct place place = {0};
    u32 line = strtoul(found + sizeof script - 1, &rest, 10);
    u32 column = *rest == ':' ? strtoul(rest + 1, &rest, 10) : 1;
    put(&output, at, found - at);
    if (find_place(table, line, column - 1, &place))
      put_place(&output, &place);
    else
      put(&output, found, rest - found);
    at = rest;
  }
  put(&output, at, end - at);
  *described = output.length;
  return output.bytes;
}
