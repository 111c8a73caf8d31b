#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gxfast::delta {

// What edits of a sequence change in a network, computed on the windows that they change and nowhere else.
//
// Every tensor is a table of rows: one row of `channels` values per position. A program is a list of steps;
// each takes *changes* (edited minus reference) of some tensors on a window and gives those of another. What
// a step needs of the reference itself is in a `Reference`, made once per sequence.

/// Functions of single elements x: each has its name in Python, and at most two settings a (`first`) and b
/// (`second`). They are ONNX's where nothing else is said.
// clang-format off
#define GXFAST_DELTA_FUNCTIONS(each)                                                                        \
  each(Relu, "relu") each(Sigmoid, "sigmoid") each(Tanh, "tanh") each(Exp, "exp") each(Elu, "elu")          \
  each(LeakyRelu, "leaky_relu") /* x > 0 ? x : a x */                                                       \
  each(Clip, "clip") /* min(max(x, a), b) */                                                                \
  each(Softplus, "softplus") each(Erf, "erf")                                                               \
  each(Gelu, "gelu") each(GeluTanh, "gelu_tanh") /* with erf; with tanh */                                  \
  each(Swish, "swish") /* x sigmoid(a x) */                                                                 \
  each(Celu, "celu") each(Mish, "mish") each(Softsign, "softsign") each(HardSwish, "hard_swish")            \
  each(Selu, "selu") /* b (x > 0 ? x : a (exp(x) - 1)) */                                                   \
  each(HardSigmoid, "hard_sigmoid") /* min(max(a x + b, 0), 1) */                                           \
  each(ThresholdedRelu, "thresholded_relu") /* x > a ? x : 0 */                                             \
  each(Shrink, "shrink") /* x < -a ? x + b : x > a ? x - b : 0 */                                           \
  each(Abs, "abs") each(Sign, "sign") each(Round, "round") each(Floor, "floor") each(Ceil, "ceil")          \
  each(Sqrt, "sqrt") each(Log, "log") each(Sin, "sin") each(Cos, "cos") each(Tan, "tan")                    \
  each(Asin, "asin") each(Acos, "acos") each(Atan, "atan") each(Sinh, "sinh") each(Cosh, "cosh")            \
  each(Asinh, "asinh") each(Acosh, "acosh") each(Atanh, "atanh")                                            \
  each(Min, "min") each(Max, "max") /* of x and a */                                                        \
  each(Over, "over") /* a / x */                                                                            \
  each(Power, "power") each(Raise, "raise") /* x to the a; a to the x */
// clang-format on

enum class Function {
#define GXFAST_ENUMERATOR(function, name) function,
  GXFAST_DELTA_FUNCTIONS(GXFAST_ENUMERATOR)
#undef GXFAST_ENUMERATOR
};

struct Activation {
  Function function;
  float first = 0, second = 0;
};

/// Position o of the output of a window that slides along the sequence reads o * stride - before + t *
/// dilation.
struct Sliding {
  std::int64_t kernel, stride, dilation, before;
};

/// Rows of edits: row h holds edits offset[h] .. offset[h + 1]; `change` is the new code minus the old, 4
/// values each.
struct EditRows {
  std::int64_t n;
  const std::int64_t *offset, *position;
  const float *change;
};

class Step;
class Reference;
struct ReferenceData;
struct Tensor;

class Program {
public:
  /// For sequences of `length` positions; tensor 0 is the one-hot input.
  explicit Program(std::int64_t length);
  ~Program();
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;

  /// A change of input position p changes positions lo[p] .. hi[p] at most (hi < lo: none). Returns its
  /// number.
  int tensor(std::int64_t length, std::int64_t channels, std::vector<std::int32_t> lo,
             std::vector<std::int32_t> hi);

  // Steps; they run in the order in which they are added.

  /// `weight`: kernel x channels of `in` / groups x channels of `out`. Both sides are cut into `groups` equal
  /// parts, and a part of `out` reads its own part of `in` alone.
  void convolve(int in, int out, const float *weight, Sliding sliding, std::int64_t groups = 1);
  /// The other way round: position i of `in` is added to i * stride - before + t * dilation of `out`. The
  /// weight has the same layout.
  void convolve_transposed(int in, int out, const float *weight, Sliding sliding, std::int64_t groups = 1);
  void activate(int in, int out, Activation activation);
  /// With a `first` for every channel.
  void activate_channels(int in, int out, Activation activation, const float *first);
  /// With a `first` for every element, which depends on the sequence as well.
  void activate_by(int in, int by, int out, Activation activation);
  void max_pool(int in, int out, Sliding sliding);
  /// Divides by the kernel, or by the number of positions read that exist.
  void average_pool(int in, int out, Sliding sliding, bool by_kernel);
  /// out = a + sign * b
  void add(int a, int b, int out, float sign);
  void multiply(int a, int b, int out);
  /// Over the channels of each position.
  void layer_norm(int in, int out, const float *factors, const float *offsets, float epsilon);
  void softmax(int in, int out);
  /// Position o of `out` is the mean of positions o * group ... of `in`, weighed by softmax(logits) per
  /// channel.
  void attention_pool(int in, int logits, int out, std::int64_t group);
  /// One factor per channel.
  void scale(int in, int out, const float *factors);
  /// out[o][c] = in[o + shift][c + first_channel]
  void select(int in, int out, std::int64_t shift, std::int64_t first_channel);
  /// out[o] = in[last - o]
  void reverse(int in, int out, std::int64_t last);
  /// out[o] = in[o / factor]
  void repeat(int in, int out, std::int64_t factor);
  /// Channels side by side; -1 - n stands for n channels that never change.
  void join(const std::vector<int> &in, int out);

  // Outputs, numbered from 0 in the order in which they are added.

  /// Values (not changes) of all positions: length x channels.
  int whole(int in);
  /// Changes of the values of a dense layer: `weight` is length x channels x width.
  int dense(int in, const float *weight, std::int64_t width);
  /// Changes of factor * sum over positions.
  int sum(int in, float factor);
  /// Changes of the largest value over positions.
  int largest(int in);

  const std::vector<std::int64_t> &output_sizes() const { return output_sizes_; }
  /// Tensors whose values a `Reference` has to hold.
  std::vector<int> referenced() const;
  std::int64_t channels(int tensor) const;
  std::int64_t length(int tensor) const;

  /// Writes output i of row h to outputs[i] + h * output_sizes()[i]. Results of a row depend on nothing else
  /// in the call. May be called from several threads.
  void run(const Reference &reference, const EditRows &edits, const std::vector<float *> &outputs) const;

private:
  friend class Reference;
  void check(int tensor) const;
  void check_same(int a, int b) const;
  void check_covered(int in, int out) const;
  void add_convolution(int in, int out, const float *weight, Sliding sliding, std::int64_t groups,
                       bool transposed);

  std::int64_t length_;
  std::vector<Tensor> tensors_;
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<std::int64_t> output_sizes_;
};

/// What the steps of a program need of one sequence.
class Reference {
public:
  explicit Reference(const Program &program);
  ~Reference();
  Reference(const Reference &) = delete;
  Reference &operator=(const Reference &) = delete;

  /// Copies the `n` = length x channels values of tensor `referenced()[i]`. Once for each, then `prepare`.
  void set(std::int64_t i, const float *rows, std::int64_t n);
  void prepare();

private:
  friend class Program;
  const Program &program_;
  std::unique_ptr<ReferenceData> data_;
};

} // namespace gxfast::delta
