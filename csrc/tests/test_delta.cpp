#include "gxfast/delta.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>

#include "check.hpp"
#include "delta_reference.hpp"
#include "delta_windows.hpp"
#include "gxfast/cpu.hpp"

using namespace gxfast;
using delta::Activation;
using delta::Function;
using delta::Sliding;
using reference::Table;
using namespace gxfast::tests;

namespace {

std::mt19937 generator(7);

std::vector<float> random_values(std::int64_t n, double spread) {
  std::normal_distribution<double> normal(0, spread);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float &x : values)
    x = static_cast<float>(normal(generator));
  return values;
}

std::int64_t length_of(std::int64_t length, Sliding s) {
  return (length + 2 * s.before - (s.kernel - 1) * s.dilation - 1) / s.stride + 1;
}

/// A network of every step, on a sequence; intermediate tables by tensor number.
struct Network {
  static constexpr std::int64_t kLength = 97, kGroup = 7;
  Sliding first{5, 1, 1, 2}, pooled{3, 2, 1, 1}, wide{3, 1, 3, 3}, strided{4, 2, 1, 1}, mean{3, 3, 1, 1};
  std::vector<float> w1, w2, w3, factors, offsets, dense;
  std::int64_t n1, n2, n3, n4, n5;
  Activation f;

  explicit Network(Activation activation)
      : w1(random_values(5 * 4 * 19, 0.3)), w2(random_values(3 * 19 * 19, 0.2)),
        w3(random_values(4 * 38 * 6, 0.2)), factors(random_values(19, 1)), offsets(random_values(19, 1)),
        n1(length_of(kLength, first)), n2(length_of(n1, pooled)), n3(length_of(n2, wide)),
        n4(length_of(n3, strided)), n5(length_of(n4, mean)), f(activation) {
    dense = random_values(n5 * 6 * 7, 0.3);
  }

  std::vector<Table> run(const Table &input) const {
    std::vector<Table> t;
    t.push_back(input);
    t.push_back(reference::convolve(t[0], w1, 19, n1, first));
    t.push_back(reference::activate(t[1], f));
    t.push_back(reference::pool(t[2], n2, pooled, false));
    t.push_back(reference::convolve(t[3], w2, 19, n3, wide));
    Table scaled = t[4], product = t[4], joined(n3, 38);
    for (std::int64_t i = 0; i < n3; ++i)
      for (std::int64_t c = 0; c < 19; ++c) {
        scaled.at(i, c) = t[4].at(i, c) * static_cast<double>(factors[static_cast<std::size_t>(c)]);
        product.at(i, c) = scaled.at(i, c) * t[3].at(i, c);
        joined.at(i, c) = product.at(i, c) - t[3].at(i, c);
        joined.at(i, 19 + c) = i + 2 < n3 ? t[3].at(i + 2, c) : 0;
      }
    t.push_back(scaled);
    t.push_back(product);
    Table sum(n3, 19), moved(n3, 19);
    for (std::int64_t i = 0; i < n3; ++i)
      for (std::int64_t c = 0; c < 19; ++c)
        sum.at(i, c) = joined.at(i, c), moved.at(i, c) = joined.at(i, 19 + c);
    t.push_back(sum);
    t.push_back(moved);
    t.push_back(joined);
    t.push_back(reference::convolve(t[9], w3, 6, n4, strided));
    t.push_back(reference::pool(t[10], n5, mean, true));
    t.push_back(reference::layer_norm(t[5], factors, offsets, 1e-3));
    t.push_back(reference::softmax(t[12]));
    t.push_back(reference::attention_pool(t[5], t[12], kGroup));
    return t;
  }

