// Coordinate descent on the correlations of a working set, with leaps: while the support stays as it is the
// objective is a quadratic, whose minimum one Cholesky factorisation finds. Descent alone needs hundreds of
// sweeps between linked SNPs.

#include "problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels.hpp"

namespace gxfast::elastic_net {
namespace {

double sign(double x) { return x > 0 ? 1 : -1; }

/// Upper triangle U with U' U = a, in place of a's upper triangle. A row that depends on those before it is
/// put out of the way: its unknown comes out as 0. Solved for, it would be rounding blown up without bound.
void factorise(std::vector<double> &a, std::int64_t n) {
  constexpr double kDependent = 1e-8, kAway = 1e30;
  const Kernels &k = kernels();
  constexpr std::int64_t kPivots = 4;
  const auto row = [&](std::int64_t i) { return a.data() + i * n; };
  std::vector<double> whole;
  for (std::int64_t i = 0; i < n; ++i)
    whole.push_back(row(i)[i]);
  for (std::int64_t first = 0; first < n; first += kPivots) {
    const std::int64_t end = std::min(first + kPivots, n);
    for (std::int64_t p = first; p < end; ++p) {
      for (std::int64_t q = first; q < p; ++q)
        k.axpy(row(p) + p, row(q) + p, -row(q)[p], n - p);
      if (!(row(p)[p] > kDependent * whole[static_cast<std::size_t>(p)]))
        row(p)[p] = kAway * whole[static_cast<std::size_t>(p)];
      const double scale = 1 / std::sqrt(row(p)[p]);
      for (std::int64_t j = p; j < n; ++j)
        row(p)[j] *= scale;
    }
    for (std::int64_t i = end; i < n; ++i) {
      const double *const from[] = {row(first) + i, row(first + 1) + i, row(first + 2) + i,
                                    row(first + 3) + i};
      const double factors[] = {-from[0][0], -from[1][0], -from[2][0], -from[3][0]};
      k.axpy4(row(i) + i, from, factors, n - i);
    }
  }
}

/// x = inverse of U' U times x.
void solve_factorised(const std::vector<double> &u, std::int64_t n, double *x) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double *row = u.data() + i * n;
    x[i] /= row[i];
    kernels().axpy(x + i + 1, row + i + 1, -x[i], n - i - 1);
  }
  for (std::int64_t i = n - 1; i >= 0; --i) {
    const double *row = u.data() + i * n;
    for (std::int64_t j = n - 1; j > i; --j)
      x[i] -= row[j] * x[j];
    x[i] /= row[i];
  }
}

} // namespace

Problem::Problem(Columns &columns, const Options &options)
    : source_(columns), options_(options), gradient_(columns.start),
      place_(static_cast<std::size_t>(columns.columns), -1) {}

double Problem::largest_lambda() const {
  double largest = 0;
  for (const double c : source_.start)
    largest = std::max(largest, std::abs(c));
  // A correlation below what sums of doubles can tell from none.
  constexpr double kNone = 1e-13;
  return largest > kNone * std::sqrt(source_.variance) ? largest / options_.l1_ratio : 0;
}

std::int64_t Problem::n_nonzero() const {
  double count = 0;
  for (std::size_t e = 0; e < b_.size(); ++e)
    count += b_[e] != 0 ? source_.copies[static_cast<std::size_t>(columns_[e])] : 0;
  return static_cast<std::int64_t>(count);
}

void Problem::admit(std::int64_t column) {
  const auto at = static_cast<std::size_t>(column);
  place_[at] = static_cast<std::int32_t>(columns_.size());
  columns_.push_back(column);
  b_.push_back(0);
  q_.push_back(gradient_[at]);
  square_.push_back(source_.square[at]);
  ridge_share_.push_back(1 / source_.copies[at]);
  rows_.emplace_back();
}

const std::vector<double> &Problem::row(std::size_t member) {
  if (rows_[member].size() < columns_.size())
    source_.extend(rows_, member, columns_);
  return rows_[member];
}

void Problem::move(std::size_t member, double change) {
  kernels().axpy(q_.data(), row(member).data(), -change, static_cast<std::int64_t>(q_.size()));
}

void Problem::sweep() {
  for (std::size_t e = 0; e < b_.size(); ++e) {
    const double z = q_[e] + square_[e] * b_[e], size = std::abs(z) - l1_;
    const double next = size > 0 ? sign(z) * size / (square_[e] + l2_ * ridge_share_[e]) : 0;
    if (next == b_[e])
      continue;
    move(e, next - b_[e]);
    b_[e] = next;
  }
}

/// Moves along the step, to zero where a sign would change; returns what the objective gains (negative:
/// less).
double Problem::walk(const std::vector<std::size_t> &support, const std::vector<double> &step, double share) {
  const std::vector<double> q = q_;
  double linear = 0, curved = 0;
  std::vector<double> moved(support.size());
  for (std::size_t i = 0; i < support.size(); ++i) {
    const std::size_t e = support[i];
    const double b = b_[e], target = b + share * step[i], ridge = l2_ * ridge_share_[e];
    const double next = target * b > 0 ? target : 0;
    moved[i] = next - b;
    linear += moved[i] * (q[e] - l1_ * sign(b) - ridge * b);
    curved += ridge * moved[i] * moved[i];
    move(e, moved[i]);
    b_[e] = next;
  }
  for (std::size_t i = 0; i < support.size(); ++i)
    curved += moved[i] * (q[support[i]] - q_[support[i]]);
  return curved / 2 - linear;
}

