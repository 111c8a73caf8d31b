#pragma once

#include <vector>

#include "columns.hpp"
#include "gxfast/elastic_net.hpp"

namespace gxfast::elastic_net {

/// One elastic net, on the people of one fit, followed from lambda to lambda.
class Problem {
public:
  Problem(Columns &columns, const Options &options);

  /// The lambda from which on every coefficient is zero.
  double largest_lambda() const;
  /// Go from the optimum at `previous` to that at `lambda`.
  void solve(double lambda, double previous);

  /// Upper bound on (objective - optimum) / objective of b = 0, of the last solution.
  double gap() const { return gap_; }
  std::int64_t n_nonzero() const;
  std::int64_t sweeps() const { return sweeps_; } ///< of all lambdas so far
  /// Columns that have been in the working set, and their coefficients.
  const std::vector<std::int64_t> &members() const { return columns_; }
  const std::vector<double> &coefficients() const { return b_; }

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

  Columns &source_;
  const Options &options_;
  double gap_ = 0, l1_ = 0, l2_ = 0;
  std::int64_t sweeps_ = 0;
  std::vector<double> gradient_;    // products of every column with the residual
  std::vector<std::int32_t> place_; // in the working set, or -1
  // Of every member of the working set.
  std::vector<std::int64_t> columns_;
  std::vector<double> b_, q_, square_, ridge_share_;
  std::vector<std::vector<double>> rows_; // products with the members, as far as they were needed
};

} // namespace gxfast::elastic_net