  void build(delta::Program &program) const {
    Window input;
    for (std::int32_t p = 0; p < kLength; ++p)
      input.lo.push_back(p), input.hi.push_back(p);
    const auto tensor = [&](std::int64_t length, std::int64_t channels, const Window &w) {
      return program.tensor(length, channels, w.lo, w.hi);
    };
    tensor(kLength, 4, input);
    const Window a = slide(input, n1, first), b = slide(a, n2, pooled), c = slide(b, n3, wide);
    Window moved = b, joined = c;
    for (std::size_t p = 0; p < b.lo.size(); ++p) {
      const bool none = b.hi[p] < 2 || b.hi[p] < b.lo[p];
      moved.lo[p] = none ? 0 : std::max(b.lo[p] - 2, 0);
      moved.hi[p] = none ? -1 : b.hi[p] - 2;
      if (none)
        continue;
      joined.lo[p] = std::min(joined.lo[p], moved.lo[p]);
      joined.hi[p] = std::max(joined.hi[p], moved.hi[p]);
    }
    const Window grouped = slide(c, n3 / kGroup, {kGroup, kGroup, 1, 0});
    const Window d = slide(joined, n4, strided), e = slide(d, n5, mean);
    for (const auto &[length, channels, window] : {std::tuple{n1, 19, a},
                                                   {n1, 19, a},
                                                   {n2, 19, b},
                                                   {n3, 19, c},
                                                   {n3, 19, c},
                                                   {n3, 19, c},
                                                   {n3, 19, c},
                                                   {n3, 19, moved},
                                                   {n3, 38, joined},
                                                   {n4, 6, d},
                                                   {n5, 6, e},
                                                   {n3, 19, c},
                                                   {n3, 19, c},
                                                   {n3 / kGroup, 19, grouped}})
      tensor(length, channels, window);
    program.convolve(0, 1, w1.data(), first);
    program.activate(1, 2, f);
    program.max_pool(2, 3, pooled);
    program.convolve(3, 4, w2.data(), wide);
    program.scale(4, 5, factors.data());
    program.multiply(5, 3, 6);
    program.add(6, 3, 7, -1.0F);
    program.select(3, 8, 2, 0);
    program.join({7, 8}, 9);
    program.convolve(9, 10, w3.data(), strided);
    program.average_pool(10, 11, mean, false);
    program.layer_norm(5, 12, factors.data(), offsets.data(), 1e-3F);
    program.softmax(12, 13);
    program.attention_pool(5, 12, 14, kGroup);
    program.whole(11);
    program.dense(11, dense.data(), 7);
    program.sum(2, 0.5F);
    program.largest(4);
    program.whole(13);
    program.whole(14);
  }
};

void check_network(Activation f, const std::string &name) {
  const Network network(f);
  delta::Program program(Network::kLength);
  network.build(program);
  std::vector<int> codes;
  std::uniform_int_distribution<int> base(0, 3);
  for (std::int64_t i = 0; i < Network::kLength; ++i)
    codes.push_back(i == 40 ? 4 : base(generator));
  const std::vector<Table> before = network.run(one_hot(codes));

  delta::Reference reference(program);
  std::int64_t set = 0;
  for (const int tensor : program.referenced())
    reference.set(set++, as_floats(before[static_cast<std::size_t>(tensor)]).data(),
                  static_cast<std::int64_t>(before[static_cast<std::size_t>(tensor)].values.size()));
  reference.prepare();

  // Every position once, then rows of no edit, of two far ones, and of three neighbours.
  std::vector<std::int64_t> offset{0}, position;
  std::vector<float> change;
  std::vector<std::vector<int>> edited;
  const auto row = [&](const std::vector<std::int64_t> &at) {
    std::vector<int> made = codes;
    for (const std::int64_t p : at) {
      const int old = codes[static_cast<std::size_t>(p)], now = (old + 1) % 4;
      made[static_cast<std::size_t>(p)] = now;
      for (int c = 0; c < 4; ++c)
        change.push_back(static_cast<float>((c == now ? 1 : 0) - (c == old ? 1 : 0)));
      position.push_back(p);
    }
    offset.push_back(static_cast<std::int64_t>(position.size()));
    edited.push_back(made);
  };
  for (std::int64_t p = 0; p < Network::kLength; ++p)
    row({p});
  row({}), row({3, 90}), row({50, 51, 52});

  const auto n = static_cast<std::int64_t>(edited.size());
  std::vector<std::vector<float>> outputs;
  std::vector<float *> targets;
  for (const std::int64_t size : program.output_sizes())
    outputs.emplace_back(static_cast<std::size_t>(size * n), -1.0F);
  for (auto &output : outputs)
    targets.push_back(output.data());
  program.run(reference, {n, offset.data(), position.data(), change.data()}, targets);

  for (std::int64_t h = 0; h < n; ++h) {
    const std::vector<Table> after = network.run(one_hot(edited[static_cast<std::size_t>(h)]));
    std::vector<double> dense(7, 0.0), sum(19, 0.0), largest(19);
    for (std::int64_t i = 0; i < network.n5; ++i)
      for (std::int64_t c = 0; c < 6; ++c)
        for (std::int64_t j = 0; j < 7; ++j)
          dense[static_cast<std::size_t>(j)] +=
              (after[11].at(i, c) - before[11].at(i, c)) *
              static_cast<double>(network.dense[static_cast<std::size_t>((i * 6 + c) * 7 + j)]);
    for (std::int64_t c = 0; c < 19; ++c) {
      double most = -1e30, most_before = -1e30;
      for (std::int64_t i = 0; i < network.n1; ++i)
        sum[static_cast<std::size_t>(c)] += 0.5 * (after[2].at(i, c) - before[2].at(i, c));
      for (std::int64_t i = 0; i < network.n3; ++i) {
        most = std::max(most, after[4].at(i, c));
        most_before = std::max(most_before, before[4].at(i, c));
      }
      largest[static_cast<std::size_t>(c)] = most - most_before;
    }
    const std::string where = name + ", row " + std::to_string(h);
    CHECK_IN(worst(outputs[0].data() + h * network.n5 * 6, after[11].values) < 2e-5, where);
    CHECK_IN(worst(outputs[1].data() + h * 7, dense) < 2e-5, where);
    CHECK_IN(worst(outputs[2].data() + h * 19, sum) < 2e-5, where);
    CHECK_IN(worst(outputs[3].data() + h * 19, largest) < 2e-5, where);
    CHECK_IN(worst(outputs[4].data() + h * program.output_sizes()[4], after[13].values) < 2e-5, where);
    CHECK_IN(worst(outputs[5].data() + h * program.output_sizes()[5], after[14].values) < 2e-5, where);
  }

  // A row by itself gives the same bits.
  std::vector<std::vector<float>> single;
  std::vector<float *> single_targets;
  for (const std::int64_t size : program.output_sizes())
    single.emplace_back(static_cast<std::size_t>(size));
  for (auto &output : single)
    single_targets.push_back(output.data());
  const std::vector<std::int64_t> one{0, 1};
  program.run(reference, {1, one.data(), position.data() + 30, change.data() + 4 * 30}, single_targets);
  const std::vector<float> &alone = single[1];
  CHECK_IN(std::equal(alone.begin(), alone.end(), outputs[1].begin() + 30 * 7), name);
}

