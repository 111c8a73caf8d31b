#include "dense_columns.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels.hpp"
#include "problem.hpp"

namespace gxfast::elastic_net {

DenseColumns::DenseColumns(const double *x, std::int64_t count, std::int64_t n, const double *y)
    : padded_((n + kLanes - 1) / kLanes * kLanes), n_(static_cast<double>(n)),
      x_(static_cast<std::size_t>(count * padded_), 0), y_(static_cast<std::size_t>(padded_), 0) {
  columns = count;
  copies.assign(static_cast<std::size_t>(count), 1);
  std::copy(y, y + n, y_.data());
  for (const double value : y_)
    variance += value * value / n_;
  for (std::int64_t j = 0; j < count; ++j) {
    std::copy(x + j * n, x + (j + 1) * n, x_.data() + j * padded_);
    all_.push_back(of(j));
    std::vector<double> itself;
    multiply(of(j), {of(j)}, itself);
    square.push_back(itself[0]);
  }
  multiply(y_.data(), all_, start);
}

/// Mean products of one column with others.
void DenseColumns::multiply(const double *by, const std::vector<const double *> &with,
                            std::vector<double> &out) const {
  std::vector<const double *> four = with;
  four.resize((with.size() + 3) / 4 * 4, by);
  out.resize(four.size());
  for (std::size_t j = 0; j < four.size(); j += 4)
    kernels().dot4(out.data() + j, by, four.data() + j, padded_);
  out.resize(with.size());
  for (double &value : out)
    value /= n_;
}

void DenseColumns::extend(std::vector<std::vector<double>> &rows, std::size_t member,
                          const std::vector<std::int64_t> &members) {
  const std::size_t first = rows[member].size();
  std::vector<const double *> missing;
  for (std::size_t e = first; e < members.size(); ++e)
    if (e != member && rows[e].size() <= member)
      missing.push_back(of(members[e]));
  std::vector<double> made;
  multiply(of(members[member]), missing, made);
  auto next = made.begin();
  for (std::size_t e = first; e < members.size(); ++e)
    rows[member].push_back(e == member                ? square[static_cast<std::size_t>(members[e])]
                           : rows[e].size() <= member ? *next++
                                                      : rows[e][member]);
}

void DenseColumns::gradient(const std::vector<std::int64_t> &members, const std::vector<double> &b,
                            std::vector<double> &out) {
  std::vector<double> left = y_;
  std::vector<const double *> used;
  std::vector<double> weights;
  for (std::size_t e = 0; e < b.size(); ++e)
    if (b[e] != 0) {
      used.push_back(of(members[e]));
      weights.push_back(-b[e]);
    }
  std::size_t i = 0;
  for (; i + 4 <= used.size(); i += 4)
    kernels().axpy4(left.data(), used.data() + i, weights.data() + i, padded_);
  for (; i < used.size(); ++i)
    kernels().axpy(left.data(), used[i], weights[i], padded_);
  multiply(left.data(), all_, out);
}

struct Path::Held {
  Options options;
  DenseColumns columns;
  Problem problem;
  double previous; // from the first lambda at which every coefficient is zero

  Held(const double *x, std::int64_t count, std::int64_t n, const double *y, const Options &chosen)
      : options(chosen), columns(x, count, n, y), problem(columns, options),
        previous(problem.largest_lambda()) {}
};

Path::Path(const double *x, std::int64_t columns, std::int64_t n, const double *y, const Options &options) {
  if (n < 1 || columns < 0 || !(options.l1_ratio > 0 && options.l1_ratio <= 1) || !(options.gap > 0))
    throw std::invalid_argument("elastic net: one row, 0 < l1_ratio <= 1 and a gap above 0");
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(x, x + columns * n, finite) || !std::all_of(y, y + n, finite))
    throw std::invalid_argument("elastic net: x or y holds a value that is not finite");
  held_ = std::make_unique<Held>(x, columns, n, y, options);
}

Path::~Path() = default;

std::int64_t Path::columns() const { return held_->columns.columns; }

void Path::advance(double lambda, double *coefficients) {
  Problem &problem = held_->problem;
  if (!(lambda > 0 && (problem.sweeps() == 0 || lambda <= held_->previous)))
    throw std::invalid_argument("elastic net: lambdas must be positive and descending");
  problem.solve(lambda, std::max(lambda, held_->previous));
  held_->previous = lambda;
  std::fill(coefficients, coefficients + columns(), 0);
  for (std::size_t e = 0; e < problem.members().size(); ++e)
    coefficients[problem.members()[e]] = problem.coefficients()[e];
}

double Path::gap() const { return held_->problem.gap() * held_->columns.variance / 2; }

std::int64_t Path::sweeps() const { return held_->problem.sweeps(); }

} // namespace gxfast::elastic_net
