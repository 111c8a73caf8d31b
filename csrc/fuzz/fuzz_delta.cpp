// Random programs of delta steps against every operator on all positions; and programs with arguments of any
// kind, which have to be refused or to stay within their tensors.

#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>

#include "delta_windows.hpp"
#include "input.hpp"

namespace {

using namespace gxfast;
using namespace gxfast::tests;
using delta::Activation;
using delta::Function;
using Tables = std::vector<Table>;

/// Continuous, and no steeper than floats can follow.
constexpr Activation kFunctions[] = {{Function::Relu},
                                     {Function::Sigmoid},
                                     {Function::Tanh},
                                     {Function::Elu, 0.7F},
                                     {Function::LeakyRelu, 0.25F},
                                     {Function::Clip, -0.5F, 0.75F},
                                     {Function::Softplus},
                                     {Function::Erf},
                                     {Function::Gelu},
                                     {Function::GeluTanh},
                                     {Function::Swish, 1.5F},
                                     {Function::Celu, 0.75F},
                                     {Function::Mish},
                                     {Function::Softsign},
                                     {Function::HardSwish},
                                     {Function::Selu, 1.67F, 1.05F},
                                     {Function::HardSigmoid, 0.2F, 0.5F},
                                     {Function::Abs},
                                     {Function::Min, 0.5F},
                                     {Function::Max, 0.25F},
                                     {Function::Sin},
                                     {Function::Cos},
                                     {Function::Atan},
                                     {Function::Asinh}};

struct Made {
  std::int64_t length, channels;
  Window window;
};

Window hull(const Window &a, const Window &b) {
  Window out = a;
  for (std::size_t p = 0; p < a.lo.size(); ++p)
    if (b.hi[p] >= b.lo[p]) {
      const bool none = a.hi[p] < a.lo[p];
      out.lo[p] = none ? b.lo[p] : std::min(a.lo[p], b.lo[p]);
      out.hi[p] = none ? b.hi[p] : std::max(a.hi[p], b.hi[p]);
    }
  return out;
}

/// A program and, step by step, what it computes.
class Network {
public:
  Network(fuzz::Input &input, std::int64_t length) : input_(input), program(length) {
    Window own;
    for (std::int32_t p = 0; p < length; ++p)
      own.lo.push_back(p), own.hi.push_back(p);
    add(length, 4, own);
    for (std::int64_t n = input.between(1, 7); n > 0; --n)
      step();
    for (std::size_t t = 0; t < made.size(); ++t)
      program.whole(static_cast<int>(t));
    last = static_cast<int>(made.size()) - 1;
    program.sum(last, 0.5F);
    program.largest(last);
    width = input.between(1, 20);
    weight = input.eighths(made.back().length * made.back().channels * width, 0.125);
    program.dense(last, weight.data(), width);
  }

  Tables run(const Table &sequence) const {
    Tables tables{sequence};
    for (const auto &compute : steps_)
      tables.push_back(compute(tables));
    return tables;
  }

private:
  fuzz::Input &input_;
  std::vector<std::function<Table(const Tables &)>> steps_;

  int add(std::int64_t length, std::int64_t channels, const Window &window) {
    made.push_back({length, channels, window});
    return program.tensor(length, channels, window.lo, window.hi);
  }
  int any() { return static_cast<int>(input_.between(0, static_cast<std::int64_t>(made.size()) - 1)); }
  /// A tensor of the same size, itself if there is no other.
  int like(int tensor) {
    const int other = any();
    const Made &a = made[index(tensor)], &b = made[index(other)];
    return a.length == b.length && a.channels == b.channels ? other : tensor;
  }
  static std::size_t index(int tensor) { return static_cast<std::size_t>(tensor); }

  Sliding sliding() {
    Sliding s{input_.between(1, 4), input_.between(1, 3), input_.between(1, 3), 0};
    s.before = input_.between(0, (s.kernel - 1) * s.dilation);
    return s;
  }