/// Steps behind the input: what `build` adds to a program, and what they compute. `build` returns the numbers
/// of the tensors to look at, and `run` all tensors in the order of their numbers.
struct Steps {
  std::function<std::vector<int>(delta::Program &, const Window &)> build;
  std::function<std::vector<Table>(const Table &)> run;
};

/// Every position of a random sequence is changed, then several together.
void check_steps(std::int64_t length, const Steps &steps, const std::string &where) {
  delta::Program program(length);
  Window input;
  for (std::int32_t p = 0; p < length; ++p)
    input.lo.push_back(p), input.hi.push_back(p);
  program.tensor(length, 4, input.lo, input.hi);
  const std::vector<int> seen = steps.build(program, input);
  for (const int tensor : seen)
    program.whole(tensor);
  std::uniform_int_distribution<int> base(0, 3);
  std::vector<int> codes;
  for (std::int64_t i = 0; i < length; ++i)
    codes.push_back(base(generator));
  const std::vector<Table> before = steps.run(one_hot(codes));
  delta::Reference reference(program);
  std::int64_t set = 0;
  for (const int tensor : program.referenced())
    reference.set(set++, as_floats(before[static_cast<std::size_t>(tensor)]).data(),
                  static_cast<std::int64_t>(before[static_cast<std::size_t>(tensor)].values.size()));
  reference.prepare();
  std::vector<std::vector<std::int64_t>> rows = {{}, {0, length - 1}, {1, 2, 4}};
  for (std::int64_t p = 0; p < length; ++p)
    rows.push_back({p});
  std::vector<std::int64_t> offset{0}, position;
  std::vector<float> change;
  std::vector<std::vector<int>> edited;
  for (const auto &row : rows) {
    edited.push_back(codes);
    for (const std::int64_t p : row) {
      int &code = edited.back()[static_cast<std::size_t>(p)];
      const int old = code;
      code = (code + 1 + base(generator) % 3) % 4;
      for (int c = 0; c < 4; ++c)
        change.push_back(static_cast<float>((c == code) - (c == old)));
      position.push_back(p);
    }
    offset.push_back(static_cast<std::int64_t>(position.size()));
  }
  const auto run = [&](std::int64_t first, std::int64_t n) {
    std::vector<std::int64_t> own;
    for (std::int64_t h = first; h <= first + n; ++h)
      own.push_back(offset[static_cast<std::size_t>(h)] - offset[static_cast<std::size_t>(first)]);
    std::vector<std::vector<float>> outputs;
    std::vector<float *> targets;
    for (const std::int64_t size : program.output_sizes())
      outputs.emplace_back(static_cast<std::size_t>(size * n), -1.0F);
    for (auto &output : outputs)
      targets.push_back(output.data());
    const std::int64_t at = offset[static_cast<std::size_t>(first)];
    program.run(reference, {n, own.data(), position.data() + at, change.data() + 4 * at}, targets);
    return outputs;
  };
  const auto together = run(0, static_cast<std::int64_t>(rows.size()));
  for (std::size_t h = 0; h < rows.size(); ++h) {
    const auto alone = run(static_cast<std::int64_t>(h), 1);
    const std::vector<Table> after = steps.run(one_hot(edited[h]));
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const std::string here = where + ", tensor " + std::to_string(seen[i]) + ", row " + std::to_string(h);
      const auto size = static_cast<std::ptrdiff_t>(alone[i].size());
      CHECK_IN(worst(alone[i].data(), after[static_cast<std::size_t>(seen[i])].values) < 2e-5, here);
      CHECK_IN(std::equal(alone[i].begin(), alone[i].end(),
                          together[i].begin() + static_cast<std::ptrdiff_t>(h) * size),
               here + " together");
    }
  }
}

