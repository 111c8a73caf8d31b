#include "gxfast/association.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "gxfast/parallel.hpp"
#include "kernels.hpp"
#include "tiles.hpp"

namespace gxfast::association {
namespace {

constexpr std::int64_t kBlock = 256; // SNPs that one thread takes at a time
constexpr double kExplained = 1e-10; // of its variance left beside the basis: nothing
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

/// Rows of kLanes columns for each person, panel after panel, padded with 0.
std::vector<double> panels_of(const double *basis, std::int64_t columns, std::int64_t people) {
  std::vector<double> panels(static_cast<std::size_t>(whole(columns, kLanes) * people));
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t s = 0; s < people; ++s)
      panels[static_cast<std::size_t>((c / kLanes * people + s) * kLanes + c % kLanes)] =
          basis[c * people + s];
  return panels;
}

/// n |g|^2 - (sum g)^2, exact.
std::int64_t spread_of(const std::int8_t *dosages, std::int64_t people) {
  std::int32_t sum, squares;
  kernels().sums(dosages, people, &sum, &squares);
  return people * squares - static_cast<std::int64_t>(sum) * sum;
}

void squares_of_block(const std::int8_t *dosages, std::int64_t snps, std::int64_t people,
                      const std::vector<double> &panels, std::int64_t begin, std::int64_t end,
                      double *squares) {
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
      const double all =
          static_cast<double>(spread_of(dosages + (v + t) * people, people)) / static_cast<double>(people);
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

std::vector<std::int64_t> genes_between(const Genes &genes, std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> found;
  for (std::int64_t g = 0; g < genes.count; ++g)
    if (genes.first[g] < end && genes.last[g] > begin)
      found.push_back(g);
  return found;
}

struct Out {
  double *r, *slope, *slope_se;
};

/// Products of one gene with the SNPs [v, end) to what they mean. NaN of either side stays NaN.
void finish(const Genes &genes, std::int64_t g, std::int64_t v, std::int64_t end, const double *squares,
            const double *products, double df, const Out &out) {
  const double variance = genes.variance[g];
  const std::int64_t pair = genes.begin[g] - genes.first[g];
  for (std::int64_t i = std::max(v, genes.first[g]); i < std::min(end, genes.last[g]); ++i) {
    const double product = products[i - v];
    const double value = product / std::sqrt(squares[i] * variance), bounded = std::min(1.0, std::abs(value));
    out.r[pair + i] = std::copysign(bounded, value) + 0 * value;
    out.slope[pair + i] = product / squares[i] + 0 * value;
    out.slope_se[pair + i] =
        std::sqrt(variance / squares[i] * (1 - bounded) * (1 + bounded) / df) + 0 * value;
  }
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
  const std::int64_t stride = whole(people, kLanes);
  const auto residual = [&](std::int64_t g) { return residuals.data() + g * stride; };
  parallel_for(snps, kBlock, n_threads, [&](std::int64_t begin, std::int64_t end) {
    const std::vector<std::int64_t> near = genes_between(genes, begin, end);
    std::vector<std::int64_t> here;
    Tiles tiles(dosages, snps, people);
    for (std::int64_t v = begin; v < end && !near.empty(); v += kTile) {
      const std::int64_t tile_end = std::min(end, v + kTile);
      here.clear();
      std::copy_if(near.begin(), near.end(), std::back_inserter(here),
                   [&](std::int64_t g) { return genes.first[g] < tile_end && genes.last[g] > v; });
      const double *wide = here.empty() ? nullptr : tiles.at(v);
      double products[2 * kTile];
      for (std::size_t k = 0; k < here.size(); k += 2) {
        const bool two = k + 1 < here.size();
        if (two)
          kernels().two_dots(wide, stride, residual(here[k]), residual(here[k + 1]), products);
        else
          kernels().dots(wide, stride, residual(here[k]), products);
        for (std::size_t i = k; i < k + (two ? 2 : 1); ++i)
          finish(genes, here[i], v, tile_end, squares, products + (i - k) * kTile, df, {r, slope, slope_se});
      }
    }
  });
}

void largest_products(const float *unit, std::int64_t people, const float *permuted,
                      std::int64_t permutations, const std::int64_t *cuts, std::int64_t stretches,
                      int n_threads, float *largest) {
  parallel_for(permutations, kPanel, n_threads, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t used = end - begin;
    std::vector<float> panel(static_cast<std::size_t>(people * kPanel)), best(kPanel);
    for (std::int64_t s = 0; s < people; ++s)
      std::copy_n(permuted + s * permutations + begin, used, panel.begin() + s * kPanel);
    for (std::int64_t i = 0; i < stretches; ++i) {
      std::fill(best.begin(), best.end(), 0.0F);
      kernels().largest(unit + cuts[i] * people, cuts[i + 1] - cuts[i], people, panel.data(), best.data());
      std::copy_n(best.begin(), used, largest + i * permutations + begin);
    }
  });
}

} // namespace gxfast::association
