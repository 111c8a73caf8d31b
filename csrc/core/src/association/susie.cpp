#include "gxfast/susie.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels.hpp"
#include "tiles.hpp"

namespace gxfast::association {
namespace {

using Numbers = std::vector<double>;
constexpr double kNothing = 0x1p-70; // of the largest weight: lost in rounding of the sum
constexpr double kTwoPi = 6.283185307179586;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

double dot(const double *a, const double *b, std::int64_t n) { return std::inner_product(a, a + n, b, 0.0); }

/// Products with the standardised variants.
class Products {
public:
  explicit Products(const Standardised &data)
      : data_(data), tiles_(data.dosages, data.snps, data.people), padded_(at(tiles_.stride())) {}

  /// out[v] = x_v . r; `r` is orthogonal to the basis, so that the dosages themselves serve.
  void with(const double *r, double *out) {
    std::copy_n(r, data_.people, padded_.begin());
    std::fill(padded_.begin() + data_.people, padded_.end(), 0.0);
    double products[kTile];
    for (std::int64_t v = 0; v < data_.snps; v += kTile) {
      kernels().count_dots(tiles_.counts(v), data_.people, tiles_.stride(), padded_.data(), products);
      for (std::int64_t t = 0; t < std::min(kTile, data_.snps - v); ++t)
        out[v + t] = data_.scale[v + t] * products[t];
    }
  }

  /// out = sum of weight[v] x_v
  void sum(const double *weight, double *out) {
    double largest = 0;
    for (std::int64_t v = 0; v < data_.snps; ++v)
      largest = std::max(largest, std::abs(weight[v] * data_.scale[v]));
    std::fill(padded_.begin(), padded_.end(), 0.0);
    for (std::int64_t v = 0; v < data_.snps; v += kTile) {
      double weights[kTile] = {}, here = 0;
      for (std::int64_t t = 0; t < std::min(kTile, data_.snps - v); ++t) {
        weights[t] = weight[v + t] * data_.scale[v + t];
        here = std::max(here, std::abs(weights[t]));
      }
      if (here > kNothing * largest)
        kernels().count_sum(tiles_.counts(v), data_.people, tiles_.stride(), weights, padded_.data());
    }
    std::copy_n(padded_.begin(), data_.people, out);
    // twice, because once leaves rounding behind
    for (std::int64_t c = 0; c < 2 * data_.columns; ++c) {
      const double *column = data_.basis + c % data_.columns * data_.people;
      const double along = dot(column, out, data_.people);
      for (std::int64_t s = 0; s < data_.people; ++s)
        out[s] -= along * column[s];
    }
  }

private:
  const Standardised &data_;
  Tiles tiles_;
  Numbers padded_;
};

class Fit {
public:
  Fit(const Standardised &data, const SusieOptions &options, const SingleEffects &found)
      : n_(data.people), snps_(data.snps), y_(data.phenotype), found_(found), products_(data),
        fitted_(at(found.effects * n_)), all_(at(n_)), rest_(at(n_)), z_(at(snps_)), weight_(at(snps_)),
        square_(at(found.effects)), divergence_(at(found.effects)) {
    variance_ = dot(y_, y_, n_) / spread();
    std::fill_n(found.prior, found.effects, options.prior_variance * variance_);
  }

  /// Update every effect, given the others.
  void sweep() {
    for (std::int64_t l = 0; l < found_.effects; ++l)
      found_.prior[l] > 0 ? update(l) : drop(l);
    square_error_ = 0;
    for (std::int64_t s = 0; s < n_; ++s)
      square_error_ += (y_[s] - all_[at(s)]) * (y_[s] - all_[at(s)]);
    square_error_ -= dot(fitted_.data(), fitted_.data(), found_.effects * n_);
    square_error_ += spread() * std::accumulate(square_.begin(), square_.end(), 0.0);
  }

