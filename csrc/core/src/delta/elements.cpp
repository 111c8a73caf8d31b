// Steps that treat every value by itself, or move rows.

#include "step.hpp"

namespace gxfast::delta {
namespace {

/// Calls body(h, from, to, n values) for the stretch of rows that two windows of equal positions share.
template <class Body> void for_shared(const Frame &frame, const Windows &in, Windows &out, const Body &body) {
  for (std::int64_t h = 0; h < frame.n; ++h) {
    const auto i = static_cast<std::size_t>(h);
    const std::int64_t first = std::max(in.lo[i], out.lo[i]), last = std::min(in.hi[i], out.hi[i]);
    if (first <= last)
      body(first, in.row(h, first), out.row(h, first), (last - first + 1) * out.stride);
  }
}

/// One value per channel, and 0 in what is padded.
Floats padded_row(const Tensor &tensor, const float *values) {
  Floats row(tensor.stride);
  std::fill_n(row.data(), tensor.stride, 0.0F);
  std::copy_n(values, tensor.channels, row.data());
  return row;
}

/// f(reference + change) - f(reference)
class Activate final : public Step {
public:
  Activate(int in, int out, Activation activation) : in_(in), out_(out), activation_(activation) {}

  Floats prepare(const std::vector<Tensor> & /*tensors*/, const ReferenceData &data) const override {
    const Floats &rows = data.rows[static_cast<std::size_t>(in_)];
    Floats after(rows.size());
    row_kernels().activate(activation_, {rows.data()}, {}, nullptr, rows.size(), after.data());
    return after;
  }

  void run(Frame &frame, const float *extra) const override {
    Windows &out = frame.of(out_);
    for_shared(frame, frame.of(in_), out,
               [&](std::int64_t position, const float *from, float *to, std::int64_t n) {
                 row_kernels().activate(activation_, {frame.reference_row(in_, position), from}, {},
                                        extra + position * out.stride, n, to);
               });
  }

private:
  int in_, out_;
  Activation activation_;
};

/// The same with a setting per channel, or of another tensor, element by element.
class ActivateBy final : public Step {
public:
  ActivateBy(int in, int out, Activation activation, Floats first)
      : in_(in), out_(out), activation_(activation), first_(std::move(first)) {}
  ActivateBy(int in, int by, int out, Activation activation)
      : in_(in), by_(by), out_(out), activation_(activation) {}

  Floats prepare(const std::vector<Tensor> &tensors, const ReferenceData &data) const override {
    const Floats &rows = data.rows[static_cast<std::size_t>(in_)];
    const std::int64_t stride = tensors[static_cast<std::size_t>(in_)].stride;
    Floats after(rows.size());
    for (std::int64_t at = 0; at < rows.size(); at += stride) {
      const float *first = by_ < 0 ? first_.data() : data.rows[static_cast<std::size_t>(by_)].data() + at;
      row_kernels().activate(activation_, {rows.data() + at}, {first}, nullptr, stride, after.data() + at);
    }
    return after;
  }

  void run(Frame &frame, const float *extra) const override {
    Windows &out = frame.of(out_);
    const auto given = [&](int tensor, std::int64_t h, std::int64_t position) -> Given {
      return {frame.reference_row(tensor, position), frame.of(tensor).row_or_null(h, position)};
    };
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
           position <= out.hi[static_cast<std::size_t>(h)]; ++position)
        row_kernels().activate(activation_, given(in_, h, position),
                               by_ < 0 ? Given{first_.data()} : given(by_, h, position),
                               extra + position * out.stride, out.stride, out.row(h, position));
  }

private:
  int in_, by_ = -1, out_;
  Activation activation_;
  Floats first_; // if there is no other tensor
};

class Add final : public Step {
public:
  Add(int a, int b, int out, float sign) : a_(a), b_(b), out_(out), sign_(sign) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    Windows &out = frame.of(out_);
    out.clear();
    for (const auto &[tensor, factor] : {std::pair<int, float>{a_, 1.0F}, {b_, sign_}})
      for_shared(frame, frame.of(tensor), out,
                 [&, times = factor](std::int64_t /*position*/, const float *from, float *to,
                                     std::int64_t n) { row_kernels().add(from, times, n, to); });
  }

private:
  int a_, b_, out_;
  float sign_;
};