std::int64_t draw(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(generator);
}

int add_tensor(delta::Program &program, std::int64_t length, std::int64_t channels, const Window &w) {
  return program.tensor(length, channels, w.lo, w.hi);
}

/// Convolutions of any groups, both ways round, behind one that makes channels; then every position again.
void check_convolution(const std::string &where) {
  const std::int64_t length = draw(6, 30), groups = draw(1, 3) == 1 ? 1 : draw(2, 24);
  const std::int64_t depth = draw(0, 1) == 0 ? 1 : draw(2, 5), c_in = groups * depth;
  const std::int64_t c_out = groups * draw(1, 3), factor = draw(1, 3);
  const bool transposed = draw(0, 1) == 1;
  Sliding s{draw(1, 4), draw(1, 3), draw(1, 2), 0};
  s.before = draw(0, (s.kernel - 1) * s.dilation);
  const std::int64_t reach = (s.kernel - 1) * s.dilation;
  const std::int64_t made = transposed
                                ? (length - 1) * s.stride - 2 * s.before + reach + 1 + draw(0, s.stride - 1)
                                : (length + 2 * s.before - reach - 1) / s.stride + 1;
  if (made < 1 || (!transposed && length + 2 * s.before <= reach))
    return;
  const Sliding near{3, 1, 1, 1};
  const std::vector<float> first = random_values(3 * 4 * c_in, 0.4);
  const std::vector<float> weight = random_values(s.kernel * depth * c_out, 0.4);
  const auto build = [&](delta::Program &program, const Window &input) {
    const Window a = slide(input, length, near);
    const Window b = transposed ? spread(a, made, s.stride, -s.before, reach - s.before) : slide(a, made, s);
    add_tensor(program, length, c_in, a);
    add_tensor(program, made, c_out, b);
    add_tensor(program, made * factor, c_out, spread(b, made * factor, factor, 0, factor - 1));
    program.convolve(0, 1, first.data(), near);
    transposed ? program.convolve_transposed(1, 2, weight.data(), s, groups)
               : program.convolve(1, 2, weight.data(), s, groups);
    program.repeat(2, 3, factor);
    return std::vector<int>{2, 3};
  };
  const auto run = [&](const Table &input) {
    std::vector<Table> t = {input, reference::convolve(input, first, c_in, length, near)};
    t.push_back(reference::convolve(t[1], weight, c_out, made, s, groups, transposed));
    t.push_back(reference::repeat(t[2], factor));
    return t;
  };
  check_steps(length, {build, run}, where);
}

