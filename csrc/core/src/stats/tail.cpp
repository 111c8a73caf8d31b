// The t test of a correlation r with df degrees of freedom: p = I_x(a, 1/2) with x = 1 - r^2 and a = df / 2.
//
// log p = a log(x) + g(s), s = |r| sqrt(df), where g is smooth: a Chebyshev series in v = s / (s + 3), made
// once per df, gives it to a few units in the last place. So a p costs two logarithms or exponentials and a
// short sum, and its logarithm does not underflow.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "gxfast/stats.hpp"
#include "kernels.hpp"

namespace gxfast::stats {
namespace {

constexpr int kTerms = 32;
constexpr double kBend = 3;
using Series = std::array<double, kTerms>;

/// log(B(a, 1/2))
long double log_beta(long double a) { return std::lgamma(a) + std::lgamma(0.5L) - std::lgamma(a + 0.5L); }

/// 1 / (1 + d1 / (1 + d2 / (1 + ...))) of DLMF 8.17.22, by the modified method of Lentz.
long double fraction(long double x, long double a, long double b) {
  const long double tiny = 1e-4000L;
  long double value = 1, c = 1, d = 0;
  for (int k = 1; k < 100000; ++k) {
    const long double m = k / 2;
    const long double term = k % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                        : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + term * d;
    d = 1 / (d == 0 ? tiny : d);
    c = 1 + term / c;
    c = c == 0 ? tiny : c;
    value *= c * d;
    if (std::abs(c * d - 1) < 1e-19L)
      break;
  }
  return 1 / value;
}

/// log p - a log(x) at s.
long double smooth_part(long double s, long double a) {
  const long double z = s * s / (2 * a), x = 1 - z;
  if (s == 0)
    return 0;
  if (s >= 2 || z >= 0.9L) // x^a sqrt(z) / (a B) times a continued fraction: no cancellation
    return 0.5L * std::log(z) - std::log(a) - log_beta(a) + std::log(fraction(x, a, 0.5L));
  // 1 - I_z(1/2, a), the latter by the series of DLMF 8.17.8; p is above 0.05 here
  long double term = 1, sum = 1;
  for (int k = 0; term > 1e-22L * sum && k < 100000; ++k) {
    term *= z * (a + 0.5L + k) / (1.5L + k);
    sum += term;
  }
  const long double inside = std::exp(0.5L * std::log(z) + a * std::log(x) - log_beta(a)) * 2 * sum;
  return std::log1p(-inside) - a * std::log(x);
}

/// cos(pi k (i + 1/2) / kTerms), at [k][i].
const std::array<std::array<long double, kTerms>, kTerms> &cosines() {
  static const auto table = [] {
    std::array<std::array<long double, kTerms>, kTerms> made{};
    for (std::size_t k = 0; k < kTerms; ++k)
      for (std::size_t i = 0; i < kTerms; ++i)
        made[k][i] = std::cos(std::acos(-1.0L) * static_cast<long double>(k) *
                              (static_cast<long double>(i) + 0.5L) / kTerms);
    return made;
  }();
  return table;
}

/// Chebyshev coefficients of K over v in [0, top].
Series series_of(double df, double top) {
  const long double a = static_cast<long double>(df) / 2;
  std::array<long double, kTerms> values{};
  for (std::size_t i = 0; i < kTerms; ++i) {
    const long double v = top * (1 + cosines()[1][i]) / 2;
    const long double s = kBend * v / (1 - v);
    values[i] = std::exp(smooth_part(s, a)) * (1 + s);
  }
  Series series{};
  for (std::size_t k = 0; k < kTerms; ++k) {
    long double sum = 0;
    for (std::size_t i = 0; i < kTerms; ++i)
      sum += values[i] * cosines()[k][i];
    series[k] = static_cast<double>(sum * (k == 0 ? 1 : 2) / kTerms);
  }
  return series;
}

/// As series_of, remembered: rows with gaps ask for the same few df again and again.
Series remembered_series(double df, double top) {
  constexpr std::size_t kMost = 4096;
  static std::mutex guard;
  static std::unordered_map<double, Series> known;
  {
    const std::lock_guard<std::mutex> lock(guard);
    if (const auto found = known.find(df); found != known.end())
      return found->second;
  }
  const Series made = series_of(df, top);
  const std::lock_guard<std::mutex> lock(guard);
  if (known.size() < kMost)
    known.emplace(df, made);
  return made;
}

} // namespace

void correlation_p(const double *r, std::int64_t n, double df, double *p, double *log10p) {
  if (!(df >= 1)) {
    std::fill(p, p + n, std::numeric_limits<double>::quiet_NaN());
    std::fill(log10p, log10p + n, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  const double root = std::sqrt(df), top = root / (root + kBend), per_decade = 1 / std::log(10.0);
  const Series series = remembered_series(df, top);
  double u[kSeriesBlock], k[kSeriesBlock];
  for (std::int64_t begin = 0; begin < n; begin += kSeriesBlock) {
    const std::int64_t count = std::min(kSeriesBlock, n - begin);
    for (std::int64_t i = 0; i < kSeriesBlock; ++i) {
      const double s = i < count ? std::abs(r[begin + i]) * root : 0;
      u[i] = 2 * s / (s + kBend) / top - 1;
    }
    stats_kernels().sum_series(series.data(), kTerms, u, k);
    for (std::int64_t i = 0; i < count; ++i) {
      const double size = std::abs(r[begin + i]);
      const double log_p =
          std::min(0.0, df / 2 * std::log((1 - size) * (1 + size)) + std::log(k[i] / (1 + size * root)));
      p[begin + i] = size == 0 ? 1 : std::exp(log_p);
      log10p[begin + i] = size == 0 ? 0 : std::isnan(size) ? size : log_p * per_decade;
      if (std::isnan(size))
        p[begin + i] = size;
    }
  }
}

} // namespace gxfast::stats
