// Steps that are matrix products: pairs of rows (one read, one written to) times a matrix.

#include <numeric>

#include "step.hpp"

namespace gxfast::delta {
namespace {

/// `depth` x `width` in panels of kLanes columns, filled up with zeros.
template <class At> void pack(std::int64_t depth, std::int64_t width, const At &at, float *packed) {
  const std::int64_t panels = padded(width) / kLanes;
  for (std::int64_t p = 0; p < panels; ++p)
    for (std::int64_t k = 0; k < depth; ++k)
      for (std::int64_t j = 0; j < kLanes; ++j) {
        const std::int64_t column = p * kLanes + j;
        *packed++ = column < width ? at(k, column) : 0.0F;
      }
}

/// Which rows a convolution puts together. Where a position of `from` and one of `to` meet in tap t, one (of
/// `from` if transposed) times the stride, plus `moved(t)`, is the other.
struct Taps {
  Sliding sliding;
  bool transposed;

  std::int64_t moved(std::int64_t t) const { return t * sliding.dilation - sliding.before; }

  /// Calls body(row of `in`, row of `out`), rows counted from the start of `values`, for all that meet in
  /// tap t.
  template <class Body>
  void for_pairs(const Frame &frame, const Windows &in, const Windows &out, std::int64_t t,
                 const Body &body) const {
    const Windows &few = transposed ? in : out, &many = transposed ? out : in;
    for (std::int64_t h = 0; h < frame.n; ++h) {
      if (in.empty(h) || out.empty(h))
        continue;
      const auto i = static_cast<std::size_t>(h);
      const std::int64_t first = std::max(few.lo[i], ceil_divide(many.lo[i] - moved(t), sliding.stride));
      const std::int64_t last = std::min(few.hi[i], floor_divide(many.hi[i] - moved(t), sliding.stride));
      std::int64_t a = few.first[i] + first - few.lo[i];
      std::int64_t b = many.first[i] + first * sliding.stride + moved(t) - many.lo[i];
      for (std::int64_t k = first; k <= last; ++k, ++a, b += sliding.stride)
        transposed ? body(a, b) : body(b, a);
    }
  }

  /// The row of `in` that reaches a position of the output through tap t, if it has one.
  const float *row_or_null(const Windows &in, std::int64_t h, std::int64_t position, std::int64_t t) const {
    if (!transposed)
      return in.row_or_null(h, position * sliding.stride + moved(t));
    const std::int64_t spread = position - moved(t);
    return spread % sliding.stride != 0 ? nullptr : in.row_or_null(h, spread / sliding.stride);
  }