class Multiply final : public Step {
public:
  Multiply(int a, int b, int out) : a_(a), b_(b), out_(out) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &a = frame.of(a_), &b = frame.of(b_);
    Windows &out = frame.of(out_);
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
           position <= out.hi[static_cast<std::size_t>(h)]; ++position)
        row_kernels().product(frame.reference_row(a_, position), a.row_or_null(h, position),
                              frame.reference_row(b_, position), b.row_or_null(h, position), out.stride,
                              out.row(h, position));
  }

private:
  int a_, b_, out_;
};

class Scale final : public Step {
public:
  Scale(int in, int out, Floats factors) : in_(in), out_(out), factors_(std::move(factors)) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    Windows &out = frame.of(out_);
    for_shared(frame, frame.of(in_), out, [&](std::int64_t, const float *from, float *to, std::int64_t n) {
      for (std::int64_t i = 0; i < n; i += out.stride)
        row_kernels().scale(from + i, factors_.data(), out.stride, to + i);
    });
  }

private:
  int in_, out_;
  Floats factors_;
};

/// Position o reads o / factor + shift, or shift - o where the factor is -1.
class Select final : public Step {
public:
  Select(const Tensor &to, int in, int out, std::int64_t shift, std::int64_t first_channel,
         std::int64_t factor)
      : in_(in), out_(out), shift_(shift), first_channel_(first_channel), channels_(to.channels),
        factor_(factor) {}

  void run(Frame &frame, const float * /*extra*/) const override {
    const Windows &in = frame.of(in_);
    Windows &out = frame.of(out_);
    out.clear();
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
           position <= out.hi[static_cast<std::size_t>(h)]; ++position)
        if (const float *from = in.row_or_null(h, position / factor_ + shift_))
          std::copy_n(from + first_channel_, channels_, out.row(h, position));
  }

private:
  int in_, out_;
  std::int64_t shift_, first_channel_, channels_, factor_;
};

class Join final : public Step {
public:
  Join(const std::vector<Tensor> &tensors, const std::vector<int> &in, int out) : out_(out) {
    std::int64_t at = 0;
    for (const int tensor : in) {
      const std::int64_t channels =
          tensor < 0 ? -1 - tensor : tensors[static_cast<std::size_t>(tensor)].channels;
      if (tensor >= 0)
        parts_.push_back({tensor, at, channels});
      at += channels;
    }
  }

  void run(Frame &frame, const float * /*extra*/) const override {
    Windows &out = frame.of(out_);
    out.clear();
    for (const Part &part : parts_) {
      const Windows &in = frame.of(part.tensor);
      for (std::int64_t h = 0; h < frame.n; ++h)
        for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
             position <= out.hi[static_cast<std::size_t>(h)]; ++position)
          if (const float *from = in.row_or_null(h, position))
            std::copy_n(from, part.channels, out.row(h, position) + part.at);
    }
  }

private:
  struct Part {
    int tensor;
    std::int64_t at, channels;
  };
  int out_;
  std::vector<Part> parts_;
};

} // namespace

std::unique_ptr<Step> make_activate(int in, int out, Activation activation) {
  return std::make_unique<Activate>(in, out, activation);
}

std::unique_ptr<Step> make_activate_channels(const Tensor &from, int in, int out, Activation activation,
                                             const float *first) {
  return std::make_unique<ActivateBy>(in, out, activation, padded_row(from, first));
}

std::unique_ptr<Step> make_activate_by(int in, int by, int out, Activation activation) {
  return std::make_unique<ActivateBy>(in, by, out, activation);
}

std::unique_ptr<Step> make_add(int a, int b, int out, float sign) {
  return std::make_unique<Add>(a, b, out, sign);
}

std::unique_ptr<Step> make_multiply(int a, int b, int out) { return std::make_unique<Multiply>(a, b, out); }

std::unique_ptr<Step> make_scale(const Tensor &from, int in, int out, const float *factors) {
  return std::make_unique<Scale>(in, out, padded_row(from, factors));
}

std::unique_ptr<Step> make_select(const Tensor &to, int in, int out, std::int64_t shift,
                                  std::int64_t first_channel, std::int64_t factor) {
  return std::make_unique<Select>(to, in, out, shift, first_channel, factor);
}

std::unique_ptr<Step> make_join(const std::vector<Tensor> &tensors, const std::vector<int> &in, int out) {
  return std::make_unique<Join>(tensors, in, out);
}

} // namespace gxfast::delta
