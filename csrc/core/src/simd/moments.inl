// Sums over one or two rows in kLanes lanes: the same order of additions for every instruction set.

constexpr std::int64_t kLanes = 16;
using Lanes = double[kLanes];

/// Pairwise, always in the same order.
inline double total(Lanes sums) {
  for (std::int64_t width = kLanes / 2; width > 0; width /= 2)
    for (std::int64_t j = 0; j < width; ++j)
      sums[j] += sums[j + width];
  return sums[0];
}

template <class T> Sums sums_of(const T *x, const T *y, std::int64_t n) {
  Lanes a{}, b{};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::int64_t j = 0; j < kLanes; ++j) {
      a[j] += static_cast<double>(x[i + j]);
      b[j] += static_cast<double>(y[i + j]);
    }
  for (; i < n; ++i) {
    a[0] += static_cast<double>(x[i]);
    b[0] += static_cast<double>(y[i]);
  }
  return {total(a), total(b)};
}

template <class T> Moments moments_of(const T *x, const T *y, std::int64_t n, double mean_x, double mean_y) {
  Lanes xx{}, yy{}, xy{}, sx{}, sy{};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::int64_t j = 0; j < kLanes; ++j) {
      const double u = static_cast<double>(x[i + j]) - mean_x, v = static_cast<double>(y[i + j]) - mean_y;
      xx[j] += u * u;
      yy[j] += v * v;
      xy[j] += u * v;
      sx[j] += u;
      sy[j] += v;
    }
  for (; i < n; ++i) {
    const double u = static_cast<double>(x[i]) - mean_x, v = static_cast<double>(y[i]) - mean_y;
    xx[0] += u * u;
    yy[0] += v * v;
    xy[0] += u * v;
    sx[0] += u;
    sy[0] += v;
  }
  // What rounding left in the means is taken off.
  const double count = static_cast<double>(n), left_x = total(sx), left_y = total(sy);
  return {total(xx) - left_x * left_x / count, total(yy) - left_y * left_y / count,
          total(xy) - left_x * left_y / count};
}

/// Clenshaw's sum of a Chebyshev series for a block of points in [-1, 1].
inline void sum_series(const double *series, std::int64_t n_terms, const double *u, double *out) {
  double b1[kSeriesBlock] = {}, b2[kSeriesBlock] = {};
  for (std::int64_t k = n_terms - 1; k > 0; --k)
    for (std::int64_t i = 0; i < kSeriesBlock; ++i) {
      const double next = series[k] + 2 * u[i] * b1[i] - b2[i];
      b2[i] = b1[i];
      b1[i] = next;
    }
  for (std::int64_t i = 0; i < kSeriesBlock; ++i)
    out[i] = series[0] + u[i] * b1[i] - b2[i];
}

constexpr StatsKernels kKernels = {sums_of<float>, sums_of<double>, moments_of<float>, moments_of<double>,
                                   sum_series};
