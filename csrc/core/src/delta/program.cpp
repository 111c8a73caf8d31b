#include <cstring>
#include <stdexcept>

#include "gxfast/delta.hpp"
#include "step.hpp"

namespace gxfast::delta {
namespace {

/// Buffers of a frame stay in the second-level cache; a weight read from further away serves all its rows.
constexpr std::int64_t kFrameBytes = 1 << 19;
constexpr std::int64_t kFrameRows = 64;

/// Of anything that positions are multiplied with or moved by, and values of a tensor: no sum or product of
/// them leaves 64 bits.
constexpr std::int64_t kFurthest = 1 << 30, kMostValues = std::int64_t{1} << 40;

std::size_t idx(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Sets the windows of the frame's rows of edits, and room for them.
void place(const std::vector<Tensor> &tensors, const EditRows &edits, std::int64_t begin, Frame &frame) {
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const Tensor &tensor = tensors[t];
    Windows &windows = frame.windows[t];
    windows.lo.assign(idx(frame.n), 0);
    windows.hi.assign(idx(frame.n), -1);
    windows.first.assign(idx(frame.n) + 1, 0);
    for (std::int64_t h = 0; h < frame.n; ++h) {
      std::int64_t lo = tensor.length, hi = -1;
      for (std::int64_t e = edits.offset[begin + h]; e < edits.offset[begin + h + 1]; ++e) {
        const std::size_t position = idx(edits.position[e]);
        if (tensor.hi[position] < tensor.lo[position])
          continue;
        lo = std::min<std::int64_t>(lo, tensor.lo[position]);
        hi = std::max<std::int64_t>(hi, tensor.hi[position]);
      }
      windows.lo[idx(h)] = hi < 0 ? 0 : lo;
      windows.hi[idx(h)] = hi;
      windows.first[idx(h) + 1] = windows.first[idx(h)] + (hi < 0 ? 0 : hi - lo + 1);
    }
    windows.stride = tensor.stride;
    windows.values.reserve(windows.n_rows() * tensor.stride);
  }
}

void write_edits(const EditRows &edits, std::int64_t begin, Frame &frame) {
  Windows &input = frame.windows[0];
  input.clear();
  for (std::int64_t h = 0; h < frame.n; ++h)
    for (std::int64_t e = edits.offset[begin + h]; e < edits.offset[begin + h + 1]; ++e)
      if (input.row_or_null(h, edits.position[e]) != nullptr)
        std::copy_n(edits.change + 4 * e, 4, input.row(h, edits.position[e]));
}

} // namespace

void Windows::clear() {
  if (n_rows() > 0)
    std::memset(values.data(), 0, idx(n_rows() * stride) * sizeof(float));
}

Program::Program(std::int64_t length) : length_(length) {
  if (length <= 0)
    throw std::invalid_argument("a program needs a sequence");
}
Program::~Program() = default;

int Program::tensor(std::int64_t length, std::int64_t channels, std::vector<std::int32_t> lo,
                    std::vector<std::int32_t> hi) {
  if (length <= 0 || channels <= 0 || lo.size() != idx(length_) || hi.size() != idx(length_))
    throw std::invalid_argument("a tensor needs positions, channels, and a window per input position");
  if (length > INT32_MAX || channels > kMostValues / length)
    throw std::invalid_argument("a tensor has too many values");
  if (tensors_.empty() && (length != length_ || channels != 4))
    throw std::invalid_argument("the first tensor is the input");
  std::int64_t width = 0;
  for (std::size_t p = 0; p < lo.size(); ++p) {
    if (hi[p] >= lo[p] && (lo[p] < 0 || hi[p] >= length))
      throw std::invalid_argument("a window reaches past its tensor");
    width = std::max(width, std::int64_t{hi[p]} - lo[p] + 1);
  }
  tensors_.push_back({length, channels, padded(channels), std::move(lo), std::move(hi), width});
  return static_cast<int>(tensors_.size()) - 1;
}

void Program::check(int tensor) const {
  if (tensor < 0 || idx(tensor) >= tensors_.size())
    throw std::invalid_argument("no such tensor");
}

void Program::check_same(int a, int b) const {
  check(a), check(b);
  if (tensors_[idx(a)].length != tensors_[idx(b)].length ||
      tensors_[idx(a)].channels != tensors_[idx(b)].channels)
    throw std::invalid_argument("tensors of other sizes are put together");
}

std::int64_t Program::channels(int tensor) const { return check(tensor), tensors_[idx(tensor)].channels; }
std::int64_t Program::length(int tensor) const { return check(tensor), tensors_[idx(tensor)].length; }

namespace {
void check_sliding(const Sliding &sliding) {
  if (sliding.kernel < 1 || sliding.stride < 1 || sliding.dilation < 1)
    throw std::invalid_argument("kernel, stride and dilation are at least 1");
  if (std::max({sliding.kernel, sliding.stride, sliding.dilation}) > kFurthest ||
      sliding.before > kFurthest || sliding.before < -kFurthest)
    throw std::invalid_argument("a window reaches too far");
}
} // namespace

void Program::add_convolution(int in, int out, const float *weight, Sliding sliding, std::int64_t groups,
                              bool transposed) {
  check(in), check(out), check_sliding(sliding);
  if (groups < 1 || channels(in) % groups != 0 || channels(out) % groups != 0)
    throw std::invalid_argument("channels do not divide into groups");
  steps_.push_back(
      make_convolve(tensors_[idx(in)], tensors_[idx(out)], in, out, weight, sliding, groups, transposed));
}

void Program::convolve(int in, int out, const float *weight, Sliding sliding, std::int64_t groups) {
  add_convolution(in, out, weight, sliding, groups, false);
}

void Program::convolve_transposed(int in, int out, const float *weight, Sliding sliding,
                                  std::int64_t groups) {
  add_convolution(in, out, weight, sliding, groups, true);
}

/// Throws if a window of `out` is not inside that of `in`: steps that fill `out` from `in` alone rely on it.
void Program::check_covered(int in, int out) const {
  check_same(in, out);
  const Tensor &a = tensors_[idx(in)], &b = tensors_[idx(out)];
  for (std::size_t p = 0; p < b.lo.size(); ++p)
    if (b.hi[p] >= b.lo[p] && (a.lo[p] > b.lo[p] || a.hi[p] < b.hi[p]))
      throw std::invalid_argument("a window is wider than what it is made from");
}

void Program::activate(int in, int out, Activation activation) {
  check_covered(in, out);
  tensors_[idx(in)].referenced = true;
  steps_.push_back(make_activate(in, out, activation));
}

void Program::activate_channels(int in, int out, Activation activation, const float *first) {
  check_same(in, out);
  tensors_[idx(in)].referenced = true;
  steps_.push_back(make_activate_channels(tensors_[idx(in)], in, out, activation, first));
}

void Program::activate_by(int in, int by, int out, Activation activation) {
  check_same(in, out), check_same(by, out);
  tensors_[idx(in)].referenced = tensors_[idx(by)].referenced = true;
  steps_.push_back(make_activate_by(in, by, out, activation));
}

void Program::max_pool(int in, int out, Sliding sliding) {
  check(in), check(out), check_sliding(sliding);
  if (tensors_[idx(in)].channels != tensors_[idx(out)].channels)
    throw std::invalid_argument("a pool keeps channels");
  tensors_[idx(in)].referenced = true;
  steps_.push_back(make_max_pool(in, out, sliding));
}

void Program::average_pool(int in, int out, Sliding sliding, bool by_kernel) {
  check(in), check(out), check_sliding(sliding);
  if (tensors_[idx(in)].channels != tensors_[idx(out)].channels)
    throw std::invalid_argument("a pool keeps channels");
  steps_.push_back(make_average_pool(tensors_[idx(in)], in, out, sliding, by_kernel));
}

void Program::add(int a, int b, int out, float sign) {
  check_same(a, out), check_same(b, out);
  steps_.push_back(make_add(a, b, out, sign));
}

void Program::multiply(int a, int b, int out) {
  check_same(a, out), check_same(b, out);
  tensors_[idx(a)].referenced = tensors_[idx(b)].referenced = true;
  steps_.push_back(make_multiply(a, b, out));
}

void Program::layer_norm(int in, int out, const float *factors, const float *offsets, float epsilon) {
  check_covered(in, out);
  tensors_[idx(in)].referenced = true;
  steps_.push_back(make_layer_norm(tensors_[idx(in)], in, out, factors, offsets, epsilon));
}

void Program::softmax(int in, int out) {
  check_covered(in, out);
  tensors_[idx(in)].referenced = true;
  steps_.push_back(make_softmax(tensors_[idx(in)], in, out));
}

void Program::attention_pool(int in, int logits, int out, std::int64_t group) {
  check_same(in, logits), check(out);
  if (group < 1 || group > length(in) || length(out) * group != length(in) || channels(out) != channels(in))
    throw std::invalid_argument("groups do not make up the sequence");
  tensors_[idx(in)].referenced = tensors_[idx(logits)].referenced = true;
  steps_.push_back(make_attention_pool(in, logits, out, group));
}

void Program::scale(int in, int out, const float *factors) {
  check_covered(in, out);
  steps_.push_back(make_scale(tensors_[idx(in)], in, out, factors));
}

void Program::select(int in, int out, std::int64_t shift, std::int64_t first_channel) {
  check(in), check(out);
  if (first_channel < 0 || first_channel > channels(in) - channels(out))
    throw std::invalid_argument("channels that do not exist are selected");
  if (shift < -kFurthest || shift > kFurthest)
    throw std::invalid_argument("positions are moved too far");
  steps_.push_back(make_select(tensors_[idx(out)], in, out, shift, first_channel, 1));
}

void Program::reverse(int in, int out, std::int64_t last) {
  check(in), check(out);
  if (channels(out) != channels(in) || last < -kFurthest || last > kFurthest)
    throw std::invalid_argument("positions turned round do not make up the tensor");
  steps_.push_back(make_select(tensors_[idx(out)], in, out, last, 0, -1));
}

void Program::repeat(int in, int out, std::int64_t factor) {
  check(in), check(out);
  if (factor < 1 || factor > length(out) || length(out) != factor * length(in) ||
      channels(out) != channels(in))
    throw std::invalid_argument("positions repeated do not make up the tensor");
  steps_.push_back(make_select(tensors_[idx(out)], in, out, 0, 0, factor));
}

void Program::join(const std::vector<int> &in, int out) {
  check(out);
  std::int64_t total = 0;
  for (const int tensor : in) {
    total += tensor < 0 ? -1 - tensor : channels(tensor);
    if (tensor >= 0 && length(tensor) != length(out))
      throw std::invalid_argument("tensors of other lengths are joined");
  }
  if (total != channels(out))
    throw std::invalid_argument("joined channels do not add up");
  steps_.push_back(make_join(tensors_, in, out));
}

int Program::whole(int in) {
  check(in);
  tensors_[idx(in)].referenced = true;
  const int output = static_cast<int>(output_sizes_.size());
  output_sizes_.push_back(length(in) * channels(in));
  steps_.push_back(make_whole(tensors_[idx(in)], in, output));
  return output;
}

int Program::dense(int in, const float *weight, std::int64_t width) {
  check(in);
  if (width < 1)
    throw std::invalid_argument("a dense layer has a width");
  const int output = static_cast<int>(output_sizes_.size());
  output_sizes_.push_back(width);
  steps_.push_back(make_dense(tensors_[idx(in)], in, output, weight, width));
  return output;
}

int Program::sum(int in, float factor) {
  check(in);
  const int output = static_cast<int>(output_sizes_.size());
  output_sizes_.push_back(channels(in));
  steps_.push_back(make_sum(tensors_[idx(in)], in, output, factor));
  return output;
}

int Program::largest(int in) {
  check(in);
  tensors_[idx(in)].referenced = true;
  const int output = static_cast<int>(output_sizes_.size());
  output_sizes_.push_back(channels(in));
  steps_.push_back(make_largest(tensors_[idx(in)], in, output));
  return output;
}

std::vector<int> Program::referenced() const {
  std::vector<int> result;
  for (std::size_t t = 0; t < tensors_.size(); ++t)
    if (tensors_[t].referenced)
      result.push_back(static_cast<int>(t));
  return result;
}

void Program::run(const Reference &reference, const EditRows &edits,
                  const std::vector<float *> &outputs) const {
  if (&reference.program_ != this || reference.data_->extra.size() != steps_.size())
    throw std::invalid_argument("the reference is not prepared for this program");
  std::int64_t bytes = 1;
  for (const Tensor &tensor : tensors_)
    bytes += tensor.width * tensor.stride * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t together = std::clamp<std::int64_t>(kFrameBytes / bytes, 1, kFrameRows);
  Frame frame;
  frame.windows.resize(tensors_.size());
  frame.reference = reference.data_.get();
  for (std::int64_t begin = 0; begin < edits.n; begin += together) {
    frame.n = std::min(together, edits.n - begin);
    frame.outputs.clear();
    for (std::size_t i = 0; i < outputs.size(); ++i)
      frame.outputs.push_back(outputs[i] + begin * output_sizes_[i]);
    place(tensors_, edits, begin, frame);
    write_edits(edits, begin, frame);
    for (std::size_t s = 0; s < steps_.size(); ++s)
      steps_[s]->run(frame, frame.reference->extra[s].data());
  }
}

Reference::Reference(const Program &program) : program_(program), data_(std::make_unique<ReferenceData>()) {
  data_->rows.resize(program.tensors_.size());
}

void Reference::set(std::int64_t i, const float *rows, std::int64_t n) {
  const std::vector<int> wanted = program_.referenced();
  if (i < 0 || i >= static_cast<std::int64_t>(wanted.size()))
    throw std::invalid_argument("the program asks for no such tensor");
  const int number = wanted[idx(i)];
  const Tensor &tensor = program_.tensors_[idx(number)];
  if (n != tensor.length * tensor.channels)
    throw std::invalid_argument("the tensor has another size");
  Floats copy(tensor.length * tensor.stride);
  for (std::int64_t position = 0; position < tensor.length; ++position) {
    float *to = copy.data() + position * tensor.stride;
    std::copy_n(rows + position * tensor.channels, tensor.channels, to);
    std::fill(to + tensor.channels, to + tensor.stride, 0.0F);
  }
  data_->rows[idx(number)] = std::move(copy);
}

void Reference::prepare() {
  for (const int tensor : program_.referenced())
    if (data_->rows[idx(tensor)].size() == 0)
      throw std::invalid_argument("a reference needs every tensor that the program asks for");
  data_->extra.clear();
  for (const auto &step : program_.steps_)
    data_->extra.push_back(step->prepare(program_.tensors_, *data_));
}

Reference::~Reference() = default;

} // namespace gxfast::delta
