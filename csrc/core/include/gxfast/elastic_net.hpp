#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace gxfast::elastic_net {

/// How a path of elastic nets is fitted. The objective of one fit on n people is
///   1 / (2 n) |y - b0 - X b|^2 + lambda (l1_ratio |b|_1 + (1 - l1_ratio) / 2 |b|^2)
/// with the columns of X standardised (variance over n) among the people of that fit, as glmnet does.
struct Options {
  double l1_ratio = 0.5;
  double lambda_ratio = 0.01; // smallest lambda over largest
  std::int64_t n_lambdas = 100;
  std::int64_t stop_after = 20; // this many lambdas after the smallest held-out error; < 0: never
  double gap = 1e-8;            // of each objective to its optimum, as a share of the objective of b = 0
  bool keep_path = false;
  std::int64_t most_sweeps = 200'000; // between two looks at the columns outside of the working set
};

struct Fit {
  std::vector<double> lambda;   // those visited, descending
  std::vector<double> error;    // mean squared held-out error at each
  std::vector<double> error_se; // its standard error over folds
  std::int64_t chosen = 0;      // the smallest error; the first of equal ones
  std::vector<double> held_out; // prediction of each person, at the chosen lambda, by the fit without them
  std::vector<double> coefficients;  // of all people at the chosen lambda, on the scale of the dosages
  double intercept = 0;              //
  std::vector<std::int64_t> support; // non-zero coefficients of all people's fits, up to the chosen lambda
  std::vector<double> path;          // with keep_path: coefficients at every visited lambda, lambda x SNP
  std::vector<double> path_intercept;
  double gap = 0; // the largest bound on the gap of any fit made
};

/// Cross-validated path over common lambdas: all fits on common counts, in step from the largest lambda down.
/// dosages: SNPs x people, each 0, 1 or 2; folds: 0 to n_folds - 1, none of them empty; `lambdas`
/// (descending, above 0) instead of the usual grid where not empty. Where y has to do with no SNP at all, the
/// grid is one lambda of 0, at which every fit is empty. Throws std::invalid_argument.
Fit cross_validate(const std::int8_t *dosages, std::int64_t snps, std::int64_t people, const double *y,
                   const std::int32_t *folds, std::int64_t n_folds, const std::vector<double> &lambdas,
                   const Options &options);

/// Fits of y on columns as they are (neither centred nor standardised, no intercept), from one lambda to the
/// next: 1 / (2 n) |y - X b|^2 + lambda (l1_ratio |b|_1 + (1 - l1_ratio) / 2 |b|^2).
class Path {
public:
  /// x: columns x n. Throws std::invalid_argument.
  Path(const double *x, std::int64_t columns, std::int64_t n, const double *y, const Options &options);
  ~Path();
  Path(const Path &) = delete;
  Path &operator=(const Path &) = delete;

  std::int64_t columns() const;
  /// Go to a lambda above 0, not above the one before, and write the coefficients there. Throws
  /// std::invalid_argument.
  void advance(double lambda, double *coefficients);
  double gap() const;          ///< bound on objective - optimum there
  std::int64_t sweeps() const; ///< of coordinate descent so far

private:
  struct Held;
  std::unique_ptr<Held> held_;
};

} // namespace gxfast::elastic_net
