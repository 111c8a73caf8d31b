#include "gxfast/association.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gxfast/parallel.hpp"
#include "kernels.hpp"

namespace gxfast::association {
namespace {

constexpr std::int64_t kBlock = 256; // SNPs that one thread takes at a time
constexpr double kExplained = 1e-10; // of its variance left beside the basis: nothing
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

std::int64_t whole(std::int64_t n, std::int64_t group) { return (n + group - 1) / group * group; }

/// Tiles of SNPs as double, the last one filled up with SNPs that nobody carries.
class Tiles {
public:
  Tiles(const std::int8_t *dosages, std::int64_t snps, std::int64_t people)
      : dosages_(dosages), snps_(snps), people_(people), stride_(whole(people, kLanes)),
        wide_(static_cast<std::size_t>(kTile * stride_)) {}

  const double *at(std::int64_t snp) {
    const std::int8_t *from = dosages_ + snp * people_;
    if (snp + kTile > snps_) {
      rest_.assign(static_cast<std::size_t>(kTile * people_), 0);
      std::copy(from, dosages_ + snps_ * people_, rest_.begin());
      from = rest_.data();
    }
    kernels().widen(from, people_, stride_, wide_.data());
    return wide_.data();
  }
  std::int64_t stride() const { return stride_; }

private:
  const std::int8_t *dosages_;
  std::int64_t snps_, people_, stride_;
  std::vector<double> wide_;
  std::vector<std::int8_t> rest_;
};

/// Rows of kLanes columns for each person, panel after panel, padded with 0.
std::vector<double> panels_of(const double *basis, std::int64_t columns, std::int64_t people) {
  std::vector<double> panels(static_cast<std::size_t>(whole(columns, kLanes) * people));
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t s = 0; s < people; ++s)
      panels[static_cast<std::size_t>((c / kLanes * people + s) * kLanes + c % kLanes)] = basis[c * people + s];
  return panels;
}

/// n |g|^2 - (sum g)^2, exact.
std::int64_t spread_of(const std::int8_t *dosages, std::int64_t people) {
  std::int32_t sum = 0, squares = 0;
  for (std::int64_t s = 0; s < people; ++s) {
    sum += dosages[s];
    squares += dosages[s] * dosages[s];
  }
  return people * squares - static_cast<std::int64_t>(sum) * sum;
}

void squares_of_block(const std::int8_t *dosages, std::int64_t snps, std::int64_t people,
                      const std::vector<double> &panels, std::int64_t begin, std::int64_t end, double *squares) {
  Tiles tiles(dosages, snps, people);
  const std::int64_t panel = people * kLanes;
  const std::int64_t count = static_cast<std::int64_t>(panels.size()) / std::max<std::int64_t>(panel, 1);
  double products[3 * kTile * kLanes];
  for (std::int64_t v = begin; v < end; v += kTile) {
    const std::int64_t rows = std::min(kTile, end - v);
    double explained[kTile] = {};
    const double *wide = count > 0 ? tiles.at(v) : nullptr;
    for (std::int64_t k = 0; k < count;) {
      const std::int64_t together = count - k >= 3 ? 3 : 1;
      const auto product = together == 3 ? kernels().panels : kernels().panel;
      product(wide, tiles.stride(), people, panels.data() + k * panel, products);
      for (std::int64_t j = 0; j < together; ++j)
        for (std::int64_t t = 0; t < kTile; ++t)
          for (std::int64_t c = 0; c < kLanes; ++c) {
            const double x = products[(j * kTile + t) * kLanes + c];
            explained[t] += x * x;
          }
      k += together;
    }
    for (std::int64_t t = 0; t < rows; ++t) {
      const double all = static_cast<double>(spread_of(dosages + (v + t) * people, people)) /
                         static_cast<double>(people);
      const double left = all - explained[t];
      squares[v + t] = all > 0 && left > kExplained * all ? left : kNothing;
    }
  }
}

/// Residuals padded with 0 to whole groups of lanes.
std::vector<double> padded(const double *rows, std::int64_t count, std::int64_t people) {
  const std::int64_t stride = whole(people, kLanes);
  std::vector<double> out(static_cast<std::size_t>(count * stride));
  for (std::int64_t g = 0; g < count; ++g)
    std::copy(rows + g * people, rows + (g + 1) * people, out.begin() + g * stride);
  return out;
}

} // namespace

void residual_squares(const std::int8_t *dosages, std::int64_t snps, std::int64_t people, const double *basis,
                      std::int64_t columns, int n_threads, double *squares) {
  const std::vector<double> panels = panels_of(basis, columns, people);
  parallel_for(snps, kBlock, n_threads, [&](std::int64_t begin, std::int64_t end) {
    squares_of_block(dosages, snps, people, panels, begin, end, squares);
  });
}

void associate(const std::int8_t *dosages, std::int64_t snps, std::int64_t people, const double *squares,
               const Genes &genes, double df, int n_threads, double *r, double *slope, double *slope_se) {
  const std::vector<double> residuals = padded(genes.residual, genes.count, people);
  parallel_for(snps, kBlock, n_threads, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> near;
    for (std::int64_t g = 0; g < genes.count; ++g)
      if (genes.first[g] < end && genes.last[g] > begin)
        near.push_back(g);
    Tiles tiles(dosages, snps, people);
    for (std::int64_t v = begin; v < end && !near.empty(); v += kTile) {
      const double *wide = tiles.at(v);
      const std::int64_t tile_end = std::min(end, v + kTile);
      double root[kTile], products[kTile];
      for (std::int64_t i = v; i < tile_end; ++i)
        root[i - v] = std::sqrt(squares[i]);
      for (const std::int64_t g : near) {
        const std::int64_t from = std::max(v, genes.first[g]), to = std::min(tile_end, genes.last[g]);
        if (from >= to)
          continue;
        kernels().dots(wide, tiles.stride(), residuals.data() + g * tiles.stride(), products);
        const double variance = genes.variance[g], size = std::sqrt(variance);
        const std::int64_t pair = genes.begin[g] - genes.first[g];
        for (std::int64_t i = from; i < to; ++i) {
          const double product = products[i - v];
          // NaN of either side stays NaN
          const double value = product / (root[i - v] * size), bounded = std::min(1.0, std::abs(value));
          r[pair + i] = std::copysign(bounded, value) + 0 * value;
          slope[pair + i] = product / squares[i] + 0 * value;
          slope_se[pair + i] = std::sqrt(variance / squares[i] * (1 - bounded) * (1 + bounded) / df) + 0 * value;
        }
      }
    }
  });
}

} // namespace gxfast::association