  /// Where a position of the input adds to through tap t, if anywhere.
  bool target(std::int64_t position, std::int64_t t, std::int64_t &to) const {
    to = transposed ? position * sliding.stride + moved(t) : position - moved(t);
    if (!transposed && sliding.stride != 1) {
      if (to % sliding.stride != 0)
        return false;
      to /= sliding.stride;
    }
    return true;
  }

private:
  static std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
  static std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return -floor_divide(-a, b); }
};

/// The change of a convolution is the convolution of the change: no bias. Every tap adds its product to the
/// output rows that read the window through it; what lies outside the window has no change and is never
/// touched. With groups, a panel of output channels takes the product with the groups that it meets.
class Convolve final : public Step {
public:
  Convolve(const Tensor &from, const Tensor &to, int in, int out, const float *weight, Taps taps,
           std::int64_t groups)
      : in_(in), out_(out), taps_(taps) {
    const std::int64_t depth = from.channels / groups, width = to.channels / groups;
    for (std::int64_t column = 0; column < to.channels; column += kLanes) {
      const std::int64_t last = std::min(column + kLanes, to.channels) - 1;
      const std::int64_t group = column / width, behind = last / width + 1;
      if (!blocks_.empty() && blocks_.back().channel == group * depth &&
          blocks_.back().depth == (behind - group) * depth)
        blocks_.back().width += last + 1 - column;
      else
        blocks_.push_back({column, last + 1 - column, group * depth, (behind - group) * depth, {}});
    }
    for (Block &block : blocks_) {
      block.weight.reserve(taps.sliding.kernel * block.size());
      for (std::int64_t t = 0; t < taps.sliding.kernel; ++t)
        pack(
            block.depth, block.width,
            [&](std::int64_t k, std::int64_t j) {
              const std::int64_t column = block.column + j,
                                 inner = block.channel + k - column / width * depth;
              return inner < 0 || inner >= depth ? 0.0F : weight[(t * depth + inner) * to.channels + column];
            },
            block.weight.data() + t * block.size());
    }
  }

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    Windows &out = frame.of(out_);
    out.clear();
    for (std::int64_t t = 0; t < taps_.sliding.kernel; ++t) {
      frame.from.clear();
      frame.to.clear();
      taps_.for_pairs(frame, in, out, t, [&](std::int64_t from, std::int64_t to) {
        frame.from.push_back(static_cast<std::int32_t>(from));
        frame.to.push_back(static_cast<std::int32_t>(to));
      });
      if (frame.from.empty())
        continue; // an empty window has no rows to point to
      for (const Block &block : blocks_)
        row_kernels().multiply(in.values.data() + block.channel, in.stride, block.depth,
                               block.weight.data() + t * block.size(), padded(block.width) / kLanes,
                               out.values.data() + block.column, out.stride, frame.from.data(),
                               frame.to.data(), static_cast<std::int64_t>(frame.from.size()));
    }
  }

private:
  /// Output channels from `column` on, a whole panel's first, read `depth` input channels from `channel` on.
  struct Block {
    std::int64_t column, width, channel, depth;
    Floats weight;
    std::int64_t size() const { return depth * padded(width); }
  };

  int in_, out_;
  Taps taps_;
  std::vector<Block> blocks_;
};

/// A convolution with few output channels: one product with the matrices of all taps side by side, whose
/// columns are then added where each tap puts them. By itself every tap would fill a panel with zeros.
class Narrow final : public Step {
public:
  Narrow(const Tensor &from, const Tensor &to, int in, int out, const float *weight, Taps taps)
      : in_(in), out_(out), depth_(from.channels), width_(to.channels), taps_(taps),
        weight_(depth_ * padded(taps.sliding.kernel * width_)) {
    pack(
        depth_, taps.sliding.kernel * width_,
        [&](std::int64_t k, std::int64_t j) {
          return weight[(j / width_ * depth_ + k) * width_ + j % width_];
        },
        weight_.data());
  }

  /// Whether it multiplies less than `Convolve`; what it adds by single values is slower than products.
  static bool pays(const Tensor &from, const Tensor &to, std::int64_t kernel) {
    constexpr std::int64_t kSingle = 16;
    const std::int64_t all = kernel * to.channels;
    return padded(all) * from.channels + kSingle * all < kernel * padded(to.channels) * from.channels;
  }

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    Windows &out = frame.of(out_);
    out.clear();
    const std::int64_t stride = padded(taps_.sliding.kernel * width_);
    Floats products(kRows * stride);
    frame.from.resize(kRows);
    std::iota(frame.from.begin(), frame.from.end(), 0);
    for (std::int64_t h = 0; h < frame.n; ++h) {
      if (in.empty(h) || out.empty(h))
        continue;
      const std::int64_t behind = in.hi[static_cast<std::size_t>(h)] + 1;
      for (std::int64_t position = in.lo[static_cast<std::size_t>(h)]; position < behind; position += kRows) {
        const std::int64_t n = std::min(kRows, behind - position);
        std::fill_n(products.data(), n * stride, 0.0F);
        row_kernels().multiply(in.row(h, position), in.stride, depth_, weight_.data(), stride / kLanes,
                               products.data(), stride, frame.from.data(), frame.from.data(), n);
        for (std::int64_t i = 0; i < n; ++i)
          spread(out, h, position + i, products.data() + i * stride);
      }
    }
  }