  void convolve(int from) {
    const Made in = made[index(from)];
    const Sliding s = sliding();
    std::int64_t groups = input_.between(0, 3) == 0 ? in.channels : input_.between(1, 4);
    groups = in.channels % groups == 0 ? groups : 1;
    const bool transposed = input_.flag();
    const std::int64_t c_out = groups * input_.between(1, groups > 4 ? 2 : 5),
                       reach = (s.kernel - 1) * s.dilation;
    const std::int64_t length =
        transposed ? (in.length - 1) * s.stride - 2 * s.before + reach + 1 + input_.between(0, 2)
                   : (in.length + 2 * s.before - reach - 1 + s.stride) / s.stride;
    if (length < 1 || length > 120 || (!transposed && in.length + 2 * s.before <= reach))
      return;
    const std::int64_t depth = in.channels / groups;
    const std::vector<float> w =
        input_.eighths(s.kernel * depth * c_out, 1.0 / static_cast<double>(s.kernel * depth));
    const int to = add(length, c_out,
                       transposed ? spread(in.window, length, s.stride, -s.before, reach - s.before)
                                  : slide(in.window, length, s));
    transposed ? program.convolve_transposed(from, to, w.data(), s, groups)
               : program.convolve(from, to, w.data(), s, groups);
    steps_.push_back([=](const Tables &t) {
      return reference::convolve(t[index(from)], w, c_out, length, s, groups, transposed);
    });
  }

  void pool(int from, bool mean) {
    const Made in = made[index(from)];
    Sliding s = sliding();
    s.before = std::min(s.before, s.dilation - 1); // every window has a position that exists
    const std::int64_t length = (in.length + 2 * s.before - (s.kernel - 1) * s.dilation - 1) / s.stride + 1;
    if (in.length + 2 * s.before <= (s.kernel - 1) * s.dilation)
      return;
    const bool by_kernel = input_.flag();
    const Table zeros(in.length, 1);
    for (const double value : reference::pool(zeros, length, s, false).values)
      if (std::isinf(value))
        return;
    const int to = add(length, in.channels, slide(in.window, length, s));
    mean ? program.average_pool(from, to, s, by_kernel) : program.max_pool(from, to, s);
    steps_.push_back(
        [=](const Tables &t) { return reference::pool(t[index(from)], length, s, mean, by_kernel); });
  }

  void activate(int from) {
    const Made in = made[index(from)];
    const Activation f = kFunctions[input_.size(0, sizeof kFunctions / sizeof *kFunctions - 1)];
    const int to = add(in.length, in.channels, in.window);
    const bool settable = f.function == Function::LeakyRelu || f.function == Function::Swish ||
                          f.function == Function::Min || f.function == Function::Max;
    if (settable && input_.flag()) {
      const std::vector<float> firsts = input_.eighths(in.channels);
      program.activate_channels(from, to, f, firsts.data());
      steps_.push_back([=](const Tables &t) {
        return reference::activate(t[index(from)], f, {firsts.begin(), firsts.end()});
      });
      return;
    }
    program.activate(from, to, f);
    steps_.push_back([=](const Tables &t) { return reference::activate(t[index(from)], f); });
  }

  void combine(int a, int b, std::int64_t kind) {
    const Made first = made[index(a)];
    const int to = add(first.length, first.channels, hull(first.window, made[index(b)].window));
    if (kind == 0) {
      const float sign = input_.flag() ? 1.0F : -1.0F;
      program.add(a, b, to, sign);
      steps_.push_back([=](const Tables &t) {
        Table out = t[index(a)];
        for (std::size_t i = 0; i < out.values.size(); ++i)
          out.values[i] += static_cast<double>(sign) * t[index(b)].values[i];
        return out;
      });
    } else if (kind == 1) {
      program.multiply(a, b, to);
      steps_.push_back([=](const Tables &t) {
        Table out = t[index(a)];
        for (std::size_t i = 0; i < out.values.size(); ++i)
          out.values[i] *= t[index(b)].values[i];
        return out;
      });
    } else {
      const Activation f{input_.flag() ? Function::Min : Function::LeakyRelu};
      program.activate_by(a, b, to, f);
      steps_.push_back(
          [=](const Tables &t) { return reference::activate(t[index(a)], f, t[index(b)].values); });
    }
  }

