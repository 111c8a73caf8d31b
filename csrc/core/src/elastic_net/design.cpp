#include "design.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "kernels.hpp"

namespace gxfast::elastic_net {
namespace {

constexpr std::int64_t kMostPeople = 63; // whose products of dosages add up in a byte
constexpr std::int64_t kBatch = 8;       // columns whose sums stay in the nearest cache

/// Whether 2 - x is the form to keep: the one with the smaller sum, so that equal and complementary SNPs
/// meet.
bool to_flip(const std::vector<std::uint8_t> &x) {
  const std::int64_t sum = std::accumulate(x.begin(), x.end(), std::int64_t{0});
  const auto people = static_cast<std::int64_t>(x.size());
  if (sum != people)
    return sum > people;
  const auto uneven = std::find_if(x.begin(), x.end(), [](std::uint8_t v) { return v != 1; });
  return uneven != x.end() && *uneven == 2;
}

} // namespace

Design::Design(const std::int8_t *dosages, std::int64_t snps, std::int64_t people, const std::int32_t *folds,
               std::int64_t n_folds)
    : people_(people), n_folds_(n_folds), order_(static_cast<std::size_t>(people)),
      begin_(static_cast<std::size_t>(n_folds) + 1, 0), column_of_(static_cast<std::size_t>(snps), -1),
      flipped_(static_cast<std::size_t>(snps), false) {
  for (std::int64_t i = 0; i < people; ++i) {
    if (folds[i] < 0 || folds[i] >= n_folds)
      throw std::invalid_argument("fold out of range");
    ++begin_[static_cast<std::size_t>(folds[i]) + 1];
  }
  if (n_folds > 0 && *std::min_element(begin_.begin() + 1, begin_.end()) == 0)
    throw std::invalid_argument("a fold is empty");
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  std::iota(order_.begin(), order_.end(), 0);
  std::stable_sort(order_.begin(), order_.end(), [&](auto l, auto r) { return folds[l] < folds[r]; });

  // Views point into rows that were reserved at once and never move.
  by_column_.reserve(static_cast<std::size_t>(snps * people));
  std::unordered_map<std::string_view, std::int64_t> seen;
  std::vector<std::uint8_t> x(static_cast<std::size_t>(people));
  for (std::int64_t j = 0; j < snps; ++j) {
    for (std::int64_t i = 0; i < people; ++i) {
      const std::int8_t dosage = dosages[j * people + order_[static_cast<std::size_t>(i)]];
      if (dosage < 0 || dosage > 2)
        throw std::invalid_argument("dosages must be 0, 1 or 2");
      x[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(dosage);
    }
    if (std::all_of(x.begin(), x.end(), [&](std::uint8_t v) { return v == x[0]; }))
      continue;
    const auto at = static_cast<std::size_t>(j);
    flipped_[at] = to_flip(x);
    if (flipped_[at])
      for (auto &v : x)
        v = static_cast<std::uint8_t>(2 - v);
    const auto found = seen.find({reinterpret_cast<const char *>(x.data()), x.size()});
    if (found != seen.end()) {
      column_of_[at] = found->second;
      copies_[static_cast<std::size_t>(found->second)] += 1;
      continue;
    }
    column_of_[at] = columns_;
    copies_.push_back(1);
    by_column_.insert(by_column_.end(), x.begin(), x.end());
    seen.emplace(std::string_view(reinterpret_cast<const char *>(column(columns_)), x.size()), columns_);
    ++columns_;
  }
  padded_ = (columns_ + kGroup - 1) / kGroup * kGroup;
  by_person_.assign(static_cast<std::size_t>(padded_ * people), 0);
  for (std::int64_t j = 0; j < columns_; ++j)
    for (std::int64_t i = 0; i < people; ++i)
      by_person_[static_cast<std::size_t>(i * padded_ + j)] = column(j)[i];
}

void Design::spread(const std::vector<double> &of_columns, double intercept_of_columns, double *of_snps,
                    double *intercept) const {
  *intercept = intercept_of_columns;
  for (std::size_t j = 0; j < column_of_.size(); ++j) {
    of_snps[j] = 0;
    if (column_of_[j] < 0)
      continue;
    const auto c = static_cast<std::size_t>(column_of_[j]);
    const double share = of_columns[c] / copies_[c];
    of_snps[j] = flipped_[j] ? -share : share;
    if (flipped_[j])
      *intercept += 2 * share;
  }
}

Products::Products(const Design &design)
    : design_(design), made_(static_cast<std::size_t>(design.columns())),
      sums_(static_cast<std::size_t>(kBatch * design.padded() * (design.n_folds() + 1))),
      bytes_(static_cast<std::size_t>(kBatch * design.padded()), 0) {}

void Products::make(const std::vector<std::int64_t> &columns) {
  std::vector<std::int64_t> missing;
  for (const std::int64_t column : columns)
    if (!made_[static_cast<std::size_t>(column)])
      missing.push_back(column);
  for (std::size_t from = 0; from < missing.size(); from += kBatch)
    make_batch(missing.data() + from,
               std::min<std::int64_t>(kBatch, static_cast<std::int64_t>(missing.size() - from)));
}

void Products::make_batch(const std::int64_t *columns, std::int64_t n) {
  const std::int64_t width = design_.padded(), folds = design_.n_folds(), per_column = (folds + 1) * width;
  const Kernels &k = kernels();
  std::fill(sums_.begin(), sums_.end(), 0);
  for (std::int64_t f = 0; f < folds; ++f)
    for (std::int64_t from = design_.fold_begin(f); from < design_.fold_begin(f + 1); from += kMostPeople) {
      const std::int64_t to = std::min(from + kMostPeople, design_.fold_begin(f + 1));
      for (std::int64_t i = from; i < to; ++i)
        for (std::int64_t c = 0; c < n; ++c)
          if (const std::uint8_t dosage = design_.column(columns[c])[i]; dosage > 0)
            k.add_bytes(bytes_.data() + c * width, design_.row(i), dosage, width);
      for (std::int64_t c = 0; c < n; ++c)
        k.flush_bytes(sums_.data() + c * per_column + f * width, bytes_.data() + c * width, width);
    }
  for (std::int64_t c = 0; c < n; ++c) {
    std::int32_t *sums = sums_.data() + c * per_column, *all = sums + folds * width;
    for (std::int64_t f = 0; f < folds; ++f)
      for (std::int64_t j = 0; j < width; ++j)
        all[j] += sums[f * width + j];
    // Not filled with zeros first: every value is written below.
    std::unique_ptr<float[]> out(new float[static_cast<std::size_t>(per_column)]);
    for (std::int64_t j = 0; j < width; ++j)
      out[static_cast<std::size_t>(j)] = static_cast<float>(all[j]);
    for (std::int64_t f = 0; f < folds; ++f)
      k.subtract(out.get() + (f + 1) * width, all, sums + f * width, width);
    made_[static_cast<std::size_t>(columns[c])] = std::move(out);
  }
}

} // namespace gxfast::elastic_net