private:
  static constexpr std::int64_t kRows = 128; // whose products stay in the caches

  /// Adds what one position gives, tap by tap.
  void spread(Windows &out, std::int64_t h, std::int64_t position, const float *products) const {
    const std::int64_t lo = out.lo[static_cast<std::size_t>(h)], hi = out.hi[static_cast<std::size_t>(h)];
    for (std::int64_t t = 0; t < taps_.sliding.kernel; ++t) {
      std::int64_t to = 0;
      if (!taps_.target(position, t, to) || to < lo || to > hi)
        continue;
      float *row = out.row(h, to);
      for (std::int64_t c = 0; c < width_; ++c)
        row[c] += products[t * width_ + c];
    }
  }

  int in_, out_;
  std::int64_t depth_, width_;
  Taps taps_;
  Floats weight_;
};

/// A convolution of which every output channel reads one input channel: no matrix.
class Depthwise final : public Step {
public:
  Depthwise(const Tensor &from, const Tensor &to, int in, int out, const float *weight, Taps taps)
      : in_(in), out_(out), times_(to.channels / from.channels), taps_(taps),
        weight_(taps.sliding.kernel * to.stride) {
    std::fill_n(weight_.data(), weight_.size(), 0.0F);
    for (std::int64_t t = 0; t < taps.sliding.kernel; ++t)
      std::copy_n(weight + t * to.channels, to.channels, weight_.data() + t * to.stride);
  }

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    Windows &out = frame.of(out_);
    const std::int64_t kernel = taps_.sliding.kernel;
    std::vector<const float *> rows(static_cast<std::size_t>(kernel)), factors(rows.size());
    Floats spread(times_ > 1 ? kernel * out.stride : 0);
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
           position <= out.hi[static_cast<std::size_t>(h)]; ++position) {
        std::size_t n = 0;
        for (std::int64_t t = 0; t < kernel; ++t)
          if (const float *row = taps_.row_or_null(in, h, position, t)) {
            factors[n] = weight_.data() + t * out.stride;
            rows[n++] = times_ > 1 ? repeated(row, out.stride, spread.data() + t * out.stride) : row;
          }
        row_kernels().weigh(rows.data(), factors.data(), static_cast<std::int64_t>(n), out.stride,
                            out.row(h, position));
      }
  }

private:
  /// Every channel as often as it is read.
  const float *repeated(const float *row, std::int64_t n, float *to) const {
    for (std::int64_t c = 0; c < n; ++c)
      to[c] = row[c / times_];
    return to;
  }

  int in_, out_;
  std::int64_t times_;
  Taps taps_;
  Floats weight_;
};

/// A dense layer over all positions: only the blocks of its weight that belong to changed positions are read,
/// each once for all rows of edits that change the position.
class Dense final : public Step {
public:
  Dense(const Tensor &from, int in, int output, const float *weight, std::int64_t width)
      : in_(in), output_(output), length_(from.length), depth_(from.channels), width_(width),
        weight_(from.length * from.channels * padded(width)) {
    for (std::int64_t k = 0; k < from.length * from.channels; k += from.channels)
      pack(
          from.channels, width,
          [&](std::int64_t c, std::int64_t column) { return weight[(k + c) * width + column]; },
          weight_.data() + k * padded(width));
  }

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
                                    const float *weight, Sliding sliding, std::int64_t groups,
                                    bool transposed) {
  if (groups > 1 && groups == from.channels)
    return std::make_unique<Depthwise>(from, to, in, out, weight, Taps{sliding, transposed});
  if (groups == 1 && Narrow::pays(from, to, sliding.kernel))
    return std::make_unique<Narrow>(from, to, in, out, weight, Taps{sliding, transposed});
  return std::make_unique<Convolve>(from, to, in, out, weight, Taps{sliding, transposed}, groups);
}

std::unique_ptr<Step> make_dense(const Tensor &from, int in, int output, const float *weight,
                                 std::int64_t width) {
  return std::make_unique<Dense>(from, in, output, weight, width);
}

} // namespace gxfast::delta
