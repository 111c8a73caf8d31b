#pragma once

// What all fuzz targets share: bytes read as sizes, numbers and choices, and a check that ends the run.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "gxfast/cpu.hpp"

namespace gxfast::fuzz {

/// Reads an input from its start; behind its end everything is 0, so that every input means something.
class Input {
public:
  /// The first byte chooses the instruction set: all must give the same.
  Input(const std::uint8_t *data, std::size_t size) : at_(data), end_(data + size) {
    limit_instruction_set(static_cast<InstructionSet>(byte() % 3));
  }

  std::uint8_t byte() { return at_ == end_ ? std::uint8_t{0} : *at_++; }
  bool flag() { return byte() % 2 != 0; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  std::int64_t between(std::int64_t low, std::int64_t high) {
    const auto choices = static_cast<std::uint64_t>(high - low) + 1;
    std::uint64_t value = byte();
    if (choices > 256)
      value = value << 8 | byte();
    return low + static_cast<std::int64_t>(value % choices);
  }
  std::size_t size(std::size_t low, std::size_t high) {
    return static_cast<std::size_t>(between(static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)));
  }
  /// Any number at all, those next to the ends of the range more often.
  std::int64_t any() {
    const std::uint8_t kind = byte();
    if (kind < 128)
      return between(-4, 60);
    const std::uint64_t drawn = bits();
    if (kind < 160)
      return INT64_MAX - static_cast<std::int64_t>(drawn % 64);
    if (kind < 192)
      return INT64_MIN + static_cast<std::int64_t>(drawn % 64);
    return static_cast<std::int64_t>(drawn >> (kind % 64));
  }
  /// A double of any bits: infinite, subnormal, no number.
  double any_real() {
    const std::uint64_t drawn = bits();
    double value = 0;
    std::memcpy(&value, &drawn, sizeof value);
    return value;
  }
  /// -1 to 1 in steps of 1/8: sums of few of them are exact.
  double eighth() { return static_cast<double>(between(-8, 8)) / 8; }
  std::vector<float> eighths(std::int64_t n, double scale = 1) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < n; ++i)
      values.push_back(static_cast<float>(eighth() * scale));
    return values;
  }
  /// Mostly 1, as threads are slow to start.
  int threads() {
    const int chosen = byte();
    return chosen < 240 ? 1 : 2 + chosen % 3;
  }

private:
  std::uint64_t bits() {
    std::uint64_t drawn = 0;
    for (int i = 0; i < 8; ++i)
      drawn = drawn << 8 | byte();
    return drawn;
  }

  const std::uint8_t *at_, *end_;
};

inline void expect(bool holds, const char *what, const char *file, int line) {
  if (holds)
    return;
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
  std::abort();
}

} // namespace gxfast::fuzz

#define EXPECT(condition) gxfast::fuzz::expect((condition), #condition, __FILE__, __LINE__)
