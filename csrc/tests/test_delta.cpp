#include "gxfast/delta.hpp"

#include <cmath>
#include <random>
#include <stdexcept>
#include <string>

#include "check.hpp"
#include "delta_reference.hpp"
#include "gxfast/cpu.hpp"

using namespace gxfast;
using delta::Activation;
using delta::Function;
using delta::Sliding;
using reference::Table;

namespace {

std::mt19937 generator(7);

std::vector<float> random_values(std::int64_t n, double spread) {
  std::normal_distribution<double> normal(0, spread);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float &x : values)
    x = static_cast<float>(normal(generator));
  return values;
}

struct Window {
  std::vector<std::int32_t> lo, hi;
};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Windows of the output of something that slides, cut to the tensor.
Window slide(const Window &in, std::int64_t length, Sliding s) {
  Window out;
  for (std::size_t p = 0; p < in.lo.size(); ++p) {
    const std::int64_t reach = (s.kernel - 1) * s.dilation;
    const std::int64_t lo = -floor_divide(-(in.lo[p] + s.before - reach), s.stride);
    const std::int64_t hi = floor_divide(in.hi[p] + s.before, s.stride);
    const bool none = in.hi[p] < in.lo[p] || hi < 0 || lo >= length || hi < lo;
    out.lo.push_back(static_cast<std::int32_t>(none ? 0 : std::max<std::int64_t>(lo, 0)));
    out.hi.push_back(static_cast<std::int32_t>(none ? -1 : std::min<std::int64_t>(hi, length - 1)));
  }
  return out;
}

std::int64_t length_of(std::int64_t length, Sliding s) {
  return (length + 2 * s.before - (s.kernel - 1) * s.dilation - 1) / s.stride + 1;
}

std::vector<float> as_floats(const Table &table) {
  std::vector<float> values;
  for (const double x : table.values)
    values.push_back(static_cast<float>(x));
  return values;
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

Table one_hot(const std::vector<int> &codes) {
  Table table(static_cast<std::int64_t>(codes.size()), 4);
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (codes[i] < 4)
      table.at(static_cast<std::int64_t>(i), codes[i]) = 1;
  return table;
}

/// Largest difference, as a share of the largest value where that is above 1.
double worst(const float *found, const std::vector<double> &expected) {
  double most = 0, scale = 1;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(found[i]) - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  return most / scale;
}

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
    reference.set(set++, as_floats(before[static_cast<std::size_t>(tensor)]).data());
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
  program.tensor(4, 4, {0, 1, 2, 3}, {0, 1, 2, 3});
  const int wide = program.tensor(4, 4, {0, 0, 1, 2}, {1, 2, 3, 3});
  CHECK(refuses([&] { program.activate(0, wide, {Function::Relu}); }));
  CHECK(refuses([&] { program.add(0, 5, wide, 1); }));
  CHECK(refuses([&] { program.select(0, wide, 0, 1); }));
  CHECK(refuses([&] { program.join({0, 0}, wide); }));
  CHECK(refuses([&] { program.max_pool(0, wide, {0, 1, 1, 0}); }));
  program.activate(wide, wide, {Function::Relu});
  delta::Reference reference(program);
  CHECK(refuses([&] { reference.set(1, nullptr); }));
  CHECK(refuses([&] { reference.prepare(); }));
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
  }
  check_refusals();
  return failures();
}
