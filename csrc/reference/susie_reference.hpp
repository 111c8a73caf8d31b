#pragma once

// Sum of single effects with every product and every variance written out, in long double.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gxfast::reference {

struct Susie {
  std::vector<double> alpha, mean;
  double bound;
  std::int64_t iterations;
};

using Long = long double;

inline std::vector<std::vector<Long>> standardised(const std::vector<std::int8_t> &dosages, std::size_t n) {
  std::vector<std::vector<Long>> x(dosages.size() / n, std::vector<Long>(n));
  for (std::size_t v = 0; v < x.size(); ++v) {
    Long mean = 0, square = 0;
    for (std::size_t s = 0; s < n; ++s)
      mean += static_cast<Long>(dosages[v * n + s]) / static_cast<Long>(n);
    for (std::size_t s = 0; s < n; ++s)
      x[v][s] = dosages[v * n + s] - mean, square += x[v][s] * x[v][s];
    for (Long &value : x[v])
      value /= std::sqrt(square / static_cast<Long>(n - 1));
  }
  return x;
}

/// Log of the ratio of two normal densities with mean 0.
inline Long log_ratio(Long value, Long wide, Long narrow) {
  return 0.5L * std::log(narrow / wide) - 0.5L * value * value * (1 / wide - 1 / narrow);
}

inline Susie susie(const std::vector<std::int8_t> &dosages, const std::vector<double> &y, std::size_t effects,
                   Long share, Long tolerance, std::int64_t most) {
  const std::size_t n = y.size(), p = dosages.size() / n;
  const auto x = standardised(dosages, n);
  const Long d = static_cast<Long>(n - 1), pi = 1 / static_cast<Long>(p);
  Long variance = 0;
  for (const double value : y)
    variance += static_cast<Long>(value) * value / d;
  std::vector<Long> prior(effects, share * variance), divergence(effects);
  std::vector<std::vector<Long>> alpha(effects, std::vector<Long>(p, pi)),
      mean(effects, std::vector<Long>(p)), second = mean, fit(effects, std::vector<Long>(n));
  Susie out{{}, {}, -INFINITY, 0};
  while (out.iterations < most) {
    ++out.iterations;
    for (std::size_t l = 0; l < effects; ++l) {
      std::vector<Long> rest(y.begin(), y.end()), beta(p), ratio(p);
      for (std::size_t k = 0; k < effects; ++k)
        for (std::size_t s = 0; s < n && k != l; ++s)
          rest[s] -= fit[k][s];
      const auto evidence = [&](Long of) {
        Long largest = -INFINITY, sum = 0;
        for (std::size_t v = 0; v < p; ++v)
          largest = std::max(largest, ratio[v] = log_ratio(beta[v], of + variance / d, variance / d));
        for (std::size_t v = 0; v < p; ++v)
          sum += pi * std::exp(ratio[v] - largest);
        return largest + std::log(sum);
      };
      for (std::size_t v = 0; v < p; ++v)
        for (std::size_t s = 0; s < n; ++s)
          beta[v] += x[v][s] * rest[s] / d;
      const Long model = evidence(prior[l]), narrow = prior[l] > 0 ? 1 / (1 / prior[l] + d / variance) : 0;
      Long moment = 0, along = 0;
      std::fill(fit[l].begin(), fit[l].end(), 0.0L);
      for (std::size_t v = 0; v < p; ++v) {
        alpha[l][v] = pi * std::exp(ratio[v] - model);
        mean[l][v] = narrow * d * beta[v] / variance;
        second[l][v] = narrow + mean[l][v] * mean[l][v];
        moment += alpha[l][v] * second[l][v];
        for (std::size_t s = 0; s < n; ++s)
          fit[l][s] += alpha[l][v] * mean[l][v] * x[v][s];
      }
      for (std::size_t s = 0; s < n; ++s)
        along += fit[l][s] * rest[s];
      divergence[l] = -model - (d * moment - 2 * along) / (2 * variance);
      prior[l] = evidence(0) >= evidence(moment) ? 0 : moment;
    }
    Long error = 0, sum = 0;
    for (std::size_t s = 0; s < n; ++s) {
      Long left = y[s];
      for (std::size_t l = 0; l < effects; ++l)
        left -= fit[l][s], error -= fit[l][s] * fit[l][s];
      error += left * left;
    }
    for (std::size_t l = 0; l < effects; ++l) {
      sum += divergence[l];
      for (std::size_t v = 0; v < p; ++v)
        error += d * alpha[l][v] * second[l][v];
    }
    const Long before = out.bound,
               bound = -0.5L * static_cast<Long>(n) * std::log(2 * 3.14159265358979323846L * variance) -
                       error / (2 * variance) - sum;
    out.bound = static_cast<double>(bound);
    if (bound - before < tolerance)
      break;
    variance = error / static_cast<Long>(n);
  }
  for (std::size_t l = 0; l < effects; ++l) {
    out.alpha.insert(out.alpha.end(), alpha[l].begin(), alpha[l].end());
    out.mean.insert(out.mean.end(), mean[l].begin(), mean[l].end());
  }
  return out;
}

} // namespace gxfast::reference
