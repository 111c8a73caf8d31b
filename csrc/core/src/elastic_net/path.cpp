#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "dosage_columns.hpp"
#include "gxfast/elastic_net.hpp"
#include "problem.hpp"

namespace gxfast::elastic_net {
namespace {

std::vector<double> grid(double largest, const Options &options) {
  if (largest == 0) // nobody's y has to do with any SNP: the fits of all folds stay empty
    return {0};
  std::vector<double> lambdas(static_cast<std::size_t>(options.n_lambdas));
  const double last = static_cast<double>(std::max<std::int64_t>(options.n_lambdas - 1, 1));
  for (std::size_t k = 0; k < lambdas.size(); ++k)
    lambdas[k] = largest * std::pow(options.lambda_ratio, static_cast<double>(k) / last);
  return lambdas;
}

/// Mean over people of the squared errors, and its standard error from the means of the folds (as glmnet).
void summarise(const Design &design, const std::vector<double> &squared, Fit &fit) {
  const auto people = static_cast<double>(design.people()), folds = static_cast<double>(design.n_folds());
  double mean = 0, spread = 0;
  std::vector<double> of_fold;
  for (std::int64_t f = 0; f < design.n_folds(); ++f) {
    double sum = 0;
    for (std::int64_t i = design.fold_begin(f); i < design.fold_begin(f + 1); ++i)
      sum += squared[static_cast<std::size_t>(i)];
    mean += sum / people;
    of_fold.push_back(sum / static_cast<double>(design.fold_begin(f + 1) - design.fold_begin(f)));
  }
  for (std::int64_t f = 0; f < design.n_folds(); ++f) {
    const double share = static_cast<double>(design.fold_begin(f + 1) - design.fold_begin(f)) / people;
    const double off = of_fold[static_cast<std::size_t>(f)] - mean;
    spread += share * off * off;
  }
  fit.error.push_back(mean);
  fit.error_se.push_back(std::sqrt(spread / (folds - 1)));
}

/// All folds from the largest lambda down, until the held-out error has not become smaller for long enough.
void cross_validated(const Design &design, Products &products, const std::vector<double> &y,
                     const std::vector<double> &lambdas, const Options &options, Fit &fit) {
  std::vector<DosageColumns> columns;
  std::vector<Problem> problems;
  columns.reserve(static_cast<std::size_t>(design.n_folds()));
  problems.reserve(static_cast<std::size_t>(design.n_folds()));
  for (std::int64_t f = 0; f < design.n_folds(); ++f) {
    columns.emplace_back(design, products, y.data(), f + 1);
    problems.emplace_back(columns.back(), options);
  }
  std::vector<double> predicted(y.size()), squared(y.size());
  for (std::size_t k = 0; k < lambdas.size(); ++k) {
    for (std::int64_t f = 0; f < design.n_folds(); ++f) {
      Problem &problem = problems[static_cast<std::size_t>(f)];
      problem.solve(lambdas[k], lambdas[k > 0 ? k - 1 : 0]);
      columns[static_cast<std::size_t>(f)].predict(problem, design.fold_begin(f), design.fold_begin(f + 1),
                                                   predicted.data() + design.fold_begin(f));
      fit.gap = std::max(fit.gap, problem.gap());
    }
    for (std::size_t i = 0; i < y.size(); ++i)
      squared[i] = (y[i] - predicted[i]) * (y[i] - predicted[i]);
    summarise(design, squared, fit);
    fit.lambda.push_back(lambdas[k]);
    if (k == 0 || fit.error[k] < fit.error[static_cast<std::size_t>(fit.chosen)]) {
      fit.chosen = static_cast<std::int64_t>(k);
      for (std::size_t i = 0; i < y.size(); ++i)
        fit.held_out[static_cast<std::size_t>(design.person(static_cast<std::int64_t>(i)))] = predicted[i];
    }
    if (options.stop_after >= 0 && static_cast<std::int64_t>(k) - fit.chosen >= options.stop_after)
      return;
  }
}

} // namespace

Fit cross_validate(const std::int8_t *dosages, std::int64_t snps, std::int64_t people, const double *y,
                   const std::int32_t *folds, std::int64_t n_folds, const std::vector<double> &lambdas,
                   const Options &options) {
  if (n_folds < 2 || people < 3 || !(options.l1_ratio > 0 && options.l1_ratio <= 1) || options.n_lambdas < 1)
    throw std::invalid_argument(
        "elastic net: two folds, three people, 0 < l1_ratio <= 1 and one lambda at least");
  if (!(options.gap > 0 && options.lambda_ratio > 0 && options.lambda_ratio < 1))
    throw std::invalid_argument("elastic net: gap above 0 and 0 < lambda_ratio < 1");
  if (!std::all_of(lambdas.begin(), lambdas.end(), [](double lambda) { return lambda > 0; }))
    throw std::invalid_argument("elastic net: lambdas must be positive");
  if (!std::all_of(y, y + people, [](double value) { return std::isfinite(value); }))
    throw std::invalid_argument("elastic net: x or y holds a value that is not finite");
  const Design design(dosages, snps, people, folds, n_folds);
  Products products(design);
  std::vector<double> sorted(static_cast<std::size_t>(people));
  for (std::int64_t i = 0; i < people; ++i)
    sorted[static_cast<std::size_t>(i)] = y[design.person(i)];

  DosageColumns columns(design, products, sorted.data(), 0);
  Problem everybody(columns, options);
  Fit fit;
  fit.held_out.resize(sorted.size());
  fit.coefficients.resize(static_cast<std::size_t>(snps));
  cross_validated(design, products, sorted,
                  lambdas.empty() ? grid(everybody.largest_lambda(), options) : lambdas, options, fit);

  const std::size_t last = options.keep_path ? fit.lambda.size() - 1 : static_cast<std::size_t>(fit.chosen);
  for (std::size_t k = 0; k <= last; ++k) {
    everybody.solve(fit.lambda[k], fit.lambda[k > 0 ? k - 1 : 0]);
    fit.gap = std::max(fit.gap, everybody.gap());
    fit.support.push_back(everybody.n_nonzero());
    double intercept = 0;
    if (static_cast<std::int64_t>(k) == fit.chosen) {
      const std::vector<double> of_columns = columns.coefficients(everybody, &intercept);
      design.spread(of_columns, intercept, fit.coefficients.data(), &fit.intercept);
    }
    if (options.keep_path) {
      const std::vector<double> of_columns = columns.coefficients(everybody, &intercept);
      fit.path.resize((k + 1) * static_cast<std::size_t>(snps));
      fit.path_intercept.push_back(0);
      design.spread(of_columns, intercept, fit.path.data() + k * static_cast<std::size_t>(snps),
                    &fit.path_intercept.back());
    }
  }
  return fit;
}

} // namespace gxfast::elastic_net
