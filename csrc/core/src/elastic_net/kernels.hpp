#pragma once

#include <cstdint>

namespace gxfast::elastic_net {

/// SNPs are padded to whole groups of this many.
constexpr std::int64_t kGroup = 64;

/// Loops over SNPs for one instruction set; `n` is a multiple of kGroup except in `axpy`.
struct Kernels {
  /// y += a x
  void (*axpy)(double *y, const double *x, double a, std::int64_t n);
  void (*axpy_counts)(double *y, const float *x, double a, std::int64_t n);
  void (*axpy_dosages)(double *y, const std::uint8_t *x, double a, std::int64_t n);
  /// sums += weight * (sum of the rows), at most 127 rows of values up to 2
  void (*count)(const std::uint8_t *const *rows, std::int64_t n_rows, std::int32_t weight, std::int64_t n,
                std::int32_t *sums);
  double (*dot)(const double *x, const double *y, std::int64_t n);
};

const Kernels &kernels();

} // namespace gxfast::elastic_net
