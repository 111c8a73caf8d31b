#pragma once

#include <cstdint>

#include "gxfast/delta.hpp"

namespace gxfast::delta {

/// Rows are padded to whole groups of this many values, so that no loop has a remainder.
constexpr std::int64_t kLanes = 16;

inline std::int64_t padded(std::int64_t channels) { return (channels + kLanes - 1) / kLanes * kLanes; }

/// base + change; change may be null for "no change".
struct Given {
  const float *base = nullptr, *change = nullptr;
};

/// Loops over rows, for one instruction set. All `n` are multiples of kLanes.
struct RowKernels {
  /// out[to[i]] += in[from[i]] * matrix for n pairs of rows, no two with the same `to`. The matrix is packed
  /// in panels of kLanes columns, depth x kLanes each. Sums run over the depth in order, whatever else is in
  /// the call.
  void (*multiply)(const float *in, std::int64_t in_stride, std::int64_t depth, const float *matrix,
                   std::int64_t panels, float *out, std::int64_t out_stride, const std::int32_t *from,
                   const std::int32_t *to, std::int64_t n);
  /// out = f(x) - after, with `first` in the place of f.first unless its base is null; `after` may be null
  void (*activate)(Activation f, Given x, Given first, const float *after, std::int64_t n, float *out);
  /// out = max over the rows of (base + change); change may be null for "no change"
  void (*largest)(const float *const *base, const float *const *change, std::int64_t n_rows, std::int64_t n,
                  float *out);
  /// out += factor * in
  void (*add)(const float *in, float factor, std::int64_t n, float *out);
  /// out = sum over the rows of in * factors
  void (*weigh)(const float *const *in, const float *const *factors, std::int64_t n_rows, std::int64_t n,
                float *out);
  /// out = in * factors
  void (*scale)(const float *in, const float *factors, std::int64_t n, float *out);
  /// out = change of a * b; changes may be null
  void (*product)(const float *a, const float *a_change, const float *b, const float *b_change,
                  std::int64_t n, float *out);
  /// out = sum over the rows of x * softmax over the rows of logits; each is base + change, change may be
  /// null
  void (*attend)(const float *const *x, const float *const *x_change, const float *const *logits,
                 const float *const *logits_change, std::int64_t n_rows, std::int64_t n, float *out);
};

const RowKernels &row_kernels();

} // namespace gxfast::delta
