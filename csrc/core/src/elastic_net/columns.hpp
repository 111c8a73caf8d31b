#pragma once

#include <cstdint>
#include <vector>

namespace gxfast::elastic_net {

/// What an elastic net sees of its data: moments of the columns, and products of those that may enter the
/// model. Sums are over the people of one fit, divided by their number.
class Columns {
public:
  virtual ~Columns() = default;

  /// These columns come into the working set.
  virtual void make(const std::vector<std::int64_t> & /*entering*/) {}
  /// Extend a member's row of products with members to all of them; rows of others may have them already.
  virtual void extend(std::vector<std::vector<double>> &rows, std::size_t member,
                      const std::vector<std::int64_t> &members) = 0;
  /// Products of every column with the residual of the members' coefficients.
  virtual void gradient(const std::vector<std::int64_t> &members, const std::vector<double> &b,
                        std::vector<double> &out) = 0;

  std::int64_t columns = 0;
  double variance = 0;       ///< mean square of the response
  std::vector<double> start; ///< mean product with the response
  std::vector<double> square, copies;

protected:
  Columns() = default;
  Columns(const Columns &) = default;
  Columns(Columns &&) = default;
  Columns &operator=(const Columns &) = default;
  Columns &operator=(Columns &&) = default;
};

} // namespace gxfast::elastic_net
