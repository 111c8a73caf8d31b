// Cross-validated elastic nets: every coefficient vector must be as good as that of plain coordinate descent.

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "elastic_net_reference.hpp"
#include "gxfast/elastic_net.hpp"
#include "input.hpp"

namespace {

using namespace gxfast;
using Columns = std::vector<std::vector<double>>;

/// The objective on standardised columns, as the header of the fit defines it.
double objective(const Columns &x, const std::vector<double> &y, const double *b, double intercept,
                 double lambda, double l1_ratio) {
  const auto n = static_cast<double>(y.size());
  double errors = 0, penalty = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    double left = y[i] - intercept;
    for (std::size_t j = 0; j < x.size(); ++j)
      left -= x[j][i] * b[j];
    errors += left * left;
  }
  for (std::size_t j = 0; j < x.size(); ++j) {
    double mean = 0, variance = 0;
    for (const double value : x[j])
      mean += value / n;
    for (const double value : x[j])
      variance += (value - mean) * (value - mean) / n;
    const double scaled = b[j] * std::sqrt(variance);
    penalty += l1_ratio * std::abs(scaled) + (1 - l1_ratio) / 2 * scaled * scaled;
  }
  return errors / (2 * n) + lambda * penalty;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool any = input.byte() % 8 == 0; // arguments that may have to be refused
  const std::size_t snps = input.size(0, 8), people = input.size(any ? 0 : 4, 16);
  const std::int64_t n_folds = any ? input.between(-1, 5) : input.between(2, 4);
  std::vector<std::int8_t> dosages(snps * people);
  for (std::int8_t &dosage : dosages)
    dosage = static_cast<std::int8_t>(any && input.byte() > 250 ? -1 : input.byte() % 3);
  std::vector<double> y(people);
  for (double &value : y)
    value = input.eighth();
  std::vector<std::int32_t> folds(people);
  for (std::size_t i = 0; i < people; ++i)
    folds[i] = static_cast<std::int32_t>(any ? input.between(-1, 5) : static_cast<std::int64_t>(i) % n_folds);
  elastic_net::Options options;
  options.l1_ratio = static_cast<double>(input.between(any ? 0 : 1, 8)) / 8;
  options.n_lambdas = input.between(any ? 0 : 1, 6);
  options.stop_after = input.between(-1, 3);
  options.keep_path = true;
  std::vector<double> lambdas;
  for (std::int64_t n = input.between(0, 4); n > 0; --n)
    lambdas.push_back((lambdas.empty() ? 1.0 : lambdas.back()) * static_cast<double>(input.between(40, 255)) /
                      256);
  elastic_net::Fit fit;
  try {
    fit = elastic_net::cross_validate(dosages.data(), static_cast<std::int64_t>(snps),
                                      static_cast<std::int64_t>(people), y.data(), folds.data(), n_folds,
                                      lambdas, options);
  } catch (const std::invalid_argument &) {
    EXPECT(any);
    return 0;
  }
  Columns x(snps, std::vector<double>(people));
  for (std::size_t j = 0; j < snps; ++j)
    for (std::size_t i = 0; i < people; ++i)
      x[j][i] = dosages[j * people + i];
  const std::size_t visited = fit.lambda.size();
  EXPECT(visited > 0 && fit.error.size() == visited && fit.error_se.size() == visited &&
         fit.support.size() == visited);
  EXPECT(fit.path.size() == visited * snps && fit.path_intercept.size() == visited);
  EXPECT(fit.chosen >= 0 && static_cast<std::size_t>(fit.chosen) < visited &&
         fit.coefficients.size() == snps);
  EXPECT(fit.gap <= options.gap);
  for (std::size_t k = 0; k < visited; ++k) {
    const reference::Linear slow = reference::elastic_net(x, y, fit.lambda[k], options.l1_ratio);
    const double found =
        objective(x, y, fit.path.data() + k * snps, fit.path_intercept[k], fit.lambda[k], options.l1_ratio);
    const double best =
        objective(x, y, slow.coefficients.data(), slow.intercept, fit.lambda[k], options.l1_ratio);
    const double none =
        objective(x, y, std::vector<double>(snps, 0).data(), slow.intercept, fit.lambda[k], 0);
    EXPECT(found <= best + 1e-7 * none + 1e-12);
    const auto squares = fit.error[k];
    EXPECT(squares >= 0 && std::isfinite(squares) &&
           squares >= fit.error[static_cast<std::size_t>(fit.chosen)]);
  }
  for (std::size_t j = 0; j < snps; ++j)
    EXPECT(fit.coefficients[j] == fit.path[static_cast<std::size_t>(fit.chosen) * snps + j]);
  return 0;
}
