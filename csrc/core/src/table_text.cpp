#include "gxfast/table_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace gxfast {
namespace {

// Digits from which Python's repr writes an exponent: 1e16; and 1e-05.
constexpr int kMostExponent = 15, kLeastExponent = -4;

struct Digits {
  char text[24];
  int n;
  int exponent; // of the first digit
};

/// Shortest digits of a positive finite number.
Digits shortest(double value) {
  char text[40];
  const char *const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  Digits found;
  found.text[0] = text[0];
  const char *at = text + 1;
  found.n = 1;
  if (*at == '.')
    for (++at; *at != 'e'; ++at)
      found.text[found.n++] = *at;
  const bool below = at[1] == '-';
  found.exponent = 0;
  for (at += 2; at != end; ++at)
    found.exponent = 10 * found.exponent + (*at - '0');
  if (below)
    found.exponent = -found.exponent;
  return found;
}

char *copied(char *at, const char *text, int n) {
  std::memcpy(at, text, static_cast<std::size_t>(n));
  return at + n;
}

char *zeros(char *at, int n) {
  std::memset(at, '0', static_cast<std::size_t>(n));
  return at + n;
}

char *with_exponent(char *at, const Digits &digits) {
  *at++ = digits.text[0];
  if (digits.n > 1) {
    *at++ = '.';
    at = copied(at, digits.text + 1, digits.n - 1);
  }
  *at++ = 'e';
  *at++ = digits.exponent < 0 ? '-' : '+';
  const int size = std::abs(digits.exponent);
  if (size < 10)
    *at++ = '0';
  return std::to_chars(at, at + 4, size).ptr;
}

char *plain(char *at, const Digits &digits) {
  const int before = digits.exponent + 1; // digits before the point
  if (before <= 0) {
    at = zeros(copied(at, "0.", 2), -before);
    return copied(at, digits.text, digits.n);
  }
  if (before >= digits.n)
    return copied(zeros(copied(at, digits.text, digits.n), before - digits.n), ".0", 2);
  at = copied(at, digits.text, before);
  *at++ = '.';
  return copied(at, digits.text + before, digits.n - before);
}

/// Longest text of a number: sign, 17 digits, point, exponent of three digits.
constexpr std::size_t kLongestNumber = 32;

char *written(char *at, double value) {
  if (std::isnan(value))
    return at;
  if (std::signbit(value))
    *at++ = '-';
  value = std::fabs(value);
  if (std::isinf(value))
    return copied(at, "inf", 3);
  if (value == 0)
    return copied(at, "0.0", 3);
  const Digits digits = shortest(value);
  const bool far = digits.exponent > kMostExponent || digits.exponent < kLeastExponent;
  return far ? with_exponent(at, digits) : plain(at, digits);
}

std::size_t text_size(const TextColumn &column, std::int64_t row) {
  return static_cast<std::size_t>(column.offset[row + 1] - column.offset[row]);
}

char *written(char *at, const TextColumn &column, std::int64_t row) {
  if (column.real != nullptr)
    return written(at, column.real[row]);
  if (column.whole != nullptr)
    return std::to_chars(at, at + kLongestNumber, column.whole[row]).ptr;
  const std::size_t size = text_size(column, row);
  if (size > 0)
    std::memcpy(at, column.text + column.offset[row], size);
  return at + size;
}

std::size_t most_bytes(const std::vector<TextColumn> &columns, std::int64_t row) {
  std::size_t most = columns.size() + 1;
  for (const TextColumn &column : columns)
    most += column.offset != nullptr ? text_size(column, row) : kLongestNumber;
  return most;
}

} // namespace

void append_table_text(const std::vector<TextColumn> &columns, std::int64_t n_rows, std::string &out) {
  std::size_t used = out.size();
  for (std::int64_t row = 0; row < n_rows; ++row) {
    const std::size_t most = used + most_bytes(columns, row);
    if (most > out.size())
      out.resize(std::max(most, 2 * out.size()));
    char *at = out.data() + used;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c > 0)
        *at++ = '\t';
      at = written(at, columns[c], row);
    }
    *at++ = '\n';
    used = static_cast<std::size_t>(at - out.data());
  }
  out.resize(used);
}

} // namespace gxfast
