#pragma once

// Elastic net by cyclic coordinate descent on the residual, to rounding.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace gxfast::reference {

struct Linear {
  std::vector<double> coefficients; // per dosage
  double intercept = 0;
};

/// x[snp][person]
inline Linear elastic_net(const std::vector<std::vector<double>> &x, const std::vector<double> &y,
                          double lambda, double l1_ratio) {
  const double n = static_cast<double>(y.size());
  const auto mean = [n](const std::vector<double> &v) {
    double sum = 0;
    for (const double value : v)
      sum += value;
    return sum / n;
  };
  std::vector<std::vector<double>> z = x;
  std::vector<double> centre(x.size()), scale(x.size(), 0), b(x.size(), 0), residual = y;
  for (std::size_t j = 0; j < x.size(); ++j) {
    centre[j] = mean(x[j]);
    for (const double value : x[j])
      scale[j] += (value - centre[j]) * (value - centre[j]) / n;
    scale[j] = std::sqrt(scale[j]);
    for (double &value : z[j])
      value = scale[j] > 1e-12 ? (value - centre[j]) / scale[j] : 0;
  }
  const double mean_y = mean(y);
  for (double &value : residual)
    value -= mean_y;
  for (int sweep = 0; sweep < 20'000; ++sweep) {
    double largest = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (scale[j] <= 1e-12)
        continue;
      double product = b[j];
      for (std::size_t i = 0; i < y.size(); ++i)
        product += z[j][i] * residual[i] / n;
      const double size = std::max(0.0, std::abs(product) - lambda * l1_ratio);
      const double next = (product > 0 ? size : -size) / (1 + lambda * (1 - l1_ratio));
      for (std::size_t i = 0; i < y.size(); ++i)
        residual[i] -= (next - b[j]) * z[j][i];
      largest = std::max(largest, std::abs(next - b[j]));
      b[j] = next;
    }
    if (largest < 1e-12)
      break;
  }
  Linear out{std::vector<double>(x.size(), 0), mean_y};
  for (std::size_t j = 0; j < x.size(); ++j)
    if (scale[j] > 1e-12) {
      out.coefficients[j] = b[j] / scale[j];
      out.intercept -= out.coefficients[j] * centre[j];
    }
  return out;
}

} // namespace gxfast::reference