/// A function with one setting, with one per channel, and with those of another tensor. Weights and offsets
/// are eighths, so that steps of functions are met exactly.
void check_function(Activation f, double offset, double steepness, bool by_tensor, const std::string &where) {
  const std::int64_t length = 23, channels = draw(1, 40);
  const Sliding near{3, 1, 1, 1}, far{5, 1, 1, 0};
  const auto eighths = [&](std::int64_t n, double scale) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < n; ++i)
      values.push_back(static_cast<float>(static_cast<double>(draw(-8, 8)) / 8 * scale));
    return values;
  };
  const std::vector<float> w1 = eighths(3 * 4 * channels, steepness), w2 = eighths(5 * 4 * channels, 0.25);
  std::vector<float> firsts;
  for (std::int64_t c = 0; c < channels; ++c)
    firsts.push_back(f.first + static_cast<float>(c % 3));
  const auto build = [&](delta::Program &program, const Window &input) {
    const Window a = slide(input, length, near), b = slide(input, length, far);
    const Window both = slide(input, length, {7, 1, 1, 2});
    for (const Window *window : {&a, &b, &a, &a, &both})
      add_tensor(program, length, channels, *window);
    program.convolve(0, 1, w1.data(), near);
    program.convolve(0, 2, w2.data(), far);
    program.activate(1, 3, f);
    program.activate_channels(1, 4, f, firsts.data());
    if (by_tensor)
      program.activate_by(1, 2, 5, f);
    return by_tensor ? std::vector<int>{3, 4, 5} : std::vector<int>{3, 4};
  };
  const auto run = [&](const Table &input) {
    std::vector<Table> t = {input, reference::convolve(input, w1, channels, length, near),
                            reference::convolve(input, w2, channels, length, far)};
    for (double &x : t[1].values)
      x += offset;
    for (double &x : t[2].values)
      x += static_cast<double>(f.first);
    t.push_back(reference::activate(t[1], f));
    t.push_back(reference::activate(t[1], f, {firsts.begin(), firsts.end()}));
    if (by_tensor)
      t.push_back(reference::activate(t[1], f, t[2].values));
    return t;
  };
  check_steps(length, {build, run}, where);
}

void check_functions(const std::string &set) {
  struct Case {
    Activation f;
    double offset = 0, steepness = 1;
    bool by_tensor = false;
  };
  const Case cases[] = {{{Function::LeakyRelu, 0.25F}, 0, 1, true},
                        {{Function::Clip, -0.5F, 0.75F}},
                        {{Function::Swish, 1.5F}, 0, 1, true},
                        {{Function::Celu, 0.75F}},
                        {{Function::Mish}},
                        {{Function::Softsign}},
                        {{Function::HardSwish}, 0, 2},
                        {{Function::Selu, 1.67326F, 1.0507F}},
                        {{Function::HardSigmoid, 0.2F, 0.5F}},
                        {{Function::ThresholdedRelu, 0.5F}},
                        {{Function::Shrink, 0.5F, 0.25F}},
                        {{Function::Abs}},
                        {{Function::Sign}},
                        {{Function::Round}},
                        {{Function::Floor}},
                        {{Function::Ceil}},
                        {{Function::Sqrt}, 4},
                        {{Function::Log}, 4},
                        {{Function::Sin}},
                        {{Function::Cos}},
                        {{Function::Tan}, 0, 0.25},
                        {{Function::Asin}, 0, 0.25},
                        {{Function::Acos}, 0, 0.25},
                        {{Function::Atan}},
                        {{Function::Sinh}},
                        {{Function::Cosh}},
                        {{Function::Asinh}},
                        {{Function::Acosh}, 5},
                        {{Function::Atanh}, 0, 0.25},
                        {{Function::Min, 0.5F}, 0, 1, true},
                        {{Function::Max, 0.5F}, 0, 1, true},
                        {{Function::Over, 1}, 4, 1, true},
                        {{Function::Power, 1.5F}, 4, 1, true},
                        {{Function::Power, 3}},
                        {{Function::Raise, 2}, 0, 1, true}};
  for (const Case &each : cases)
    check_function(each.f, each.offset, each.steepness, each.by_tensor,
                   "function " + std::to_string(static_cast<int>(each.f.function)) + ", set " + set);
}

template <class F> bool refuses(F &&body) {
  try {
    body();
  } catch (const std::invalid_argument &) {
    return true;
  }
  return false;
}