void Problem::walk_back(const std::vector<std::size_t> &support, const std::vector<double> &before) {
  for (std::size_t i = 0; i < support.size(); ++i) {
    move(support[i], before[i] - b_[support[i]]);
    b_[support[i]] = before[i];
  }
}

void Problem::leap() {
  std::vector<std::size_t> support;
  for (std::size_t e = 0; e < b_.size(); ++e)
    if (b_[e] != 0)
      support.push_back(e);
  const auto n = static_cast<std::int64_t>(support.size());
  if (n == 0)
    return;
  std::vector<double> a(static_cast<std::size_t>(n * n)), step(support.size()), before(support.size());
  for (std::size_t i = 0; i < support.size(); ++i) {
    const std::size_t e = support[i];
    const std::vector<double> &from = row(e);
    for (std::size_t j = i + 1; j < support.size(); ++j)
      a[i * support.size() + j] = from[support[j]];
    a[i * support.size() + i] = square_[e] + l2_ * ridge_share_[e];
    before[i] = b_[e];
    step[i] = q_[e] - l1_ * sign(b_[e]) - l2_ * ridge_share_[e] * b_[e];
  }
  factorise(a, n);
  solve_factorised(a, n, step.data());
  // The whole way first, coefficients that would change their sign stopping at zero. That can lead uphill:
  // then only as far as the first of them.
  if (walk(support, step, 1) > 0) {
    double share = 1;
    for (std::size_t i = 0; i < support.size(); ++i)
      if ((before[i] + step[i]) * before[i] <= 0)
        share = std::min(share, -before[i] / step[i]);
    walk_back(support, before);
    walk(support, step, share);
  }
}

void Problem::descend(double allowed) {
  std::int64_t until_leap = 4;
  for (std::int64_t k = 0; k < options_.most_sweeps; ++k) {
    ++sweeps_;
    sweep();
    if (bound_inside() <= allowed)
      return;
    if (--until_leap == 0) {
      leap();
      // A leap costs n^3 / 6, a sweep n times the size of the set: neither is to dominate.
      std::int64_t n = 0;
      for (const double b : b_)
        n += b != 0 ? 1 : 0;
      until_leap = std::max<std::int64_t>(4, n * n / (6 * static_cast<std::int64_t>(b_.size())));
    }
  }
}

void Problem::solve(double lambda, double previous) {
  if (source_.variance == 0 || lambda == 0)
    return;
  l1_ = lambda * options_.l1_ratio;
  l2_ = lambda * (1 - options_.l1_ratio);
  const double allowed = options_.gap * source_.variance / 2;
  // Sequential strong rule (Tibshirani et al. 2012): others are very rarely needed, and the bound would tell.
  double entry = options_.l1_ratio * (2 * lambda - previous);
  for (double last = std::numeric_limits<double>::infinity();;) {
    const std::size_t before = columns_.size();
    for (std::int64_t j = 0; j < source_.columns; ++j)
      if (place_[static_cast<std::size_t>(j)] < 0 && std::abs(gradient_[static_cast<std::size_t>(j)]) > entry)
        admit(j);
    source_.make({columns_.begin() + static_cast<std::ptrdiff_t>(before), columns_.end()});
    descend(allowed / 2);
    refresh();
    const double bound = bound_outside();
    gap_ = bound / (source_.variance / 2);
    // Descent ends on gradients that were moved along; from fresh ones it may get further.
    if (bound <= allowed || (columns_.size() == before && !(bound < last / 2)))
      return;
    last = bound;
    entry = l1_;
  }
}

void Problem::refresh() {
  source_.gradient(columns_, b_, gradient_);
  for (std::size_t e = 0; e < b_.size(); ++e)
    q_[e] = gradient_[static_cast<std::size_t>(columns_[e])];
}

double Problem::excess(double gradient) const { return std::max(0.0, std::abs(gradient) - l1_); }

// The objective is l2-strongly convex in every coordinate, so that a subgradient s bounds the way to the
// optimum by s^2 / (2 l2); the lasso has only the duality gap.
double Problem::bound_inside() const {
  double total = 0, steepest = 0;
  for (std::size_t e = 0; e < b_.size(); ++e) {
    const double ridge = l2_ * ridge_share_[e];
    const double s = b_[e] != 0 ? q_[e] - l1_ * sign(b_[e]) - ridge * b_[e] : excess(q_[e]);
    total += l2_ > 0 ? s * s / (2 * ridge) : 0;
    steepest = std::max(steepest, std::abs(q_[e]));
  }
  return l2_ > 0 ? total : duality_gap(steepest);
}

double Problem::bound_outside() const {
  double total = bound_inside(), steepest = 0;
  for (std::size_t j = 0; j < place_.size(); ++j) {
    const double over = place_[j] < 0 ? excess(gradient_[j]) : 0;
    if (over > 0 && l2_ > 0)
      total += over * over * source_.copies[j] / (2 * l2_);
    steepest = std::max(steepest, std::abs(gradient_[j]));
  }
  return l2_ > 0 ? total : duality_gap(steepest);
}

double Problem::duality_gap(double steepest) const {
  double explained = 0, left = source_.variance, size = 0;
  for (std::size_t e = 0; e < b_.size(); ++e) {
    const double c = source_.start[static_cast<std::size_t>(columns_[e])];
    explained += b_[e] * c;
    left -= b_[e] * (c + q_[e]);
    size += std::abs(b_[e]);
  }
  const double scale = steepest > l1_ ? l1_ / steepest : 1;
  return left / 2 + l1_ * size - (scale * (source_.variance - explained) - scale * scale * left / 2);
}

} // namespace gxfast::elastic_net
