// Steps that put the channels of a position, or the positions of a fixed group, together.

#include <cmath>

#include "step.hpp"

namespace gxfast::delta {
namespace {

/// f(reference + change) - f(reference) for a function of whole rows.
class RowStep : public Step {
public:
  RowStep(int in, int out, std::int64_t channels) : in_(in), out_(out), channels_(channels) {}

  Floats prepare(const std::vector<Tensor> &tensors, const ReferenceData &data) const override {
    const Tensor &from = tensors[static_cast<std::size_t>(in_)];
    const float *rows = data.rows[static_cast<std::size_t>(in_)].data();
    Floats after(from.length * from.stride);
    std::fill_n(after.data(), after.size(), 0.0F);
    for (std::int64_t position = 0; position < from.length; ++position)
      value(rows + position * from.stride, after.data() + position * from.stride);
    return after;
  }

  void run(Frame &frame, const float *extra) const override {
    const Windows &in = frame.of(in_);
    Windows &out = frame.of(out_);
    out.clear();
    Floats edited(in.stride);
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
           position <= out.hi[static_cast<std::size_t>(h)]; ++position) {
        const float *reference = frame.reference_row(in_, position), *change = in.row(h, position);
        for (std::int64_t c = 0; c < channels_; ++c)
          edited.data()[c] = reference[c] + change[c];
        float *to = out.row(h, position);
        value(edited.data(), to);
        for (std::int64_t c = 0; c < channels_; ++c)
          to[c] -= extra[position * out.stride + c];
      }
  }

protected:
  virtual void value(const float *row, float *out) const = 0;

  int in_, out_;
  std::int64_t channels_;
};

class LayerNorm final : public RowStep {
public:
  LayerNorm(const Tensor &from, int in, int out, const float *factors, const float *offsets, float epsilon)
      : RowStep(in, out, from.channels), factors_(factors, factors + from.channels),
        offsets_(offsets, offsets + from.channels), epsilon_(static_cast<double>(epsilon)) {}

private:
  void value(const float *row, float *out) const override {
    double mean = 0, variance = 0;
    for (std::int64_t c = 0; c < channels_; ++c)
      mean += static_cast<double>(row[c]);
    mean /= static_cast<double>(channels_);
    for (std::int64_t c = 0; c < channels_; ++c)
      variance += (static_cast<double>(row[c]) - mean) * (static_cast<double>(row[c]) - mean);
    const double scale = 1 / std::sqrt(variance / static_cast<double>(channels_) + epsilon_);
    for (std::int64_t c = 0; c < channels_; ++c)
      out[c] = static_cast<float>((static_cast<double>(row[c]) - mean) * scale) *
                   factors_[static_cast<std::size_t>(c)] +
               offsets_[static_cast<std::size_t>(c)];
  }

  std::vector<float> factors_, offsets_;
  double epsilon_;
};

class Softmax final : public RowStep {
public:
  using RowStep::RowStep;

private:
  void value(const float *row, float *out) const override {
    const float most = *std::max_element(row, row + channels_);
    double sum = 0;
    for (std::int64_t c = 0; c < channels_; ++c) {
      out[c] = std::exp(row[c] - most);
      sum += static_cast<double>(out[c]);
    }
    for (std::int64_t c = 0; c < channels_; ++c)
      out[c] = static_cast<float>(static_cast<double>(out[c]) / sum);
  }
};

/// Attention pooling: neighbouring positions are averaged with weights softmax(logits), channel by channel.
class AttentionPool final : public Step {
public:
  AttentionPool(int in, int logits, int out, std::int64_t group)
      : in_(in), logits_(logits), out_(out), group_(group) {}

  Floats prepare(const std::vector<Tensor> &tensors, const ReferenceData &data) const override {
    const Tensor &to = tensors[static_cast<std::size_t>(out_)];
    Floats after(to.length * to.stride);
    const auto n = static_cast<std::size_t>(group_);
    std::vector<const float *> x(n), logits(n), none(n, nullptr);
    for (std::int64_t position = 0; position < to.length; ++position) {
      for (std::size_t i = 0; i < n; ++i) {
        const std::int64_t at = (position * group_ + static_cast<std::int64_t>(i)) * to.stride;
        x[i] = data.rows[static_cast<std::size_t>(in_)].data() + at;
        logits[i] = data.rows[static_cast<std::size_t>(logits_)].data() + at;
      }
      row_kernels().attend(x.data(), none.data(), logits.data(), none.data(), group_, to.stride,
                           after.data() + position * to.stride);
    }
    return after;
  }

  void run(Frame &frame, const float *extra) const override {
    const Windows &in = frame.of(in_), &weighed = frame.of(logits_);
    Windows &out = frame.of(out_);
    const auto n = static_cast<std::size_t>(group_);
    std::vector<const float *> x(n), x_change(n), logits(n), logits_change(n);
    for (std::int64_t h = 0; h < frame.n; ++h)
      for (std::int64_t position = out.lo[static_cast<std::size_t>(h)];
           position <= out.hi[static_cast<std::size_t>(h)]; ++position) {
        for (std::size_t i = 0; i < n; ++i) {
          const std::int64_t at = position * group_ + static_cast<std::int64_t>(i);
          x[i] = frame.reference_row(in_, at);
          x_change[i] = in.row_or_null(h, at);
          logits[i] = frame.reference_row(logits_, at);
          logits_change[i] = weighed.row_or_null(h, at);
        }
        float *to = out.row(h, position);
        row_kernels().attend(x.data(), x_change.data(), logits.data(), logits_change.data(), group_,
                             out.stride, to);
        row_kernels().add(extra + position * out.stride, -1.0F, out.stride, to);
      }
  }

private:
  int in_, logits_, out_;
  std::int64_t group_;
};

} // namespace

std::unique_ptr<Step> make_layer_norm(const Tensor &from, int in, int out, const float *factors,
                                      const float *offsets, float epsilon) {
  return std::make_unique<LayerNorm>(from, in, out, factors, offsets, epsilon);
}

std::unique_ptr<Step> make_softmax(const Tensor &from, int in, int out) {
  return std::make_unique<Softmax>(in, out, from.channels);
}

std::unique_ptr<Step> make_attention_pool(int in, int logits, int out, std::int64_t group) {
  return std::make_unique<AttentionPool>(in, logits, out, group);
}

} // namespace gxfast::delta
