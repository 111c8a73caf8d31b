#pragma once

#include <cstdint>

namespace gxfast::stats {

constexpr std::int64_t kSeriesBlock = 32;

struct Sums {
  double x, y;
};

/// Centred sums of squares and products.
struct Moments {
  double xx, yy, xy;
};

/// Loops over rows for one instruction set; all give the same bits.
struct StatsKernels {
  Sums (*sums_single)(const float *x, const float *y, std::int64_t n);
  Sums (*sums_double)(const double *x, const double *y, std::int64_t n);
  Moments (*moments_single)(const float *x, const float *y, std::int64_t n, double mean_x, double mean_y);
  Moments (*moments_double)(const double *x, const double *y, std::int64_t n, double mean_x, double mean_y);
  void (*sum_series)(const double *series, std::int64_t n_terms, const double *u, double *out);

  Sums sums(const float *x, const float *y, std::int64_t n) const { return sums_single(x, y, n); }
  Sums sums(const double *x, const double *y, std::int64_t n) const { return sums_double(x, y, n); }
  Moments moments(const float *x, const float *y, std::int64_t n, double mx, double my) const {
    return moments_single(x, y, n, mx, my);
  }
  Moments moments(const double *x, const double *y, std::int64_t n, double mx, double my) const {
    return moments_double(x, y, n, mx, my);
  }
};

const StatsKernels &stats_kernels();

} // namespace gxfast::stats
