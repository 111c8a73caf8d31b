#include "gxfast/table_text.hpp"

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
  const auto [end, error] = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  static_cast<void>(error); // the longest is 24 letters
  Digits found{};
  const char *at = text;
  for (; at != end && *at != 'e'; ++at)
    if (*at != '.')
      found.text[found.n++] = *at;
  at += at[1] == '+' ? 2 : 1;
  std::from_chars(at, end, found.exponent);
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

void append_real(double value, std::string &out) {
  if (std::isnan(value))
    return;
  char text[48], *at = text;
  if (std::signbit(value))
    *at++ = '-';
  value = std::fabs(value);
  if (std::isinf(value))
    at = copied(at, "inf", 3);
  else if (value == 0)
    at = copied(at, "0.0", 3);
  else {
    const Digits digits = shortest(value);
    const bool far = digits.exponent > kMostExponent || digits.exponent < kLeastExponent;
    at = far ? with_exponent(at, digits) : plain(at, digits);
  }
  out.append(text, static_cast<std::size_t>(at - text));
}

void append_cell(const TextColumn &column, std::int64_t row, std::string &out) {
  if (column.real != nullptr) {
    append_real(column.real[row], out);
  } else if (column.whole != nullptr) {
    char text[24];
    const auto [end, error] = std::to_chars(text, text + sizeof text, column.whole[row]);
    static_cast<void>(error);
    out.append(text, static_cast<std::size_t>(end - text));
  } else {
    out.append(column.text + column.offset[row], static_cast<std::size_t>(column.offset[row + 1] - column.offset[row]));
  }
}

} // namespace

void append_table_text(const std::vector<TextColumn> &columns, std::int64_t n_rows, std::string &out) {
  for (std::int64_t row = 0; row < n_rows; ++row) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c > 0)
        out.push_back('\t');
      append_cell(columns[c], row, out);
    }
    out.push_back('\n');
  }
}

} // namespace gxfast