  void normalise(int from, bool softmax) {
    const Made in = made[index(from)];
    const int to = add(in.length, in.channels, in.window);
    if (softmax) {
      program.softmax(from, to);
      steps_.push_back([=](const Tables &t) { return reference::softmax(t[index(from)]); });
      return;
    }
    const std::vector<float> factors = input_.eighths(in.channels), offsets = input_.eighths(in.channels);
    program.layer_norm(from, to, factors.data(), offsets.data(), 0.25F);
    steps_.push_back(
        [=](const Tables &t) { return reference::layer_norm(t[index(from)], factors, offsets, 0.25); });
  }

  void attention(int from) {
    const Made in = made[index(from)];
    const int logits = like(from);
    const std::int64_t group = input_.between(1, 5);
    if (in.length % group != 0)
      return;
    const Window both = hull(in.window, made[index(logits)].window);
    const int to = add(in.length / group, in.channels, slide(both, in.length / group, {group, group, 1, 0}));
    program.attention_pool(from, logits, to, group);
    steps_.push_back(
        [=](const Tables &t) { return reference::attention_pool(t[index(from)], t[index(logits)], group); });
  }

  void scale(int from) {
    const Made in = made[index(from)];
    const std::vector<float> factors = input_.eighths(in.channels);
    const int to = add(in.length, in.channels, in.window);
    program.scale(from, to, factors.data());
    steps_.push_back([=](const Tables &t) {
      Table out = t[index(from)];
      for (std::size_t i = 0; i < out.values.size(); ++i)
        out.values[i] *= static_cast<double>(factors[i % factors.size()]);
      return out;
    });
  }

  void select(int from) {
    const Made in = made[index(from)];
    const std::int64_t shift = input_.between(-4, 4), first = input_.between(0, in.channels - 1);
    const std::int64_t channels = input_.between(1, in.channels - first),
                       length = input_.between(1, in.length + 3);
    const int to = add(length, channels, spread(in.window, length, 1, -shift, -shift));
    program.select(from, to, shift, first);
    steps_.push_back([=](const Tables &t) {
      Table out(length, channels);
      for (std::int64_t o = 0; o < length; ++o)
        for (std::int64_t c = 0; c < channels && o + shift >= 0 && o + shift < in.length; ++c)
          out.at(o, c) = t[index(from)].at(o + shift, c + first);
      return out;
    });
  }

  void reverse(int from) {
    const Made in = made[index(from)];
    const std::int64_t end = input_.between(-2, in.length + 2), length = input_.between(1, in.length + 3);
    const int to = add(length, in.channels, mirrored(in.window, length, end));
    program.reverse(from, to, end);
    steps_.push_back([=](const Tables &t) {
      Table out(length, in.channels);
      for (std::int64_t o = 0; o < length; ++o)
        for (std::int64_t c = 0; c < in.channels && end - o >= 0 && end - o < in.length; ++c)
          out.at(o, c) = t[index(from)].at(end - o, c);
      return out;
    });
  }

  void repeat(int from) {
    const Made in = made[index(from)];
    const std::int64_t factor = input_.between(1, 3);
    if (in.length * factor > 120)
      return;
    const int to =
        add(in.length * factor, in.channels, spread(in.window, in.length * factor, factor, 0, factor - 1));
    program.repeat(from, to, factor);
    steps_.push_back([=](const Tables &t) { return reference::repeat(t[index(from)], factor); });
  }

