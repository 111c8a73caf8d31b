#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace gxfast::stats {

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

/// Average ranks of values without NaN. Values are thrown into buckets, narrow ones around the mean, which
/// leaves few out of order; where they lie so unevenly that it leaves many, a radix sort takes over.
template <class T> class Ranker {
  using Key = typename Bits<T>::Key;
  struct Item {
    Key key;
    std::uint32_t index;
  };
  static constexpr std::size_t kBucketsPerValue = 2, kMovesPerValue = 8, kLanes = 16;
  static constexpr std::size_t kMostBuckets = 1 << 22; // whole numbers in single precision

public:
  explicit Ranker(std::int64_t people)
      : items_(static_cast<std::size_t>(people)), other_(items_.size()), bucket_of_(items_.size()) {}

  void operator()(const T *x, std::int64_t people, double *ranks) {
    const std::size_t n = static_cast<std::size_t>(people);
    if (!by_buckets(x, n))
      by_radix(x, n);
    const Item *items = items_.data();
    bool tied = false;
    for (std::size_t i = 1; i < n; ++i)
      tied |= items[i].key == items[i - 1].key;
    if (!tied) {
      for (std::size_t i = 0; i < n; ++i)
        ranks[items[i].index] = static_cast<double>(i + 1);
      return;
    }
    for (std::size_t first = 0; first < n;) {
      std::size_t last = first + 1;
      while (last < n && items[last].key == items[first].key)
        ++last;
      for (std::size_t i = first; i < last; ++i)
        ranks[items[i].index] = static_cast<double>(first + last + 1) / 2;
      first = last;
    }
  }

private:
  template <class Of> static T mean(std::size_t n, const Of &of) {
    T sums[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
      for (std::size_t j = 0; j < kLanes; ++j)
        sums[j] += of(i + j);
    for (; i < n; ++i)
      sums[0] += of(i);
    return std::accumulate(sums, sums + kLanes, T(0)) / static_cast<T>(n);
  }

  /// False if the values are too uneven, all the same or infinite.
  bool by_buckets(const T *x, std::size_t n) {
    if (n == 0)
      return false;
    const T middle = mean(n, [&](std::size_t i) { return x[i]; });
    const T spread = mean(n, [&](std::size_t i) { return std::abs(x[i] - middle); });
    if (!(spread > 0) || !std::isfinite(spread))
      return false;
    const std::size_t buckets = std::min(kBucketsPerValue * n, kMostBuckets);
    const T half = static_cast<T>(buckets) / 2;
    // the largest may reach the bucket after the last one
    begin_.assign(buckets + 1, 0);
    // plain pointers: vectors check their bounds in builds with assertions
    std::int32_t *bucket = bucket_of_.data();
    std::uint32_t *begin = begin_.data();
    Item *items = items_.data();
    for (std::size_t i = 0; i < n; ++i) {
      const T z = x[i] - middle;
      bucket[i] = static_cast<std::int32_t>(half + half * (z / (spread + std::abs(z))));
    }
    for (std::size_t i = 0; i < n; ++i)
      ++begin[bucket[i]];
    std::uint32_t at = 0;
    for (std::uint32_t &count : begin_)
      at += std::exchange(count, at);
    for (std::size_t i = 0; i < n; ++i)
      items[begin[bucket[i]]++] = {ordered_key(x[i]), static_cast<std::uint32_t>(i)};
    return insertion(items, n);
  }

  /// Sorts what is nearly sorted; false where that takes too many moves.
  static bool insertion(Item *items, std::size_t n) {
    std::size_t moves = 0;
    for (std::size_t i = 1; i < n; ++i) {
      const Item item = items[i];
      std::size_t j = i;
      if (items[j - 1].key <= item.key)
        continue;
      for (; j > 0 && items[j - 1].key > item.key; --j)
        items[j] = items[j - 1];
      items[j] = item;
      moves += i - j;
      if (moves > kMovesPerValue * n)
        return false;
    }
    return true;
  }

  /// Least significant byte first; bytes that all values share are passed over.
  void by_radix(const T *x, std::size_t n) {
    std::array<std::array<std::uint32_t, 256>, sizeof(Key)> counts{};
    for (std::size_t i = 0; i < n; ++i) {
      const Key key = ordered_key(x[i]);
      items_[i] = {key, static_cast<std::uint32_t>(i)};
      for (std::size_t byte = 0; byte < sizeof(Key); ++byte)
        ++counts[byte][(key >> (8 * byte)) & 255];
    }
    for (std::size_t byte = 0; byte < sizeof(Key) && n > 0; ++byte)
      if (counts[byte][(items_[0].key >> (8 * byte)) & 255] != n)
        pass(counts[byte], byte, n);
  }

  void pass(std::array<std::uint32_t, 256> &next, std::size_t byte, std::size_t n) {
    std::uint32_t at = 0;
    for (std::uint32_t &count : next)
      at += std::exchange(count, at);
    for (std::size_t i = 0; i < n; ++i)
      other_[next[(items_[i].key >> (8 * byte)) & 255]++] = items_[i];
    items_.swap(other_);
  }

  std::vector<Item> items_, other_;
  std::vector<std::int32_t> bucket_of_;
  std::vector<std::uint32_t> begin_;
};

} // namespace gxfast::stats
