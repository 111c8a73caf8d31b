#pragma once

// The specification of the steps of gxfast::delta: every operator on all positions, in double precision. A
// change is the difference of two such runs.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gxfast/delta.hpp"

namespace gxfast::reference {

/// length x channels values.
struct Table {
  std::int64_t length, channels;
  std::vector<double> values;

  Table(std::int64_t n, std::int64_t c)
      : length(n), channels(c), values(static_cast<std::size_t>(n * c), 0.0) {}
  double &at(std::int64_t i, std::int64_t c) { return values[static_cast<std::size_t>(i * channels + c)]; }
  double at(std::int64_t i, std::int64_t c) const {
    return values[static_cast<std::size_t>(i * channels + c)];
  }
};

/// The weight of a convolution, where output channel b reads input channel a.
inline double tap(const std::vector<float> &weight, std::int64_t t, std::int64_t a, std::int64_t b,
                  std::int64_t c_in, std::int64_t c_out, std::int64_t groups) {
  const std::int64_t depth = c_in / groups;
  if (a / depth != b / (c_out / groups))
    return 0;
  return static_cast<double>(weight[static_cast<std::size_t>((t * depth + a % depth) * c_out + b)]);
}

inline Table convolve(const Table &in, const std::vector<float> &weight, std::int64_t channels,
                      std::int64_t length, delta::Sliding s, std::int64_t groups = 1,
                      bool transposed = false) {
  Table out(length, channels);
  for (std::int64_t few = 0; few < (transposed ? in.length : length); ++few)
    for (std::int64_t t = 0; t < s.kernel; ++t) {
      const std::int64_t many = few * s.stride - s.before + t * s.dilation;
      if (many < 0 || many >= (transposed ? length : in.length))
        continue;
      const std::int64_t i = transposed ? few : many, o = transposed ? many : few;
      for (std::int64_t a = 0; a < in.channels; ++a)
        for (std::int64_t b = 0; b < channels; ++b)
          out.at(o, b) += in.at(i, a) * tap(weight, t, a, b, in.channels, channels, groups);
    }
  return out;
}

inline Table repeat(const Table &in, std::int64_t factor) {
  Table out(in.length * factor, in.channels);
  for (std::int64_t o = 0; o < out.length; ++o)
    for (std::int64_t c = 0; c < in.channels; ++c)
      out.at(o, c) = in.at(o / factor, c);
  return out;
}

inline double value_of(delta::Function f, double x, double first, double second) {
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  switch (f) {
  case delta::Function::Relu:
    return std::max(x, 0.0);
  case delta::Function::LeakyRelu:
    return x > 0 ? x : first * x;
  case delta::Function::Clip:
    return std::min(std::max(x, first), second);
  case delta::Function::Sigmoid:
    return sigmoid(x);
  case delta::Function::Tanh:
    return std::tanh(x);
  case delta::Function::Exp:
    return std::exp(x);
  case delta::Function::Elu:
    return x > 0 ? x : first * std::expm1(x);
  case delta::Function::Softplus:
    return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  case delta::Function::Erf:
    return std::erf(x);
  case delta::Function::Gelu:
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  case delta::Function::GeluTanh:
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
  case delta::Function::Swish:
    return x * sigmoid(first * x);
  case delta::Function::Celu:
    return std::max(x, 0.0) + std::min(0.0, first * std::expm1(x / first));
  case delta::Function::Mish:
    return x * std::tanh(std::log1p(std::exp(x)));
  case delta::Function::Softsign:
    return x / (1 + std::abs(x));
  case delta::Function::HardSwish:
    return x * std::max(0.0, std::min(1.0, x / 6 + 0.5));
  case delta::Function::Selu:
    return second * (x > 0 ? x : first * std::expm1(x));
  case delta::Function::HardSigmoid:
    return std::max(0.0, std::min(1.0, first * x + second));
  case delta::Function::ThresholdedRelu:
    return x > first ? x : 0;
  case delta::Function::Shrink:
    return x < -first ? x + second : x > first ? x - second : 0;
  case delta::Function::Sign:
    return x > 0 ? 1 : x < 0 ? -1 : 0;
  case delta::Function::Min:
    return std::min(x, first);
  case delta::Function::Max:
    return std::max(x, first);
  case delta::Function::Over:
    return first / x;
  case delta::Function::Power:
    return std::pow(x, first);
  case delta::Function::Raise:
    return std::pow(first, x);
  case delta::Function::Sqrt:
    return std::sqrt(x);
  case delta::Function::Log:
    return std::log(x);
  case delta::Function::Floor:
    return std::floor(x);
  case delta::Function::Ceil:
    return std::ceil(x);
  case delta::Function::Round:
    return std::nearbyint(x);
  case delta::Function::Sin:
    return std::sin(x);
  case delta::Function::Cos:
    return std::cos(x);
  case delta::Function::Tan:
    return std::tan(x);
  case delta::Function::Asin:
    return std::asin(x);
  case delta::Function::Acos:
    return std::acos(x);
  case delta::Function::Atan:
    return std::atan(x);
  case delta::Function::Sinh:
    return std::sinh(x);
  case delta::Function::Cosh:
    return std::cosh(x);
  case delta::Function::Asinh:
    return std::asinh(x);
  case delta::Function::Acosh:
    return std::acosh(x);
  case delta::Function::Atanh:
    return std::atanh(x);
  case delta::Function::Abs:
    return std::abs(x);
  }
  return 0;
}

/// With a first setting of its own for every channel of a position, or (as many as there are elements) for
/// every element, if any are given.
inline Table activate(const Table &in, delta::Activation f, const std::vector<double> &firsts = {}) {
  Table out = in;
  for (std::size_t i = 0; i < out.values.size(); ++i)
    out.values[i] = value_of(f.function, in.values[i],
                             firsts.empty() ? static_cast<double>(f.first) : firsts[i % firsts.size()],
                             static_cast<double>(f.second));
  return out;
}

/// The largest, or with `mean` the mean, of the positions that exist; the mean may divide by the kernel.
inline Table pool(const Table &in, std::int64_t length, delta::Sliding s, bool mean, bool by_kernel = false) {
  Table out(length, in.channels);
  for (std::int64_t o = 0; o < length; ++o)
    for (std::int64_t c = 0; c < in.channels; ++c) {
      double best = -std::numeric_limits<double>::infinity(), total = 0, counted = 0;
      for (std::int64_t t = 0; t < s.kernel; ++t) {
        const std::int64_t i = o * s.stride - s.before + t * s.dilation;
        if (i < 0 || i >= in.length)
          continue;
        best = std::max(best, in.at(i, c));
        total += in.at(i, c);
        counted += 1;
      }
      out.at(o, c) = mean ? total / (by_kernel ? static_cast<double>(s.kernel) : counted) : best;
    }
  return out;
}

/// Per position; then times a factor and plus an offset per channel.
inline Table layer_norm(const Table &in, const std::vector<float> &factors, const std::vector<float> &offsets,
                        double epsilon) {
  Table out = in;
  for (std::int64_t i = 0; i < in.length; ++i) {
    double mean = 0, variance = 0;
    for (std::int64_t c = 0; c < in.channels; ++c)
      mean += in.at(i, c) / static_cast<double>(in.channels);
    for (std::int64_t c = 0; c < in.channels; ++c)
      variance += (in.at(i, c) - mean) * (in.at(i, c) - mean) / static_cast<double>(in.channels);
    for (std::int64_t c = 0; c < in.channels; ++c)
      out.at(i, c) = (in.at(i, c) - mean) / std::sqrt(variance + epsilon) *
                         static_cast<double>(factors[static_cast<std::size_t>(c)]) +
                     static_cast<double>(offsets[static_cast<std::size_t>(c)]);
  }
  return out;
}

inline Table softmax(const Table &in) {
  Table out = in;
  for (std::int64_t i = 0; i < in.length; ++i) {
    double sum = 0;
    for (std::int64_t c = 0; c < in.channels; ++c)
      sum += std::exp(in.at(i, c));
    for (std::int64_t c = 0; c < in.channels; ++c)
      out.at(i, c) = std::exp(in.at(i, c)) / sum;
  }
  return out;
}

inline Table attention_pool(const Table &in, const Table &logits, std::int64_t group) {
  Table out(in.length / group, in.channels);
  for (std::int64_t o = 0; o < out.length; ++o)
    for (std::int64_t c = 0; c < in.channels; ++c) {
      double sum = 0, weights = 0;
      for (std::int64_t i = o * group; i < (o + 1) * group; ++i) {
        const double weight = std::exp(logits.at(i, c));
        sum += weight * in.at(i, c);
        weights += weight;
      }
      out.at(o, c) = sum / weights;
    }
  return out;
}

} // namespace gxfast::reference