  void join(int a, int b) {
    const Made first = made[index(a)], second = made[index(b)];
    const std::int64_t fixed = input_.between(0, 3), channels = first.channels + fixed + second.channels;
    if (first.length != second.length || channels > 40)
      return;
    const int to = add(first.length, channels, hull(first.window, second.window));
    program.join({a, -1 - static_cast<int>(fixed), b}, to);
    steps_.push_back([=](const Tables &t) {
      Table out(first.length, channels);
      for (std::int64_t i = 0; i < first.length; ++i)
        for (std::int64_t c = 0; c < channels; ++c)
          out.at(i, c) = c < first.channels           ? t[index(a)].at(i, c)
                         : c < first.channels + fixed ? 0
                                                      : t[index(b)].at(i, c - first.channels - fixed);
      return out;
    });
  }

  void step() {
    const int from = input_.flag() ? static_cast<int>(made.size()) - 1 : any();
    switch (input_.between(0, 14)) {
    case 0:
    case 1:
      return convolve(from);
    case 2:
      return pool(from, false);
    case 3:
      return pool(from, true);
    case 4:
      return activate(from);
    case 5:
      return combine(from, like(from), 0);
    case 6:
      return combine(from, like(from), 1);
    case 7:
      return combine(from, like(from), 2);
    case 8:
      return normalise(from, input_.flag());
    case 9:
      return attention(from);
    case 10:
      return scale(from);
    case 11:
      return select(from);
    case 12:
      return repeat(from);
    case 13:
      return reverse(from);
    default:
      return join(from, any());
    }
  }

public:
  delta::Program program;
  std::vector<Made> made;
  int last = 0;
  std::int64_t width = 0;
  std::vector<float> weight;
};

/// Rows of edits of a sequence: as the program wants them, and as sequences.
struct Edited {
  std::vector<std::int64_t> offset{0}, position;
  std::vector<float> change;
  std::vector<std::vector<int>> codes;

