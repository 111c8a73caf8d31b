#include "dosage_columns.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"

namespace gxfast::elastic_net {

DosageColumns::DosageColumns(const Design &design, Products &products, const double *y, std::int64_t fit)
    : design_(design), products_(products), fit_(fit) {
  columns = design.columns();
  const auto size = static_cast<std::size_t>(design.padded());
  sums_.resize(size);
  square.assign(size, 1);
  start.assign(size, 0);
  mean_.assign(size, 0);
  inverse_.assign(size, 0);
  // Everybody but the fold that is left out.
  std::vector<std::int64_t> trained;
  for (std::int64_t i = 0; i < design.people(); ++i)
    if (fit == 0 || i < design.fold_begin(fit - 1) || i >= design.fold_begin(fit))
      trained.push_back(i);
  n_ = static_cast<double>(trained.size());
  for (const std::int64_t i : trained)
    mean_y_ += y[i];
  mean_y_ /= n_;
  for (const std::int64_t i : trained) {
    const double deviation = y[i] - mean_y_;
    variance += deviation * deviation / n_;
    kernels().axpy_dosages(start.data(), design.row(i), deviation, design.padded());
  }
  for (std::int64_t j = 0; j < design.columns(); ++j) {
    const auto at = static_cast<std::size_t>(j);
    std::int64_t total = 0, squares = 0;
    const std::uint8_t *x = design.column(j);
    for (std::int64_t i = 0; i < design.people(); ++i) {
      total += x[i];
      squares += x[i] * x[i];
    }
    if (fit > 0)
      for (std::int64_t i = design.fold_begin(fit - 1); i < design.fold_begin(fit); ++i) {
        total -= x[i];
        squares -= x[i] * x[i];
      }
    const auto count = static_cast<std::int64_t>(trained.size());
    // Whole numbers: a column that is constant here is seen exactly.
    const std::int64_t scatter = count * squares - total * total;
    mean_[at] = static_cast<double>(total) / n_;
    inverse_[at] = scatter > 0 ? n_ / std::sqrt(static_cast<double>(scatter)) : 0;
    start[at] *= inverse_[at] / n_;
    copies.push_back(design.copies(j));
  }
  // The mean of equal numbers is rounded: what is left of them is no variance.
  if (std::all_of(trained.begin(), trained.end(), [&](std::int64_t i) { return y[i] == y[trained[0]]; })) {
    variance = 0;
    std::fill(start.begin(), start.end(), 0);
  }
}

void DosageColumns::extend(std::vector<std::vector<double>> &rows, std::size_t member,
                           const std::vector<std::int64_t> &members) {
  std::vector<double> &out = rows[member];
  const auto j = static_cast<std::size_t>(members[member]);
  const float *products = products_.of(members[member], fit_);
  for (std::size_t e = out.size(); e < members.size(); ++e) {
    const auto k = static_cast<std::size_t>(members[e]);
    out.push_back(e == member ? 1
                              : (static_cast<double>(products[k]) / n_ - mean_[j] * mean_[k]) * inverse_[j] *
                                    inverse_[k]);
  }
}

void DosageColumns::gradient(const std::vector<std::int64_t> &members, const std::vector<double> &b,
                             std::vector<double> &out) {
  std::fill(sums_.begin(), sums_.end(), 0);
  double shift = 0;
  std::vector<const float *> products;
  std::vector<double> weights;
  for (std::size_t e = 0; e < b.size(); ++e) {
    if (b[e] == 0)
      continue;
    const auto j = static_cast<std::size_t>(members[e]);
    products.push_back(products_.of(members[e], fit_));
    weights.push_back(b[e] * inverse_[j] / n_);
    shift += b[e] * inverse_[j] * mean_[j];
  }
  std::size_t i = 0;
  for (; i + 4 <= weights.size(); i += 4)
    kernels().axpy4_counts(sums_.data(), products.data() + i, weights.data() + i, design_.padded());
  for (; i < weights.size(); ++i)
    kernels().axpy_counts(sums_.data(), products[i], weights[i], design_.padded());
  for (std::size_t k = 0; k < sums_.size(); ++k)
    out[k] = start[k] - inverse_[k] * (sums_[k] - mean_[k] * shift);
}

void DosageColumns::predict(const Problem &problem, std::int64_t begin, std::int64_t end, double *out) const {
  double intercept = 0;
  const std::vector<double> weights = coefficients(problem, &intercept);
  std::fill(out, out + (end - begin), intercept);
  for (const std::int64_t column : problem.members()) {
    const double weight = weights[static_cast<std::size_t>(column)];
    if (weight != 0)
      kernels().axpy_dosages(out, design_.column(column) + begin, weight, end - begin);
  }
}

std::vector<double> DosageColumns::coefficients(const Problem &problem, double *intercept) const {
  std::vector<double> out(static_cast<std::size_t>(columns), 0);
  const std::vector<double> &b = problem.coefficients();
  *intercept = mean_y_;
  for (std::size_t e = 0; e < b.size(); ++e) {
    const auto j = static_cast<std::size_t>(problem.members()[e]);
    out[j] = b[e] * inverse_[j];
    *intercept -= out[j] * mean_[j];
  }
  return out;
}

} // namespace gxfast::elastic_net
