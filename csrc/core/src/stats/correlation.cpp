#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "gxfast/stats.hpp"
#include "kernels.hpp"

namespace gxfast::stats {
namespace {

template <class T> bool has_infinity(const T *x, std::int64_t n) {
  return std::any_of(x, x + n, [](T value) { return std::isinf(value); });
}

/// Values times a power of two that brings the largest to 1/2 .. 1.
template <class T> std::vector<double> scaled(const T *x, std::int64_t n) {
  double largest = 0;
  for (std::int64_t i = 0; i < n; ++i)
    largest = std::max(largest, std::abs(static_cast<double>(x[i])));
  int exponent = 0;
  std::frexp(largest, &exponent);
  std::vector<double> out(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i)
    out[static_cast<std::size_t>(i)] = std::ldexp(static_cast<double>(x[i]), -exponent);
  return out;
}

bool squares_fit(double value) { return value > 1e-140 && value < 1e140; }

template <class T> bool flat(const T *x, std::int64_t n) {
  return std::all_of(x, x + n, [&](T value) { return value == x[0]; });
}

/// Centred squares so small that the values may all be the same: then they are looked at.
bool maybe_flat(double squares, double mean, double count) {
  return !(squares > 1e-12 * count * mean * mean);
}

/// A pair of rows of finite values whose sums are known, at least three of them.
template <class T> Why correlate_finite(const T *x, const T *y, std::int64_t n, Sums sums, double &r) {
  const double count = static_cast<double>(n), mean_x = sums.x / count, mean_y = sums.y / count;
  Moments m = stats_kernels().moments(x, y, n, mean_x, mean_y);
  if (maybe_flat(m.xx, mean_x, count) && flat(x, n))
    return kFlatX;
  if (maybe_flat(m.yy, mean_y, count) && flat(y, n))
    return kFlatY;
  if (!squares_fit(m.xx) || !squares_fit(m.yy)) {
    const std::vector<double> a = scaled(x, n), b = scaled(y, n);
    const Sums again = stats_kernels().sums(a.data(), b.data(), n);
    m = stats_kernels().moments(a.data(), b.data(), n, again.x / count, again.y / count);
  }
  r = std::clamp(m.xy / std::sqrt(m.xx * m.yy), -1.0, 1.0);
  return kDefined;
}

/// A pair of rows without NaN.
template <class T> Why correlate(const T *x, const T *y, std::int64_t n, double &r) {
  if (has_infinity(x, n) || has_infinity(y, n))
    return kInfinite;
  return n < 3 ? kTooFew : correlate_finite(x, y, n, stats_kernels().sums(x, y, n), r);
}

/// The pairs without NaN, packed.
template <class T>
std::int64_t usable(const T *x, const T *y, std::int64_t people, std::vector<T> &a, std::vector<T> &b) {
  std::size_t k = 0;
  for (std::int64_t i = 0; i < people; ++i) {
    a[k] = x[i];
    b[k] = y[i];
    k += std::isnan(x[i]) || std::isnan(y[i]) ? 0 : 1;
  }
  return static_cast<std::int64_t>(k);
}

template <class T> struct Bits;
template <> struct Bits<float> {
  using Key = std::uint32_t;
};
template <> struct Bits<double> {
  using Key = std::uint64_t;
};

/// Whole numbers in the order of the values; -0 is 0.
template <class T> typename Bits<T>::Key ordered_key(T value) {
  using Key = typename Bits<T>::Key;
  value += T(0);
  Key bits;
  static_assert(sizeof(bits) == sizeof(value));
  std::copy_n(reinterpret_cast<const unsigned char *>(&value), sizeof(value),
              reinterpret_cast<unsigned char *>(&bits));
  const Key sign = Key(1) << (8 * sizeof(Key) - 1);
  return bits & sign ? ~bits : bits | sign;
}

/// Average ranks by a radix sort, least significant byte first.
template <class T> class Ranker {
  using Key = typename Bits<T>::Key;
  struct Item {
    Key key;
    std::uint32_t index;
  };

public:
  explicit Ranker(std::int64_t people)
      : items_(static_cast<std::size_t>(people)), other_(items_.size()), ranks_(items_.size()) {}

  const double *operator()(const T *x, std::int64_t n) {
    std::array<std::array<std::uint32_t, 256>, sizeof(Key)> counts{};
    for (std::int64_t i = 0; i < n; ++i) {
      const Key key = ordered_key(x[i]);
      items_[static_cast<std::size_t>(i)] = {key, static_cast<std::uint32_t>(i)};
      for (std::size_t byte = 0; byte < sizeof(Key); ++byte)
        ++counts[byte][(key >> (8 * byte)) & 255];
    }
    for (std::size_t byte = 0; byte < sizeof(Key) && n > 0; ++byte)
      if (counts[byte][(items_[0].key >> (8 * byte)) & 255] != static_cast<std::uint32_t>(n))
        pass(counts[byte], byte, n);
    for (std::int64_t first = 0; first < n;) {
      std::int64_t last = first + 1;
      while (last < n &&
             items_[static_cast<std::size_t>(last)].key == items_[static_cast<std::size_t>(first)].key)
        ++last;
      for (std::int64_t i = first; i < last; ++i)
        ranks_[items_[static_cast<std::size_t>(i)].index] = static_cast<double>(first + last + 1) / 2;
      first = last;
    }
    return ranks_.data();
  }

private:
  void pass(const std::array<std::uint32_t, 256> &counts, std::size_t byte, std::int64_t n) {
    std::array<std::uint32_t, 256> next{};
    std::uint32_t at = 0;
    for (std::size_t value = 0; value < 256; ++value) {
      next[value] = at;
      at += counts[value];
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const Item item = items_[static_cast<std::size_t>(i)];
      other_[next[(item.key >> (8 * byte)) & 255]++] = item;
    }
    items_.swap(other_);
  }

  std::vector<Item> items_, other_;
  std::vector<double> ranks_;
};

} // namespace

template <class T>
void pearson_rows(const T *x, const T *y, std::int64_t rows, std::int64_t people, double *r, std::int64_t *n,
                  std::int8_t *why) {
  std::vector<T> a(static_cast<std::size_t>(people)), b(a.size());
  for (std::int64_t g = 0; g < rows; ++g) {
    const T *first = x + g * people, *second = y + g * people;
    const Sums sums = stats_kernels().sums(first, second, people);
    n[g] = people;
    r[g] = std::numeric_limits<double>::quiet_NaN();
    // A sum is finite unless something in it is not: one test for a whole row.
    if (std::isfinite(sums.x) && std::isfinite(sums.y) && people >= 3) {
      why[g] = correlate_finite(first, second, people, sums, r[g]);
      continue;
    }
    n[g] = usable(first, second, people, a, b);
    why[g] = correlate(a.data(), b.data(), n[g], r[g]);
  }
}

template <class T>
void spearman_rows(const T *x, const T *y, std::int64_t rows, std::int64_t people, double *r, std::int64_t *n,
                   std::int8_t *why) {
  std::vector<T> a(static_cast<std::size_t>(people)), b(a.size());
  Ranker<T> rank_x(people), rank_y(people);
  for (std::int64_t g = 0; g < rows; ++g) {
    const T *first = x + g * people, *second = y + g * people;
    n[g] = people;
    r[g] = std::numeric_limits<double>::quiet_NaN();
    const Sums sums = stats_kernels().sums(first, second, people);
    if (!std::isfinite(sums.x) || !std::isfinite(sums.y)) {
      n[g] = usable(first, second, people, a, b);
      first = a.data(), second = b.data();
    }
    if (n[g] < 3) {
      why[g] = kTooFew;
      continue;
    }
    const double *ranks_x = rank_x(first, n[g]), *ranks_y = rank_y(second, n[g]);
    const double half = static_cast<double>(n[g]) * static_cast<double>(n[g] + 1) / 2; // what ranks add up to
    why[g] = correlate_finite(ranks_x, ranks_y, n[g], {half, half}, r[g]);
  }
}

template void pearson_rows(const float *, const float *, std::int64_t, std::int64_t, double *, std::int64_t *,
                           std::int8_t *);
template void pearson_rows(const double *, const double *, std::int64_t, std::int64_t, double *,
                           std::int64_t *, std::int8_t *);
template void spearman_rows(const float *, const float *, std::int64_t, std::int64_t, double *,
                            std::int64_t *, std::int8_t *);
template void spearman_rows(const double *, const double *, std::int64_t, std::int64_t, double *,
                            std::int64_t *, std::int8_t *);

} // namespace gxfast::stats
