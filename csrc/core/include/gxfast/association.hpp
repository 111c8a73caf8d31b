#pragma once

#include <cstdint>

namespace gxfast::association {

/// What a basis leaves of each SNP: |g - mean|^2 - |basis^T g|^2. The basis (columns x people) is orthonormal
/// and orthogonal to the intercept. NaN where a SNP is the same in everybody or the basis explains it.
/// Dosages (SNPs x people) are 0, 1 or 2.
void residual_squares(const std::int8_t *dosages, std::int64_t snps, std::int64_t people, const double *basis,
                      std::int64_t columns, int n_threads, double *squares);

/// Genes of which the residual (genes x people) is orthogonal to the basis, the SNPs [first, last) of each,
/// and where its pairs begin in the results.
struct Genes {
  std::int64_t count;
  const double *residual, *variance; ///< variance: sum of the squares
  const std::int64_t *first, *last, *begin;
};

/// Correlation, slope and its standard error of each gene with each SNP of its window.
void associate(const std::int8_t *dosages, std::int64_t snps, std::int64_t people, const double *squares,
               const Genes &genes, double df, int n_threads, double *r, double *slope, double *slope_se);

/// Largest absolute product of each permutation (people x permutations) with the SNPs of each stretch
/// [cuts[i], cuts[i + 1]) of `unit` (SNPs x people), to stretches x permutations; 0 for an empty stretch.
/// Sums in float over people in order, each a fused multiply-add where the processor has one.
void largest_products(const float *unit, std::int64_t people, const float *permuted,
                      std::int64_t permutations, const std::int64_t *cuts, std::int64_t stretches,
                      int n_threads, float *largest);

} // namespace gxfast::association
