#pragma once

#include <cstdint>

namespace gxfast::association {

constexpr std::int64_t kTile = 8;            ///< SNPs at a time
constexpr std::int64_t kLanes = 8;           ///< columns of a panel; people added side by side
constexpr std::int64_t kFloats = 16;         ///< permutations in a register
constexpr std::int64_t kPanel = 3 * kFloats; ///< permutations together

/// Products of a tile of SNPs for one instruction set; all give the same bits, because a dosage of 0, 1 or 2
/// times a number is exact, with or without rounding before it is added.
struct Kernels {
  /// dosages (kTile x people) to double, rows `stride` apart, padded with 0
  void (*widen)(const std::int8_t *dosages, std::int64_t people, std::int64_t stride, double *wide);
  /// sum and sum of squares of the dosages of one SNP
  void (*sums)(const std::int8_t *dosages, std::int64_t people, std::int32_t *sum, std::int32_t *squares);
  /// out[t * kLanes + c] = sum over people of wide[t][s] panel[s * kLanes + c], in order of s
  void (*panel)(const double *wide, std::int64_t stride, std::int64_t people, const double *panel,
                double *out);
  /// three panels together, `people * kLanes` apart
  void (*panels)(const double *wide, std::int64_t stride, std::int64_t people, const double *panel,
                 double *out);
  /// out[t] = sum of wide[t][s] y[s], in kLanes partial sums that are added pairwise; y is padded with 0
  void (*dots)(const double *wide, std::int64_t stride, const double *y, double *out);
  /// of two y at once, to out and out + kTile
  void (*two_dots)(const double *wide, std::int64_t stride, const double *y, const double *z, double *out);
  /// out[t] as `dots`, of dosages (kTile x people); kLanes dosages beyond the tile are read
  void (*count_dots)(const std::int8_t *dosages, std::int64_t people, std::int64_t stride, const double *y,
                     double *out);
  /// out[s] += sum over the tile of weight[t] dosages[t][s], in order of t; undefined from people on
  void (*count_sum)(const std::int8_t *dosages, std::int64_t people, std::int64_t stride,
                    const double *weight, double *out);
  /// best[c] = max(best[c], largest |sum over people of unit[v][s] panel[s * kPanel + c]|) over `rows` SNPs
  void (*largest)(const float *unit, std::int64_t rows, std::int64_t people, const float *panel, float *best);
};

const Kernels &kernels();

} // namespace gxfast::association
