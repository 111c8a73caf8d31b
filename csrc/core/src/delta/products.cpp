// Steps that are matrix products: pairs of rows (one read, one written to) times a matrix.

#include <numeric>

#include "step.hpp"

namespace gxfast::delta {
namespace {

/// `depth` x `width` in panels of kLanes columns, filled up with zeros.
void pack(const float *matrix, std::int64_t depth, std::int64_t width, float *packed) {
  const std::int64_t panels = padded(width) / kLanes;
  for (std::int64_t p = 0; p < panels; ++p)
    for (std::int64_t k = 0; k < depth; ++k)
      for (std::int64_t j = 0; j < kLanes; ++j) {
        const std::int64_t column = p * kLanes + j;
        *packed++ = column < width ? matrix[k * width + column] : 0.0F;
      }
}

Floats pack_all(const float *matrices, std::int64_t n, std::int64_t depth, std::int64_t width) {
  Floats packed(n * depth * padded(width));
  for (std::int64_t i = 0; i < n; ++i)
    pack(matrices + i * depth * width, depth, width, packed.data() + i * depth * padded(width));
  return packed;
}

/// The change of a convolution is the convolution of the change: no bias. Every tap adds its product to the
/// output rows that read the window through it; what lies outside the window has no change and is never
/// touched.
class Convolve final : public Step {
public:
  Convolve(const Tensor &from, const Tensor &to, int in, int out, const float *weight, Sliding sliding)
      : in_(in), out_(out), depth_(from.channels), panels_(to.stride / kLanes), sliding_(sliding),
        weight_(pack_all(weight, sliding.kernel, from.channels, to.channels)) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    Windows &out = frame.of(out_);
    out.clear();
    for (std::int64_t t = 0; t < sliding_.kernel; ++t) {
      pair_rows(frame, in, out, t);
      row_kernels().multiply(in.values.data(), in.stride, depth_,
                             weight_.data() + t * depth_ * panels_ * kLanes, panels_, out.values.data(),
                             out.stride, frame.from.data(), frame.to.data(),
                             static_cast<std::int64_t>(frame.from.size()));
    }
  }

private:
  /// Rows of the output that read a row of the input through tap t.
  void pair_rows(Frame &frame, const Windows &in, const Windows &out, std::int64_t t) const {
    frame.from.clear();
    frame.to.clear();
    const std::int64_t stride = sliding_.stride, moved = t * sliding_.dilation - sliding_.before;
    for (std::int64_t h = 0; h < frame.n; ++h) {
      if (in.empty(h) || out.empty(h))
        continue;
      const auto i = static_cast<std::size_t>(h);
      // o * stride + moved has to lie in [lo, hi] of the input.
      const std::int64_t first = std::max(out.lo[i], ceil_divide(in.lo[i] - moved, stride));
      const std::int64_t last = std::min(out.hi[i], floor_divide(in.hi[i] - moved, stride));
      std::int64_t read = in.first[i] + first * stride + moved - in.lo[i];
      for (std::int64_t o = first; o <= last; ++o, read += stride) {
        frame.from.push_back(static_cast<std::int32_t>(read));
        frame.to.push_back(static_cast<std::int32_t>(out.first[i] + o - out.lo[i]));
      }
    }
  }

  static std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
  static std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return -floor_divide(-a, b); }

  int in_, out_;
  std::int64_t depth_, panels_;
  Sliding sliding_;
  Floats weight_;
};

/// A dense layer over all positions: only the blocks of its weight that belong to changed positions are read,
/// each once for all rows of edits that change the position.
class Dense final : public Step {
public:
  Dense(const Tensor &from, int in, int output, const float *weight, std::int64_t width)
      : in_(in), output_(output), length_(from.length), depth_(from.channels), width_(width),
        weight_(pack_all(weight, from.length, from.channels, width)) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    const std::int64_t stride = padded(width_);
    Floats sums(frame.n * stride);
    std::fill(sums.data(), sums.data() + frame.n * stride, 0.0F);
    std::int64_t first = length_, last = -1;
    for (std::int64_t h = 0; h < frame.n; ++h)
      if (!in.empty(h)) {
        first = std::min(first, in.lo[static_cast<std::size_t>(h)]);
        last = std::max(last, in.hi[static_cast<std::size_t>(h)]);
      }
    for (std::int64_t position = first; position <= last; ++position) {
      frame.from.clear();
      frame.to.clear();
      for (std::int64_t h = 0; h < frame.n; ++h) {
        const float *row = in.row_or_null(h, position);
        if (row == nullptr)
          continue;
        frame.from.push_back(static_cast<std::int32_t>((row - in.values.data()) / in.stride));
        frame.to.push_back(static_cast<std::int32_t>(h));
      }
      if (!frame.from.empty())
        row_kernels().multiply(in.values.data(), in.stride, depth_,
                               weight_.data() + position * depth_ * stride, stride / kLanes, sums.data(),
                               stride, frame.from.data(), frame.to.data(),
                               static_cast<std::int64_t>(frame.from.size()));
    }
    float *output = frame.outputs[static_cast<std::size_t>(output_)];
    for (std::int64_t h = 0; h < frame.n; ++h)
      std::copy_n(sums.data() + h * stride, width_, output + h * width_);
  }

private:
  int in_, output_;
  std::int64_t length_, depth_, width_;
  Floats weight_;
};

} // namespace

std::unique_ptr<Step> make_convolve(const Tensor &from, const Tensor &to, int in, int out,
                                    const float *weight, Sliding sliding) {
  return std::make_unique<Convolve>(from, to, in, out, weight, sliding);
}

std::unique_ptr<Step> make_dense(const Tensor &from, int in, int output, const float *weight,
                                 std::int64_t width) {
  return std::make_unique<Dense>(from, in, output, weight, width);
}

} // namespace gxfast::delta
