// Association of genes with SNPs, and largest products of permutations, against sums in long double.

#include <algorithm>
#include <cmath>

#include "association_reference.hpp"
#include "gxfast/association.hpp"
#include "input.hpp"

namespace {

using namespace gxfast;

bool near(double a, double b, double allowed) {
  return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= allowed * (1 + std::abs(b));
}

void largest(fuzz::Input &input) {
  const std::int64_t snps = input.between(0, 30), people = input.between(0, 20),
                     permutations = input.between(1, 70);
  const std::vector<float> unit = input.eighths(snps * people),
                           permuted = input.eighths(people * permutations);
  std::vector<std::int64_t> cuts{input.between(0, snps)};
  for (std::int64_t n = input.between(0, 4); n > 0; --n)
    cuts.push_back(input.between(cuts.back(), snps));
  const auto stretches = static_cast<std::int64_t>(cuts.size()) - 1;
  std::vector<float> found(static_cast<std::size_t>(stretches * permutations), -1);
  association::largest_products(unit.data(), people, permuted.data(), permutations, cuts.data(), stretches,
                                input.threads(), found.data());
  for (std::size_t i = 0; i < static_cast<std::size_t>(stretches); ++i)
    for (std::int64_t k = 0; k < permutations; ++k) {
      double most = 0;
      for (std::int64_t v = cuts[i]; v < cuts[i + 1] && people > 0; ++v)
        most = std::max(most, std::abs(reference::dot(unit.data() + v * people, permuted.data() + k,
                                                      static_cast<std::size_t>(people),
                                                      static_cast<std::size_t>(permutations))));
      // Sums of products of eighths are exact.
      EXPECT(static_cast<double>(
                 found[i * static_cast<std::size_t>(permutations) + static_cast<std::size_t>(k)]) == most);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  if (input.byte() % 4 == 0) {
    largest(input);
    return 0;
  }
  const std::size_t snps = input.size(0, 30), people = input.size(1, 30), columns = input.size(0, 28);
  std::vector<std::int8_t> dosages(snps * people);
  for (std::int8_t &dosage : dosages)
    dosage = static_cast<std::int8_t>(input.byte() % 3);
  std::vector<double> basis(columns * people);
  for (double &value : basis)
    value = input.eighth() / 64;
  const auto n_snps = static_cast<std::int64_t>(snps), n_people = static_cast<std::int64_t>(people);
  const int threads = input.threads();
  std::vector<double> squares(snps, 7);
  association::residual_squares(dosages.data(), n_snps, n_people, basis.data(),
                                static_cast<std::int64_t>(columns), threads, squares.data());
  for (std::size_t v = 0; v < snps; ++v) {
    const double expected = reference::residual_square(dosages.data() + v * people, people, basis);
    const double all = reference::residual_square(dosages.data() + v * people, people, {});
    if (expected > 1e-9 * all || all == 0)
      EXPECT(all == 0 ? std::isnan(squares[v]) : near(squares[v], expected, 1e-10));
  }

  std::vector<double> residual, variance;
  std::vector<std::int64_t> first, last, begin;
  std::int64_t pairs = 0;
  for (std::size_t g = input.size(0, 5); g > 0; --g) {
    double sum = 0;
    for (std::size_t s = 0; s < people; ++s) {
      residual.push_back(input.eighth());
      sum += residual.back() * residual.back();
    }
    variance.push_back(sum);
    first.push_back(input.between(0, n_snps));
    last.push_back(input.between(first.back(), n_snps));
    begin.push_back(pairs);
    pairs += last.back() - first.back();
  }
  const association::Genes genes{static_cast<std::int64_t>(variance.size()),
                                 residual.data(),
                                 variance.data(),
                                 first.data(),
                                 last.data(),
                                 begin.data()};
  const auto df = static_cast<double>(input.between(1, 50));
  const auto n_pairs = static_cast<std::size_t>(pairs);
  std::vector<double> r(n_pairs, 7), slope(n_pairs, 7), error(n_pairs, 7);
  association::associate(dosages.data(), n_snps, n_people, squares.data(), genes, df, threads, r.data(),
                         slope.data(), error.data());
  for (std::size_t g = 0; g < variance.size(); ++g)
    for (std::int64_t v = first[g]; v < last[g]; ++v) {
      const auto pair = static_cast<std::size_t>(begin[g] + v - first[g]);
      const double square = squares[static_cast<std::size_t>(v)];
      const double product =
          reference::dot(dosages.data() + v * n_people, residual.data() + g * people, people);
      if (std::isnan(square) || variance[g] == 0) {
        EXPECT(std::isnan(r[pair]) && std::isnan(slope[pair]) && std::isnan(error[pair]));
        continue;
      }
      const double raw = product / std::sqrt(square * variance[g]);
      const double bounded = std::copysign(std::min(1.0, std::abs(raw)), raw);
      EXPECT(near(r[pair], bounded, 1e-12) && near(slope[pair], product / square, 1e-12));
      EXPECT(near(error[pair] * error[pair], variance[g] / square * (1 - bounded * bounded) / df, 1e-10));
    }
  return 0;
}
