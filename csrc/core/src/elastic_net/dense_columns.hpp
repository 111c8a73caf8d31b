#pragma once

#include <vector>

#include "columns.hpp"

namespace gxfast::elastic_net {

/// Columns of numbers, as they are.
class DenseColumns final : public Columns {
public:
  /// x: columns x n
  DenseColumns(const double *x, std::int64_t columns, std::int64_t n, const double *y);

  void extend(std::vector<std::vector<double>> &rows, std::size_t member,
              const std::vector<std::int64_t> &members) override;
  void gradient(const std::vector<std::int64_t> &members, const std::vector<double> &b,
                std::vector<double> &out) override;

private:
  const double *of(std::int64_t column) const { return x_.data() + column * padded_; }
  void multiply(const double *by, const std::vector<const double *> &with, std::vector<double> &out) const;

  std::int64_t padded_;
  double n_;
  std::vector<double> x_, y_; // every column padded with 0 to whole groups of lanes
  std::vector<const double *> all_;
};

} // namespace gxfast::elastic_net
