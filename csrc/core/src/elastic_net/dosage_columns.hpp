#pragma once

#include <vector>

#include "columns.hpp"
#include "design.hpp"
#include "problem.hpp"

namespace gxfast::elastic_net {

/// Dosages standardised among the people of one fit.
class DosageColumns final : public Columns {
public:
  /// y over sorted people.
  DosageColumns(const Design &design, Products &products, const double *y, std::int64_t fit);

  void make(const std::vector<std::int64_t> &entering) override { products_.make(entering); }
  void extend(std::vector<std::vector<double>> &rows, std::size_t member,
              const std::vector<std::int64_t> &members) override;
  void gradient(const std::vector<std::int64_t> &members, const std::vector<double> &b,
                std::vector<double> &out) override;

  /// Predictions of sorted people begin to end - 1.
  void predict(const Problem &problem, std::int64_t begin, std::int64_t end, double *out) const;
  /// Coefficients on the dosage scale, one for each column of the design, and the intercept.
  std::vector<double> coefficients(const Problem &problem, double *intercept) const;

private:
  const Design &design_;
  Products &products_;
  std::int64_t fit_;
  double n_ = 0, mean_y_ = 0;
  // Of every column: mean and 1 / sd of the dosages (0 where constant).
  std::vector<double> mean_, inverse_, sums_;
};

} // namespace gxfast::elastic_net
