#pragma once

#include <cstdint>

namespace gxfast::stats {

/// Why a correlation is not defined; the numbers of gxfast/stats/_numpy.py.
enum Why : std::int8_t { kDefined = 0, kTooFew = 1, kFlatX = 2, kFlatY = 3, kInfinite = 4 };

/// Pearson correlation of each row of x with the same row of y, both rows x people. Pairs with a NaN are left
/// out. Two passes in double; sums are added in 16 lanes and then pairwise, on every processor, so the bits
/// are the same.
template <class T>
void pearson_rows(const T *x, const T *y, std::int64_t rows, std::int64_t people, double *r, std::int64_t *n,
                  std::int8_t *why);

/// Average ranks (1 to n) of the usable values of each pair of rows, then their Pearson correlation. A row
/// with an infinite value has none, also where the other one has NaN.
template <class T>
void spearman_rows(const T *x, const T *y, std::int64_t rows, std::int64_t people, double *r, std::int64_t *n,
                   std::int8_t *why);

/// Two-sided p of correlations with one number of degrees of freedom: p, and its decimal logarithm, which
/// does not underflow. NaN stays NaN.
void correlation_p(const double *r, std::int64_t n, double df, double *p, double *log10p);

/// Step-up adjustment (Benjamini-Hochberg times `factor`): q[i] = min over p[j] >= p[i] of p[j] * factor * m
/// / rank(p[j]), at most 1. NaN is no test and stays NaN. Values must lie in [0, 1].
void step_up(const double *p, std::int64_t n, double factor, double *q);

} // namespace gxfast::stats