  Edited(fuzz::Input &input, const std::vector<int> &sequence) {
    for (std::int64_t n = input.between(1, 4); n > 0; --n) {
      codes.push_back(sequence);
      for (std::int64_t e = input.between(0, 3); e > 0; --e) {
        const std::size_t at = input.size(0, sequence.size() - 1);
        const int old = sequence[at], now = static_cast<int>(input.between(0, 4));
        codes.back()[at] = now;
        position.push_back(static_cast<std::int64_t>(at));
        for (int c = 0; c < 4; ++c)
          change.push_back(static_cast<float>((c == now ? 1 : 0) - (c == old ? 1 : 0)));
      }
      offset.push_back(static_cast<std::int64_t>(position.size()));
    }
  }
  delta::EditRows view() const {
    return {static_cast<std::int64_t>(codes.size()), offset.data(), position.data(), change.data()};
  }
};

std::vector<std::vector<float>> run(const delta::Program &program, const delta::Reference &reference,
                                    const delta::EditRows &edits) {
  std::vector<std::vector<float>> outputs;
  std::vector<float *> targets;
  for (const std::int64_t size : program.output_sizes())
    outputs.emplace_back(static_cast<std::size_t>(size * edits.n), -1.0F);
  for (auto &output : outputs)
    targets.push_back(output.data());
  program.run(reference, edits, targets);
  return outputs;
}

/// Sums, largest values and a dense layer of the last tensor.
std::vector<std::vector<double>> summaries(const Network &network, const Tables &before,
                                           const Tables &after) {
  const Table &a = before.back(), &b = after.back();
  const auto channels = static_cast<std::size_t>(a.channels);
  std::vector<double> sum(channels, 0), most(channels), dense(static_cast<std::size_t>(network.width), 0);
  for (std::int64_t c = 0; c < a.channels; ++c) {
    double largest_a = -std::numeric_limits<double>::infinity(), largest_b = largest_a;
    for (std::int64_t i = 0; i < a.length; ++i) {
      sum[static_cast<std::size_t>(c)] += 0.5 * (b.at(i, c) - a.at(i, c));
      largest_a = std::max(largest_a, a.at(i, c)), largest_b = std::max(largest_b, b.at(i, c));
      for (std::int64_t j = 0; j < network.width; ++j)
        dense[static_cast<std::size_t>(j)] +=
            (b.at(i, c) - a.at(i, c)) *
            static_cast<double>(
                network.weight[static_cast<std::size_t>((i * a.channels + c) * network.width + j)]);
    }
    most[static_cast<std::size_t>(c)] = largest_b - largest_a;
  }
  return {sum, most, dense};
}

void compare(fuzz::Input &input) {
  constexpr double kAllowed = 1e-3;
  const std::int64_t length = input.between(1, 24);
  std::vector<int> codes;
  for (std::int64_t i = 0; i < length; ++i)
    codes.push_back(static_cast<int>(input.between(0, 4)));
  const Edited edits(input, codes);
  const Network network(input, length);
  const Tables before = network.run(one_hot(codes));
  delta::Reference reference(network.program);
  for (std::size_t t = 0; t < before.size(); ++t)
    reference.set(static_cast<std::int64_t>(t), as_floats(before[t]).data(),
                  static_cast<std::int64_t>(before[t].values.size()));
  reference.prepare();
  const auto outputs = run(network.program, reference, edits.view());
  for (std::size_t h = 0; h < edits.codes.size(); ++h) {
    const Tables after = network.run(one_hot(edits.codes[h]));
    const auto at = [&](std::size_t output) {
      return outputs[output].data() + static_cast<std::ptrdiff_t>(h) * network.program.output_sizes()[output];
    };
    for (std::size_t t = 0; t < after.size(); ++t)
      EXPECT(worst(at(t), after[t].values) < kAllowed);
    const auto expected = summaries(network, before, after);
    for (std::size_t k = 0; k < expected.size(); ++k)
      EXPECT(worst(at(after.size() + k), expected[k]) < kAllowed);
  }
}

/// Arguments of any kind. Weights are as large as the bindings make sure of.
class Hostile {
public:
  Hostile(fuzz::Input &input, std::int64_t length) : input_(input), program(length), length_(length) {
    tensor(length, 4);
    for (std::int64_t n = input.between(0, 4); n > 0; --n)
      tensor(input.flag() ? length : input.any(), input.flag() ? 4 : input.any());
    for (std::int64_t n = input.between(1, 8); n > 0; --n)
      try {
        step();
      } catch (const std::invalid_argument &) {
      }
  }

private:
  static constexpr std::int64_t kMost = 4096; // values of a tensor that takes part
  fuzz::Input &input_;

public:
  delta::Program program;
  std::vector<std::int64_t> sizes;

private:
  std::int64_t length_;

  int any() { return static_cast<int>(input_.between(-1, static_cast<std::int64_t>(sizes.size()))); }
  float *weights(std::int64_t n) {
    kept_.push_back(input_.eighths(std::clamp<std::int64_t>(n, 0, 64)));
    kept_.back().resize(static_cast<std::size_t>(n), 0.5F);
    return kept_.back().data();
  }
  std::vector<std::vector<float>> kept_;

  void tensor(std::int64_t length, std::int64_t channels) {
    const bool small = length > 0 && channels > 0 && length <= kMost && channels <= kMost / length;
    Window window;
    for (std::int64_t p = input_.byte() == 255 ? 1 : 0; p < length_; ++p) {
      window.lo.push_back(static_cast<std::int32_t>(input_.between(small ? 0 : -1, small ? length - 1 : 5)));
      window.hi.push_back(static_cast<std::int32_t>(
          input_.byte() > 250 ? input_.any() : window.lo.back() + input_.between(-1, 3)));
      if (small && window.hi.back() >= length && input_.byte() < 250)
        window.hi.back() = static_cast<std::int32_t>(length - 1);
    }
    try {
      program.tensor(length, channels, window.lo, window.hi);
    } catch (const std::invalid_argument &) {
      return;
    }
    EXPECT(length > 0 && channels > 0);
    sizes.push_back(small ? length * channels : -1);
  }

