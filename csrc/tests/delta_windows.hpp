#pragma once

// Windows of what edits change, and tables to compare with: for tests and fuzz targets of delta programs.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "delta_reference.hpp"

namespace gxfast::tests {

using delta::Sliding;
using reference::Table;

struct Window {
  std::vector<std::int32_t> lo, hi;
};

inline std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Windows of the output of something that slides, cut to the tensor.
inline Window slide(const Window &in, std::int64_t length, Sliding s) {
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

/// Windows of what positions spread to, lo * factor + low .. hi * factor + high, cut to the tensor.
inline Window spread(const Window &in, std::int64_t length, std::int64_t factor, std::int64_t low,
                     std::int64_t high) {
  Window out;
  for (std::size_t p = 0; p < in.lo.size(); ++p) {
    const std::int64_t lo = std::max<std::int64_t>(in.lo[p] * factor + low, 0);
    const std::int64_t hi = std::min(in.hi[p] * factor + high, length - 1);
    const bool none = in.hi[p] < in.lo[p] || hi < lo;
    out.lo.push_back(static_cast<std::int32_t>(none ? 0 : lo));
    out.hi.push_back(static_cast<std::int32_t>(none ? -1 : hi));
  }
  return out;
}

/// Windows of last - o, cut to the tensor.
inline Window mirrored(const Window &in, std::int64_t length, std::int64_t last) {
  Window out;
  for (std::size_t p = 0; p < in.lo.size(); ++p) {
    const std::int64_t lo = std::max<std::int64_t>(last - in.hi[p], 0);
    const std::int64_t hi = std::min(last - in.lo[p], length - 1);
    const bool none = in.hi[p] < in.lo[p] || hi < lo;
    out.lo.push_back(static_cast<std::int32_t>(none ? 0 : lo));
    out.hi.push_back(static_cast<std::int32_t>(none ? -1 : hi));
  }
  return out;
}

inline std::vector<float> as_floats(const Table &table) {
  std::vector<float> values;
  for (const double x : table.values)
    values.push_back(static_cast<float>(x));
  return values;
}

inline Table one_hot(const std::vector<int> &codes) {
  Table table(static_cast<std::int64_t>(codes.size()), 4);
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (codes[i] < 4)
      table.at(static_cast<std::int64_t>(i), codes[i]) = 1;
  return table;
}

/// Largest difference, as a share of the largest value where that is above 1.
inline double worst(const float *found, const std::vector<double> &expected) {
  double most = 0, scale = 1;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double off = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(off <= most))
      most = std::isnan(off) ? std::numeric_limits<double>::infinity() : off;
    scale = std::max(scale, std::abs(expected[i]));
  }
  return most / scale;
}

} // namespace gxfast::tests
