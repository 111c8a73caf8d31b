#pragma once

#include <vector>

#include "design.hpp"
#include "gxfast/elastic_net.hpp"

namespace gxfast::elastic_net {

/// One elastic net, on the people of one fit, followed from lambda to lambda.
class Problem {
public:
  /// y over sorted people.
  Problem(const Design &design, Products &products, const double *y, std::int64_t fit,
          const Options &options);

  /// The lambda from which on every coefficient is zero.
  double largest_lambda() const;
  /// Go from the optimum at `previous` to that at `lambda`.
  void solve(double lambda, double previous);

  /// Upper bound on (objective - optimum) / objective of b = 0, of the last solution.
  double gap() const { return gap_; }
  std::int64_t n_nonzero() const;
  /// Predictions of sorted people begin to end - 1.
  void predict(std::int64_t begin, std::int64_t end, double *out) const;
  /// Coefficients on the dosage scale, one for each column of the design, and the intercept.
  std::vector<double> coefficients(double *intercept) const;

private:
  void admit(std::int64_t column);
  const std::vector<double> &row(std::size_t member);
  void descend(double allowed);
  void sweep();
  void leap();
  double walk(const std::vector<std::size_t> &support, const std::vector<double> &step, double share);
  void walk_back(const std::vector<std::size_t> &support, const std::vector<double> &before);
  void move(std::size_t member, double change);
  void refresh();
  double bound_inside() const;
  double bound_outside() const;
  double duality_gap(double steepest) const;
  double excess(double gradient) const;

  const Design &design_;
  Products &products_;
  const Options &options_;
  std::int64_t fit_;
  double n_ = 0, mean_y_ = 0, variance_ = 0, gap_ = 0, l1_ = 0, l2_ = 0;
  // Of every column: mean and 1 / sd of the dosages (0 where constant), correlation with y and with the
  // residual.
  std::vector<double> mean_, inverse_, start_, gradient_, sums_;
  std::vector<std::int32_t> place_; // in the working set, or -1
  // Of every member of the working set.
  std::vector<std::int64_t> columns_;
  std::vector<double> b_, q_, ridge_share_;
  std::vector<std::vector<double>> rows_; // correlations with the members, as far as they were needed
};

} // namespace gxfast::elastic_net
