#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gxfast/stats.hpp"
#include "kernels.hpp"
#include "ranks.hpp"

namespace gxfast::stats {
namespace {

template <class T> bool has_infinity(const T *x, std::int64_t n) {
  return std::any_of(x, x + n, [](T value) { return std::isinf(value); });
}

/// Values times a power of two that brings the largest to 1/2 .. 1.
template <class T> std::vector<double> scaled(const T *x, std::int64_t n) {
  double largest = 0;
  for (std::int64_t i = 0; i < n; ++i)
    largest = std::max(largest, std::abs(static_cast<double>(x[i])));
  int exponent = 0;
  std::frexp(largest, &exponent);
  std::vector<double> out(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i)
    out[static_cast<std::size_t>(i)] = std::ldexp(static_cast<double>(x[i]), -exponent);
  return out;
}

bool squares_fit(double value) { return value > 1e-140 && value < 1e140; }

template <class T> bool flat(const T *x, std::int64_t n) {
  return std::all_of(x, x + n, [&](T value) { return value == x[0]; });
}

/// Centred squares so small that the values may all be the same: then they are looked at.
bool maybe_flat(double squares, double mean, double count) {
  return !(squares > 1e-12 * count * mean * mean);
}

/// A pair of rows of finite values whose sums are known, at least three of them.
template <class T> Why correlate_finite(const T *x, const T *y, std::int64_t n, Sums sums, double &r) {
  const double count = static_cast<double>(n), mean_x = sums.x / count, mean_y = sums.y / count;
  Moments m = stats_kernels().moments(x, y, n, mean_x, mean_y);
  if (maybe_flat(m.xx, mean_x, count) && flat(x, n))
    return kFlatX;
  if (maybe_flat(m.yy, mean_y, count) && flat(y, n))
    return kFlatY;
  if (!squares_fit(m.xx) || !squares_fit(m.yy)) {
    const std::vector<double> a = scaled(x, n), b = scaled(y, n);
    const Sums again = stats_kernels().sums(a.data(), b.data(), n);
    m = stats_kernels().moments(a.data(), b.data(), n, again.x / count, again.y / count);
  }
  r = std::clamp(m.xy / std::sqrt(m.xx * m.yy), -1.0, 1.0);
  return kDefined;
}

/// A pair of rows without NaN.
template <class T> Why correlate(const T *x, const T *y, std::int64_t n, double &r) {
  if (has_infinity(x, n) || has_infinity(y, n))
    return kInfinite;
  return n < 3 ? kTooFew : correlate_finite(x, y, n, stats_kernels().sums(x, y, n), r);
}

/// The pairs without NaN, packed.
template <class T>
std::int64_t usable(const T *x, const T *y, std::int64_t people, std::vector<T> &a, std::vector<T> &b) {
  std::size_t k = 0;
  for (std::int64_t i = 0; i < people; ++i) {
    a[k] = x[i];
    b[k] = y[i];
    k += std::isnan(x[i]) || std::isnan(y[i]) ? 0 : 1;
  }
  return static_cast<std::int64_t>(k);
}

} // namespace

template <class T>
void pearson_rows(const T *x, const T *y, std::int64_t rows, std::int64_t people, double *r, std::int64_t *n,
                  std::int8_t *why) {
  std::vector<T> a(static_cast<std::size_t>(people)), b(a.size());
  for (std::int64_t g = 0; g < rows; ++g) {
    const T *first = x + g * people, *second = y + g * people;
    const Sums sums = stats_kernels().sums(first, second, people);
    n[g] = people;
    r[g] = std::numeric_limits<double>::quiet_NaN();
    // A sum is finite unless something in it is not: one test for a whole row.
    if (std::isfinite(sums.x) && std::isfinite(sums.y) && people >= 3) {
      why[g] = correlate_finite(first, second, people, sums, r[g]);
      continue;
    }
    n[g] = usable(first, second, people, a, b);
    why[g] = correlate(a.data(), b.data(), n[g], r[g]);
  }
}

template <class T>
void spearman_rows(const T *x, const T *y, std::int64_t rows, std::int64_t people, double *r, std::int64_t *n,
                   std::int8_t *why) {
  std::vector<T> a(static_cast<std::size_t>(people)), b(a.size());
  std::vector<double> ranks_x(a.size()), ranks_y(a.size());
  Ranker<T> rank(people);
  for (std::int64_t g = 0; g < rows; ++g) {
    const T *first = x + g * people, *second = y + g * people;
    n[g] = people;
    r[g] = std::numeric_limits<double>::quiet_NaN();
    const Sums sums = stats_kernels().sums(first, second, people);
    if (!std::isfinite(sums.x) || !std::isfinite(sums.y)) {
      n[g] = usable(first, second, people, a, b);
      if (has_infinity(first, people) || has_infinity(second, people)) {
        why[g] = kInfinite;
        continue;
      }
      first = a.data(), second = b.data();
    }
    if (n[g] < 3) {
      why[g] = kTooFew;
      continue;
    }
    rank(first, n[g], ranks_x.data());
    rank(second, n[g], ranks_y.data());
    const double half = static_cast<double>(n[g]) * static_cast<double>(n[g] + 1) / 2; // what ranks add up to
    why[g] = correlate_finite(ranks_x.data(), ranks_y.data(), n[g], {half, half}, r[g]);
  }
}

template void pearson_rows(const float *, const float *, std::int64_t, std::int64_t, double *, std::int64_t *,
                           std::int8_t *);
template void pearson_rows(const double *, const double *, std::int64_t, std::int64_t, double *,
                           std::int64_t *, std::int8_t *);
template void spearman_rows(const float *, const float *, std::int64_t, std::int64_t, double *,
                            std::int64_t *, std::int8_t *);
template void spearman_rows(const double *, const double *, std::int64_t, std::int64_t, double *,
                            std::int64_t *, std::int8_t *);

} // namespace gxfast::stats
