#pragma once

// The statistics as their definitions read, one pair of rows or one test at a time.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace gxfast::reference {

/// Pearson correlation over the pairs without a NaN, in long double.
inline double pearson(const std::vector<double> &x, const std::vector<double> &y) {
  long double n = 0, mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  const auto usable = [&](std::size_t i) { return !std::isnan(x[i]) && !std::isnan(y[i]); };
  for (std::size_t i = 0; i < x.size(); ++i)
    if (usable(i))
      n += 1, mean_x += x[i], mean_y += y[i];
  mean_x /= n, mean_y /= n;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (usable(i)) {
      const long double a = x[i] - mean_x, b = y[i] - mean_y;
      xx += a * a, yy += b * b, xy += a * b;
    }
  return static_cast<double>(xy / std::sqrt(xx * yy));
}

/// Ranks from 1 of the pairs without a NaN; ties share their mean rank.
inline std::vector<double> ranks(const std::vector<double> &values, const std::vector<double> &other) {
  std::vector<double> out(values.size(), std::nan(""));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i]) || std::isnan(other[i]))
      continue;
    double below = 0, equal = 0;
    for (std::size_t k = 0; k < values.size(); ++k)
      if (!std::isnan(values[k]) && !std::isnan(other[k]))
        below += values[k] < values[i], equal += values[k] == values[i];
    out[i] = below + (equal + 1) / 2;
  }
  return out;
}

inline std::vector<double> step_up(const std::vector<double> &p, double factor) {
  double tests = 0;
  for (const double value : p)
    tests += std::isnan(value) ? 0 : 1;
  std::vector<double> q(p.size(), std::nan(""));
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (std::isnan(p[i]))
      continue;
    q[i] = 1;
    for (const double other : p)
      if (other >= p[i]) {
        const auto rank = std::count_if(p.begin(), p.end(), [&](double v) { return v <= other; });
        q[i] = std::min(q[i], other * factor * tests / static_cast<double>(rank));
      }
  }
  return q;
}

} // namespace gxfast::reference
