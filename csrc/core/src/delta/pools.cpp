// Steps that put several positions together, and the outputs that are not matrix products.

#include <limits>

#include "step.hpp"

namespace gxfast::delta {
namespace {

/// max(reference + change) - max(reference) over the positions that exist.
class MaxPool final : public Step {
public:
  MaxPool(int in, int out, Sliding sliding) : in_(in), out_(out), sliding_(sliding) {}

  Floats prepare(const std::vector<Tensor> &tensors, const ReferenceData &data) const override {
    const Tensor &from = tensors[static_cast<std::size_t>(in_)],
                 &to = tensors[static_cast<std::size_t>(out_)];
    const float *rows = data.rows[static_cast<std::size_t>(in_)].data();
    Floats after(to.length * to.stride);
    std::vector<const float *> base, change;
    for (std::int64_t position = 0; position < to.length; ++position) {
      base.clear();
      for (std::int64_t t = 0; t < sliding_.kernel; ++t)
        if (const std::int64_t read = reads(position, t); read >= 0 && read < from.length)
          base.push_back(rows + read * from.stride);
      change.assign(base.size(), nullptr);
      row_kernels().largest(base.data(), change.data(), static_cast<std::int64_t>(base.size()), to.stride,
                            after.data() + position * to.stride);
    }
    return after;
  }

  void run(Frame &frame, const float *extra) const override {
    const Windows &in = frame.of(in_);
    Windows &out = frame.of(out_);
    const std::int64_t length = frame.reference->rows[static_cast<std::size_t>(in_)].size() / in.stride;
    std::vector<const float *> base(static_cast<std::size_t>(sliding_.kernel)), change(base.size());
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
           position <= out.hi[static_cast<std::size_t>(h)]; ++position) {
        std::size_t n = 0;
        for (std::int64_t t = 0; t < sliding_.kernel; ++t)
          if (const std::int64_t read = reads(position, t); read >= 0 && read < length) {
            base[n] = frame.reference_row(in_, read);
            change[n++] = in.row_or_null(h, read);
          }
        float *to = out.row(h, position);
        row_kernels().largest(base.data(), change.data(), static_cast<std::int64_t>(n), out.stride, to);
        row_kernels().add(extra + position * out.stride, -1.0F, out.stride, to);
      }
  }

private:
  std::int64_t reads(std::int64_t position, std::int64_t t) const {
    return position * sliding_.stride - sliding_.before + t * sliding_.dilation;
  }

  int in_, out_;
  Sliding sliding_;
};

class AveragePool final : public Step {
public:
  AveragePool(const Tensor &from, int in, int out, Sliding sliding, bool by_kernel)
      : in_(in), out_(out), length_(from.length), sliding_(sliding), by_kernel_(by_kernel) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    Windows &out = frame.of(out_);
    out.clear();
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
           position <= out.hi[static_cast<std::size_t>(h)]; ++position) {
        const float share = share_of(position);
        for (std::int64_t t = 0; t < sliding_.kernel; ++t)
          if (const float *from = in.row_or_null(h, reads(position, t)))
            row_kernels().add(from, share, out.stride, out.row(h, position));
      }
  }

private:
  std::int64_t reads(std::int64_t position, std::int64_t t) const {
    return position * sliding_.stride - sliding_.before + t * sliding_.dilation;
  }
  float share_of(std::int64_t position) const {
    std::int64_t counted = sliding_.kernel;
    if (!by_kernel_) {
      counted = 0;
      for (std::int64_t t = 0; t < sliding_.kernel; ++t)
        counted += reads(position, t) >= 0 && reads(position, t) < length_ ? 1 : 0;
    }
    return 1.0F / static_cast<float>(counted);
  }

  int in_, out_;
  std::int64_t length_;
  Sliding sliding_;
  bool by_kernel_;
};

/// All positions of the tensor, edited.
class Whole final : public Step {
public:
  Whole(const Tensor &from, int in, int output)
      : in_(in), output_(output), length_(from.length), channels_(from.channels) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    float *to = frame.outputs[static_cast<std::size_t>(output_)];
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = 0; position < length_; ++position, to += channels_) {
        const float *reference = frame.reference_row(in_, position), *change = in.row_or_null(h, position);
        for (std::int64_t c = 0; c < channels_; ++c)
          to[c] = change == nullptr ? reference[c] : reference[c] + change[c];
      }
  }

