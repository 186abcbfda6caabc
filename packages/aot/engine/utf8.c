#include "engine.h"

/* The bytes of the well-formed sequence at `from`, or, negated, of the ill-formed one that becomes one U+FFFD. */
static int sequence(const uint8_t *from, size_t length) {
  uint8_t first = from[0];
  if (first < 0x80) return 1;
  int size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return -1;
  uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (int i = 1; i < size; i++) {
    if ((size_t)i >= length || from[i] < low || from[i] > high) return -i;
    low = 0x80;
    high = 0xbf;
  }
  return size;
}

/* How many bytes from `from` on are ASCII, eight at a time. */
static size_t ascii(const uint8_t *from, size_t length) {
  size_t at = 0;
  for (uint64_t word; at + sizeof word <= length; at += sizeof word) {
    memcpy(&word, from + at, sizeof word);
    if (word & 0x8080808080808080) break;
  }
  while (at < length && from[at] < 0x80) at++;
  return at;
}

/* As the Encoding Standard decodes: each maximal part of an ill-formed sequence becomes one U+FFFD. */
size_t repair_utf8(const uint8_t *from, size_t length, uint8_t *into) {
  size_t written = 0;
  for (size_t at = 0; at < length;) {
    size_t plain = ascii(from + at, length - at);
    if (into && plain > 0) memmove(into + written, from + at, plain);
    written += plain;
    at += plain;
    if (at == length) break;
    int size = sequence(from + at, length - at);
    const uint8_t *source = size > 0 ? from + at : (const uint8_t *)"\xef\xbf\xbd";
    size_t bytes = size > 0 ? size : 3;
    if (into) memmove(into + written, source, bytes);
    written += bytes;
    at += size > 0 ? size : -size;
  }
  return written;
}
