#pragma once

#include <cstdint>

namespace gxfast::elastic_net {

/// SNPs are padded to whole groups of this many.
constexpr std::int64_t kGroup = 64;
/// Rows of numbers are padded to whole groups of this many.
constexpr std::int64_t kLanes = 8;

/// Loops for one instruction set.
struct Kernels {
  /// y += a x; the forms with 4 add four at once
  void (*axpy)(double *y, const double *x, double a, std::int64_t n);
  void (*axpy4)(double *y, const double *const *x, const double *a, std::int64_t n);
  void (*axpy_counts)(double *y, const float *x, double a, std::int64_t n);
  void (*axpy4_counts)(double *y, const float *const *x, const double *a, std::int64_t n);
  void (*axpy_dosages)(double *y, const std::uint8_t *x, double a, std::int64_t n);
  /// out = products of x with each of four; n in whole groups of lanes
  void (*dot4)(double *out, const double *x, const double *const *with, std::int64_t n);
  /// sums += times * x, for times 1 or 2
  void (*add_bytes)(std::uint8_t *sums, const std::uint8_t *x, std::uint8_t times, std::int64_t n);
  /// sums += bytes; bytes = 0
  void (*flush_bytes)(std::int32_t *sums, std::uint8_t *bytes, std::int64_t n);
  /// out = all - part
  void (*subtract)(float *out, const std::int32_t *all, const std::int32_t *part, std::int64_t n);
};

const Kernels &kernels();

} // namespace gxfast::elastic_net