private:
  int in_, output_;
  std::int64_t length_, channels_;
};

class Sum final : public Step {
public:
  Sum(const Tensor &from, int in, int output, float factor)
      : in_(in), output_(output), channels_(from.channels), stride_(from.stride), factor_(factor) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    Floats total(stride_);
    for (std::int64_t h = 0; h < frame.n; ++h) {
      std::fill_n(total.data(), stride_, 0.0F);
      for (std::int64_t position = in.lo[static_cast<std::size_t>(h)];
           position <= in.hi[static_cast<std::size_t>(h)]; ++position)
        row_kernels().add(in.row(h, position), factor_, stride_, total.data());
      std::copy_n(total.data(), channels_, frame.outputs[static_cast<std::size_t>(output_)] + h * channels_);
    }
  }

private:
  int in_, output_;
  std::int64_t channels_, stride_;
  float factor_;
};

/// The largest value over all positions: those before the window, those behind it, and those in it.
class Largest final : public Step {
public:
  Largest(const Tensor &from, int in, int output)
      : in_(in), output_(output), length_(from.length), channels_(from.channels), stride_(from.stride) {}

  /// Largest of rows 0 .. i - 1 (length + 1 rows), then of rows i .. length - 1 (length + 1 rows).
  Floats prepare(const std::vector<Tensor> & /*tensors*/, const ReferenceData &data) const override {
    const float *rows = data.rows[static_cast<std::size_t>(in_)].data();
    Floats sides(2 * (length_ + 1) * stride_);
    float *before = sides.data(), *behind = before + (length_ + 1) * stride_;
    std::fill_n(before, stride_, -std::numeric_limits<float>::infinity());
    std::fill_n(behind + length_ * stride_, stride_, -std::numeric_limits<float>::infinity());
    for (std::int64_t i = 0; i < length_; ++i) {
      join(before + i * stride_, rows + i * stride_, before + (i + 1) * stride_);
      const std::int64_t k = length_ - 1 - i;
      join(behind + (k + 1) * stride_, rows + k * stride_, behind + k * stride_);
    }
    return sides;
  }

  void run(Frame &frame, const float *extra) const override {
    const Windows &in = frame.of(in_);
    const float *before = extra, *behind = extra + (length_ + 1) * stride_, *all = behind;
    std::vector<const float *> base, change;
    Floats best(stride_);
    for (std::int64_t h = 0; h < frame.n; ++h) {
      const auto i = static_cast<std::size_t>(h);
      const bool none = in.empty(h);
      base.assign({before + (none ? length_ : in.lo[i]) * stride_,
                   behind + (none ? length_ : in.hi[i] + 1) * stride_});
      change.assign(2, nullptr);
      for (std::int64_t position = in.lo[i]; position <= in.hi[i]; ++position) {
        base.push_back(frame.reference_row(in_, position));
        change.push_back(in.row(h, position));
      }
      row_kernels().largest(base.data(), change.data(), static_cast<std::int64_t>(base.size()), stride_,
                            best.data());
      float *to = frame.outputs[static_cast<std::size_t>(output_)] + h * channels_;
      for (std::int64_t c = 0; c < channels_; ++c)
        to[c] = best.data()[c] - all[c];
    }
  }

private:
  void join(const float *a, const float *b, float *out) const {
    const float *const rows[] = {a, b}, *const none[] = {nullptr, nullptr};
    row_kernels().largest(rows, none, 2, stride_, out);
  }

  int in_, output_;
  std::int64_t length_, channels_, stride_;
};

} // namespace

std::unique_ptr<Step> make_max_pool(int in, int out, Sliding sliding) {
  return std::make_unique<MaxPool>(in, out, sliding);
}

std::unique_ptr<Step> make_average_pool(const Tensor &from, int in, int out, Sliding sliding,
                                        bool by_kernel) {
  return std::make_unique<AveragePool>(from, in, out, sliding, by_kernel);
}

std::unique_ptr<Step> make_whole(const Tensor &from, int in, int output) {
  return std::make_unique<Whole>(from, in, output);
}

std::unique_ptr<Step> make_sum(const Tensor &from, int in, int output, float factor) {
  return std::make_unique<Sum>(from, in, output, factor);
}

std::unique_ptr<Step> make_largest(const Tensor &from, int in, int output) {
  return std::make_unique<Largest>(from, in, output);
}

} // namespace gxfast::delta
