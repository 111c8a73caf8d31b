#pragma once

#include <cstdint>

namespace gxfast::association {

/// Variants (snps x people; 0, 1 or 2), each standardised: what an orthonormal basis (columns x people, the
/// intercept in it) leaves of it, times `scale`. The phenotype is orthogonal to the basis.
struct Standardised {
  const std::int8_t *dosages;
  std::int64_t snps, people;
  const double *basis;
  std::int64_t columns;
  const double *scale, *phenotype;
};

struct SusieOptions {
  double prior_variance; ///< of an effect at the start, as a share of the phenotype's variance
  double tolerance;      ///< of the evidence lower bound
  std::int64_t most;     ///< iterations
};

/// `effects` effects: alpha and mean are effects x snps.
struct SingleEffects {
  std::int64_t effects;
  double *alpha, *mean, *prior, *lbf;
};

struct SusieEnd {
  double residual_variance, bound;
  std::int64_t iterations;
  bool converged;
};

/// Sum of single effects (Wang et al. 2020) by iterative Bayesian stepwise selection: the residual variance
/// by its moment after each iteration, each prior variance by one step of expectation and maximisation, 0
/// where no effect is as likely. No threads; bitwise the same on every machine's instruction set.
SusieEnd susie(const Standardised &data, const SusieOptions &options, const SingleEffects &found);

} // namespace gxfast::association
