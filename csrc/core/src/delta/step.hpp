#pragma once

// What steps see: tensors, the reference of one sequence, and the frame, i.e. the windows of a few rows of
// edits.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "gxfast/delta.hpp"
#include "row_kernels.hpp"

namespace gxfast::delta {

/// Floats on a cache line's start; not initialised.
class Floats {
public:
  Floats() = default;
  explicit Floats(std::int64_t n) { reserve(n); }
  void reserve(std::int64_t n) {
    if (n <= size_)
      return;
    memory_.reset(static_cast<float *>(::operator new(static_cast<std::size_t>(n) * sizeof(float), kLine)));
    size_ = n;
  }
  float *data() { return memory_.get(); }
  const float *data() const { return memory_.get(); }
  std::int64_t size() const { return size_; }

private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(float *memory) const { ::operator delete(memory, kLine); }
  };
  std::unique_ptr<float, Free> memory_;
  std::int64_t size_ = 0;
};

struct Tensor {
  std::int64_t length, channels, stride; // stride: channels, padded
  std::vector<std::int32_t> lo, hi;
  std::int64_t width; // largest hi - lo + 1
  bool referenced = false;
};

/// Where the rows of one tensor lie for the rows of edits in a frame.
struct Windows {
  std::vector<std::int64_t> lo, hi; // inclusive
  std::vector<std::int64_t> first;  // row of `values` that holds position lo
  Floats values;
  std::int64_t stride = 0;

  float *row(std::int64_t h, std::int64_t position) {
    return values.data() + (first[idx(h)] + position - lo[idx(h)]) * stride;
  }
  const float *row(std::int64_t h, std::int64_t position) const {
    return values.data() + (first[idx(h)] + position - lo[idx(h)]) * stride;
  }
  /// Null outside the window.
  const float *row_or_null(std::int64_t h, std::int64_t position) const {
    return position < lo[idx(h)] || position > hi[idx(h)] ? nullptr : row(h, position);
  }
  bool empty(std::int64_t h) const { return hi[idx(h)] < lo[idx(h)]; }
  std::int64_t n_rows() const { return first.back(); }
  void clear();

private:
  static std::size_t idx(std::int64_t h) { return static_cast<std::size_t>(h); }
};

struct ReferenceData {
  std::vector<Floats> rows;  // by tensor; empty where not referenced
  std::vector<Floats> extra; // by step
};

struct Frame {
  std::int64_t n = 0; // rows of edits
  std::vector<Windows> windows;
  const ReferenceData *reference = nullptr;
  std::vector<float *> outputs;
  std::vector<std::int32_t> from, to; // scratch

  Windows &of(int tensor) { return windows[static_cast<std::size_t>(tensor)]; }
  const float *reference_row(int tensor, std::int64_t position) const {
    return reference->rows[static_cast<std::size_t>(tensor)].data() +
           position * windows[static_cast<std::size_t>(tensor)].stride;
  }
};

class Step {
public:
  virtual ~Step() = default;
  /// Computes what the step needs of the reference, if anything.
  virtual Floats prepare(const std::vector<Tensor> & /*tensors*/, const ReferenceData & /*data*/) const {
    return {};
  }
  /// `extra` is what `prepare` made.
  virtual void run(Frame &frame, const float *extra) const = 0;
};

// Makers, one family of steps per file.
std::unique_ptr<Step> make_convolve(const Tensor &from, const Tensor &to, int in, int out,
                                    const float *weight, Sliding sliding, std::int64_t groups,
                                    bool transposed);
std::unique_ptr<Step> make_dense(const Tensor &from, int in, int output, const float *weight,
                                 std::int64_t width);
std::unique_ptr<Step> make_activate(int in, int out, Activation activation);
std::unique_ptr<Step> make_activate_channels(const Tensor &from, int in, int out, Activation activation,
                                             const float *first);
std::unique_ptr<Step> make_activate_by(int in, int by, int out, Activation activation);
std::unique_ptr<Step> make_add(int a, int b, int out, float sign);
std::unique_ptr<Step> make_multiply(int a, int b, int out);
std::unique_ptr<Step> make_scale(const Tensor &from, int in, int out, const float *factors);
std::unique_ptr<Step> make_select(const Tensor &to, int in, int out, std::int64_t shift,
                                  std::int64_t first_channel, std::int64_t factor);
std::unique_ptr<Step> make_join(const std::vector<Tensor> &tensors, const std::vector<int> &in, int out);
std::unique_ptr<Step> make_max_pool(int in, int out, Sliding sliding);
std::unique_ptr<Step> make_average_pool(const Tensor &from, int in, int out, Sliding sliding, bool by_kernel);
std::unique_ptr<Step> make_layer_norm(const Tensor &from, int in, int out, const float *factors,
                                      const float *offsets, float epsilon);
std::unique_ptr<Step> make_softmax(const Tensor &from, int in, int out);
std::unique_ptr<Step> make_attention_pool(int in, int logits, int out, std::int64_t group);
std::unique_ptr<Step> make_whole(const Tensor &from, int in, int output);
std::unique_ptr<Step> make_sum(const Tensor &from, int in, int output, float factor);
std::unique_ptr<Step> make_largest(const Tensor &from, int in, int output);

} // namespace gxfast::delta