  void step() {
    const int a = any(), b = any(), c = any();
    const Sliding s{input_.between(0, 4), input_.flag() ? 1 : input_.any(), input_.flag() ? 1 : input_.any(),
                    input_.flag() ? 0 : input_.any()};
    const std::int64_t groups = input_.between(-1, 4);
    const std::uint8_t kind = input_.byte() % 18;
    // Only tensors with few values can take part, or memory runs out before anything is tested.
    for (const int t : {a, b, c})
      if (t >= 0 && static_cast<std::size_t>(t) < sizes.size() && sizes[static_cast<std::size_t>(t)] < 0)
        return;
    switch (kind) {
    case 0:
    case 1: {
      const std::int64_t in = program.channels(a), out = program.channels(b);
      if (groups <= 0 || in % groups != 0)
        return;
      float *w = weights(s.kernel * (in / groups) * out);
      return kind == 0 ? program.convolve(a, b, w, s, groups)
                       : program.convolve_transposed(a, b, w, s, groups);
    }
    case 2:
      return program.max_pool(a, b, s);
    case 3:
      return program.average_pool(a, b, s, input_.flag());
    case 4:
      return program.activate(a, b, kFunctions[input_.byte() % 24]);
    case 5:
      return program.activate_channels(a, b, kFunctions[input_.byte() % 24], weights(program.channels(a)));
    case 6:
      return program.activate_by(a, b, c, kFunctions[input_.byte() % 24]);
    case 7:
      return program.add(a, b, c, 1);
    case 8:
      return program.multiply(a, b, c);
    case 9:
      return program.layer_norm(a, b, weights(program.channels(a)), weights(program.channels(a)), 0.1F);
    case 10:
      return program.softmax(a, b);
    case 11:
      return program.attention_pool(a, b, c, input_.flag() ? input_.between(-1, 4) : input_.any());
    case 12:
      return program.scale(a, b, weights(program.channels(a)));
    case 13:
      return program.select(a, b, input_.any(), input_.any());
    case 14:
      return input_.flag() ? program.reverse(a, b, input_.any())
                           : program.repeat(a, b, input_.flag() ? input_.between(-1, 4) : input_.any());
    case 15:
      return program.join({a, static_cast<int>(input_.between(-6, 4)), b}, c);
    case 16: {
      const std::int64_t width = input_.between(-1, 20);
      program.dense(a, weights(program.length(a) * program.channels(a) * std::max<std::int64_t>(width, 0)),
                    width);
      return;
    }
    default:
      if (input_.flag())
        program.whole(a);
      else if (input_.flag())
        program.sum(a, 0.5F);
      else
        program.largest(a);
    }
  }
};

void refuse(fuzz::Input &input) {
  const std::int64_t length = input.between(1, 12);
  std::vector<int> codes(static_cast<std::size_t>(length), 1);
  const Edited edits(input, codes);
  Hostile made(input, length);
  if (made.sizes.empty() || std::count(made.sizes.begin(), made.sizes.end(), -1) > 0)
    return;
  delta::Reference reference(made.program);
  std::int64_t i = 0;
  for (const int tensor : made.program.referenced()) {
    const std::int64_t size = made.sizes[static_cast<std::size_t>(tensor)];
    const std::vector<float> rows(static_cast<std::size_t>(size), 0.25F);
    reference.set(i++, rows.data(), size);
  }
  reference.prepare();
  run(made.program, reference, edits.view());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  if (input.byte() % 3 == 0)
    refuse(input);
  else
    compare(input);
  return 0;
}