void check_refusals() {
  delta::Program program(4);
  CHECK(refuses([&] { program.tensor(4, 3, {0, 1, 2, 3}, {0, 1, 2, 3}); }));
  CHECK(refuses([&] { program.tensor(4, 4, {0, 1, 2}, {0, 1, 2}); }));
  CHECK(refuses([&] { program.tensor(4, 4, {0, 1, 2, 3}, {0, 1, 2, 4}); }));
  CHECK(refuses([&] { program.tensor(std::int64_t{1} << 32, 4, {0, 1, 2, 3}, {0, 1, 2, 3}); }));
  program.tensor(4, 4, {0, 1, 2, 3}, {0, 1, 2, 3});
  CHECK(refuses([&] { program.tensor(8, std::int64_t{1} << 61, {0, 1, 2, 3}, {0, 1, 2, 3}); }));
  const int wide = program.tensor(4, 4, {0, 0, 1, 2}, {1, 2, 3, 3});
  CHECK(refuses([&] { program.activate(0, wide, {Function::Relu}); }));
  CHECK(refuses([&] { program.add(0, 5, wide, 1); }));
  CHECK(refuses([&] { program.select(0, wide, 0, 1); }));
  CHECK(refuses([&] { program.join({0, 0}, wide); }));
  CHECK(refuses([&] { program.max_pool(0, wide, {0, 1, 1, 0}); }));
  CHECK(refuses([&] { program.repeat(0, wide, 2); }));
  CHECK(refuses([&] { program.convolve(0, wide, nullptr, {1, 1, 1, 0}, 3); }));
  CHECK(refuses([&] { program.convolve_transposed(0, wide, nullptr, {1, 1, 1, 0}, 0); }));
  CHECK(refuses([&] { program.activate_by(0, 9, wide, {Function::Min}); }));
  constexpr std::int64_t kFar = INT64_MAX;
  CHECK(refuses([&] { program.max_pool(0, wide, {1, kFar, 1, 0}); }));
  CHECK(refuses([&] { program.average_pool(0, wide, {2, 1, kFar, 0}, true); }));
  CHECK(refuses([&] { program.convolve(0, wide, nullptr, {1, 1, 1, INT64_MIN}); }));
  CHECK(refuses([&] { program.select(0, wide, kFar, 0); }));
  CHECK(refuses([&] { program.select(0, wide, 0, kFar); }));
  CHECK(refuses([&] { program.attention_pool(0, 0, wide, kFar); }));
  CHECK(refuses([&] { program.repeat(0, wide, kFar); }));
  // An empty window may have any ends.
  program.tensor(4, 4, {0, 4, 2, 3}, {0, INT32_MIN, 2, 3});
  program.activate(wide, wide, {Function::Relu});
  delta::Reference reference(program);
  CHECK(refuses([&] { reference.set(1, nullptr, 16); }));
  CHECK(refuses([&] { reference.set(0, nullptr, 15); }));
  CHECK(refuses([&] { reference.prepare(); }));
  // A reference of another program with as many steps.
  delta::Program first(1), second(1);
  first.tensor(1, 4, {0}, {0}), second.tensor(1, 4, {0}, {0});
  first.sum(0, 1), second.sum(0, 1);
  delta::Reference of_first(first);
  of_first.prepare();
  const std::int64_t none = 0;
  CHECK(!refuses([&] { first.run(of_first, {0, &none, nullptr, nullptr}, {}); }));
  CHECK(refuses([&] { second.run(of_first, {0, &none, nullptr, nullptr}, {}); }));
  CHECK(refuses([&] { program.run(reference, {0, nullptr, nullptr, nullptr}, {}); }));
}

} // namespace

int main() {
  const std::vector<std::pair<const char *, Activation>> functions = {{"relu", {Function::Relu}},
                                                                      {"leaky", {Function::LeakyRelu, 0.1F}},
                                                                      {"clip", {Function::Clip, -0.5F, 0.7F}},
                                                                      {"sigmoid", {Function::Sigmoid}},
                                                                      {"tanh", {Function::Tanh}},
                                                                      {"exp", {Function::Exp}},
                                                                      {"elu", {Function::Elu, 0.7F}},
                                                                      {"softplus", {Function::Softplus}},
                                                                      {"erf", {Function::Erf}},
                                                                      {"gelu", {Function::Gelu}},
                                                                      {"gelu tanh", {Function::GeluTanh}},
                                                                      {"swish", {Function::Swish, 1.702F}}};
  for (const auto set : {InstructionSet::Portable, InstructionSet::Avx2, InstructionSet::Avx512}) {
    limit_instruction_set(set);
    for (const auto &[name, activation] : functions)
      check_network(activation, std::string(name) + " " + std::to_string(static_cast<int>(set)));
    check_functions(std::to_string(static_cast<int>(set)));
    for (int i = 0; i < 40; ++i)
      check_convolution("convolution " + std::to_string(i) + ", set " +
                        std::to_string(static_cast<int>(set)));
  }
  check_refusals();
  return failures();
}