  /// Evidence lower bound.
  double bound() const {
    return -0.5 * static_cast<double>(n_) * std::log(kTwoPi * variance_) - square_error_ / (2 * variance_) -
           std::accumulate(divergence_.begin(), divergence_.end(), 0.0);
  }
  bool estimate_variance() {
    const double estimate = square_error_ / static_cast<double>(n_);
    if (!(estimate > 0))
      return false;
    variance_ = estimate;
    return true;
  }
  double variance() const { return variance_; }

private:
  double spread() const { return static_cast<double>(n_ - 1); } ///< sum of squares of a variant
  double *fitted(std::int64_t l) { return fitted_.data() + l * n_; }

  void take(std::int64_t l) {
    for (std::int64_t s = 0; s < n_; ++s)
      all_[at(s)] -= fitted(l)[s];
  }

  /// An effect whose prior variance is 0 is nowhere more likely than elsewhere, and stays so.
  void drop(std::int64_t l) {
    take(l);
    std::fill_n(fitted(l), n_, 0.0);
    std::fill_n(found_.alpha + l * snps_, snps_, 1 / static_cast<double>(snps_));
    std::fill_n(found_.mean + l * snps_, snps_, 0.0);
    square_[at(l)] = divergence_[at(l)] = found_.lbf[l] = 0;
  }

  /// Weights of the variants under a prior variance, the largest 1; returns the log of their mean Bayes
  /// factor.
  double weigh(double prior, double largest, double *sum) {
    const double wide = variance_ + prior * spread(), slope = 0.5 * prior / (variance_ * wide);
    *sum = 0;
    for (std::int64_t v = 0; v < snps_; ++v)
      *sum += weight_[at(v)] = std::exp(slope * (z_[at(v)] * z_[at(v)] - largest));
    return 0.5 * std::log(variance_ / wide) + slope * largest + std::log(*sum / static_cast<double>(snps_));
  }

  void update(std::int64_t l) {
    take(l);
    for (std::int64_t s = 0; s < n_; ++s)
      rest_[at(s)] = y_[s] - all_[at(s)];
    products_.with(rest_.data(), z_.data());
    double largest = 0, sum;
    for (const double z : z_)
      largest = std::max(largest, z * z);
    found_.lbf[l] = weigh(found_.prior[l], largest, &sum);
    const double narrow = 1 / (1 / found_.prior[l] + spread() / variance_);
    double square = 0, along = 0, *alpha = found_.alpha + l * snps_, *mean = found_.mean + l * snps_;
    for (std::int64_t v = 0; v < snps_; ++v) {
      alpha[v] = weight_[at(v)] / sum;
      mean[v] = narrow / variance_ * z_[at(v)];
      square += alpha[v] * (narrow + mean[v] * mean[v]);
      weight_[at(v)] = alpha[v] * mean[v];
      along += weight_[at(v)] * z_[at(v)];
    }
    products_.sum(weight_.data(), fitted(l));
    for (std::int64_t s = 0; s < n_; ++s)
      all_[at(s)] += fitted(l)[s];
    square_[at(l)] = square;
    divergence_[at(l)] = -found_.lbf[l] - 0.5 / variance_ * (spread() * square - 2 * along);
    found_.prior[l] = weigh(square, largest, &sum) > 0 ? square : 0;
  }

  std::int64_t n_, snps_;
  const double *y_;
  SingleEffects found_;
  Products products_;
  Numbers fitted_, all_, rest_, z_, weight_, square_, divergence_;
  double variance_ = 0, square_error_ = 0;
};

} // namespace

SusieEnd susie(const Standardised &data, const SusieOptions &options, const SingleEffects &found) {
  Fit fit(data, options, found);
  SusieEnd end{fit.variance(), -std::numeric_limits<double>::infinity(), 0, false};
  while (end.iterations < options.most && !end.converged) {
    ++end.iterations;
    fit.sweep();
    const double before = end.bound;
    end.bound = fit.bound();
    end.converged = end.bound - before < options.tolerance;
    if (!end.converged && !fit.estimate_variance())
      break;
  }
  end.residual_variance = fit.variance();
  return end;
}

} // namespace gxfast::association
