// Step-up adjustment without a global sort: values go to buckets by size, each bucket is sorted in cache from
// the largest down, and the results are read back in the order of the input, which every bucket has kept.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gxfast/stats.hpp"

namespace gxfast::stats {
namespace {

constexpr std::int64_t kPerBucket = 16, kMostBuckets = 1 << 16;

struct Ranked {
  double p;
  std::int64_t at; // in the bucket
};

/// Ascending. Buckets are small where values are spread out, and then shifting neighbours beats any
/// cleverness.
void sort_bucket(std::vector<Ranked> &items) {
  if (items.size() > 48) {
    std::sort(items.begin(), items.end(), [](const Ranked &l, const Ranked &r) { return l.p < r.p; });
    return;
  }
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Ranked item = items[i];
    std::size_t k = i;
    for (; k > 0 && items[k - 1].p > item.p; --k)
      items[k] = items[k - 1];
    items[k] = item;
  }
}

} // namespace

void step_up(const double *p, std::int64_t n, double factor, double *q) {
  const std::int64_t n_buckets = std::clamp<std::int64_t>(n / kPerBucket, 1, kMostBuckets);
  const double scale = static_cast<double>(n_buckets);
  const auto bucket_of = [&](double value) {
    return static_cast<std::size_t>(
        std::min<std::int64_t>(static_cast<std::int64_t>(value * scale), n_buckets - 1));
  };
  std::vector<std::int64_t> first(static_cast<std::size_t>(n_buckets) + 1, 0);
  for (std::int64_t i = 0; i < n; ++i)
    if (!std::isnan(p[i]))
      ++first[bucket_of(p[i]) + 1];
  for (std::size_t b = 1; b < first.size(); ++b)
    first[b] += first[b - 1];
  const std::int64_t tests = first.back();

  std::vector<double> values(static_cast<std::size_t>(tests));
  std::vector<std::int64_t> next(first.begin(), first.end() - 1);
  for (std::int64_t i = 0; i < n; ++i)
    if (!std::isnan(p[i]))
      values[static_cast<std::size_t>(next[bucket_of(p[i])]++)] = p[i];

  double lowest = 1;
  const double times = factor * static_cast<double>(tests);
  std::vector<Ranked> ranked;
  for (std::int64_t b = n_buckets - 1; b >= 0; --b) {
    const std::int64_t begin = first[static_cast<std::size_t>(b)],
                       end = first[static_cast<std::size_t>(b) + 1];
    ranked.clear();
    for (std::int64_t i = begin; i < end; ++i)
      ranked.push_back({values[static_cast<std::size_t>(i)], i});
    sort_bucket(ranked);
    for (std::int64_t k = end - begin - 1; k >= 0; --k) {
      const Ranked &item = ranked[static_cast<std::size_t>(k)];
      lowest = std::min(lowest, item.p * times / static_cast<double>(begin + k + 1));
      values[static_cast<std::size_t>(item.at)] = lowest;
    }
  }

  next.assign(first.begin(), first.end() - 1);
  for (std::int64_t i = 0; i < n; ++i)
    q[i] = std::isnan(p[i]) ? std::numeric_limits<double>::quiet_NaN()
                            : values[static_cast<std::size_t>(next[bucket_of(p[i])]++)];
}

} // namespace gxfast::stats
