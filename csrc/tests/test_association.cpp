#include <cstring>
#include <random>

#include "association_reference.hpp"
#include "check.hpp"
#include "gxfast/association.hpp"
#include "gxfast/cpu.hpp"

namespace {

namespace association = gxfast::association;
using gxfast::reference::dot;

struct Case {
  std::size_t snps, people, columns;
  std::vector<std::int8_t> dosages;
  std::vector<double> basis, residual, variance;
  std::vector<std::int64_t> first, last, begin;

  std::int64_t pairs() const { return begin.back() + last.back() - first.back(); }
  association::Genes genes() const {
    return {static_cast<std::int64_t>(variance.size()),
            residual.data(),
            variance.data(),
            first.data(),
            last.data(),
            begin.data()};
  }
};

/// A basis of short vectors is enough: the formulas are linear.
Case draw(std::mt19937 &random) {
  std::normal_distribution<double> normal;
  Case made{1 + random() % 40, 1 + random() % 50, random() % 30, {}, {}, {}, {}, {}, {}, {}};
  made.dosages.resize(made.snps * made.people);
  for (auto &dosage : made.dosages)
    dosage = static_cast<std::int8_t>(random() % 3);
  made.basis.resize(made.columns * made.people);
  for (auto &value : made.basis)
    value = normal(random) / 100;
  std::int64_t begin = 0;
  for (std::size_t g = 0; g < 3; ++g) {
    double variance = 0;
    for (std::size_t s = 0; s < made.people; ++s) {
      made.residual.push_back(normal(random));
      variance += made.residual.back() * made.residual.back();
    }
    made.variance.push_back(g == 2 ? std::nan("") : variance);
    const auto first = static_cast<std::int64_t>(random() % made.snps);
    made.first.push_back(first);
    made.last.push_back(
        first + static_cast<std::int64_t>(random() % (made.snps - static_cast<std::size_t>(first) + 1)));
    made.begin.push_back(begin);
    begin += made.last.back() - first;
  }
  return made;
}

void pairs_against_their_definition() {
  std::mt19937 random(3);
  for (int k = 0; k < 200; ++k) {
    const Case made = draw(random);
    const auto snps = static_cast<std::int64_t>(made.snps), people = static_cast<std::int64_t>(made.people);
    std::vector<double> squares(made.snps);
    association::residual_squares(made.dosages.data(), snps, people, made.basis.data(),
                                  static_cast<std::int64_t>(made.columns), 1 + k % 2, squares.data());
    std::vector<double> r(static_cast<std::size_t>(made.pairs())), slope(r.size()), se(r.size());
    association::associate(made.dosages.data(), snps, people, squares.data(), made.genes(), 7, 1 + k % 2,
                           r.data(), slope.data(), se.data());
    const std::string name = "case " + std::to_string(k);
    for (std::size_t v = 0; v < made.snps; ++v) {
      const double square =
          gxfast::reference::residual_square(&made.dosages[v * made.people], made.people, made.basis);
      CHECK_IN(std::isnan(squares[v]) ? square < 1e-6 : std::abs(squares[v] / square - 1) < 1e-9, name);
    }
    for (std::size_t g = 0; g < 3; ++g)
      for (std::int64_t v = made.first[g]; v < made.last[g]; ++v) {
        const auto pair = static_cast<std::size_t>(made.begin[g] + v - made.first[g]);
        const double square = squares[static_cast<std::size_t>(v)];
        const double product = dot(&made.residual[g * made.people],
                                   &made.dosages[static_cast<std::size_t>(v) * made.people], made.people);
        if (g == 2 || std::isnan(square)) {
          CHECK_IN(std::isnan(r[pair]) && std::isnan(slope[pair]) && std::isnan(se[pair]), name);
          continue;
        }
        CHECK_IN(std::abs(slope[pair] - product / square) <= 1e-9 * (1 + std::abs(product / square)), name);
        CHECK_IN(std::abs(r[pair]) <= 1, name);
      }
  }
}

void every_instruction_set_gives_the_same_bits() {
  std::mt19937 random(4);
  for (int k = 0; k < 50; ++k) {
    const Case made = draw(random);
    const auto snps = static_cast<std::int64_t>(made.snps), people = static_cast<std::int64_t>(made.people);
    std::vector<double> kept;
    for (const auto level :
         {gxfast::InstructionSet::Portable, gxfast::InstructionSet::Avx2, gxfast::InstructionSet::Avx512}) {
      gxfast::limit_instruction_set(level);
      std::vector<double> all(made.snps + 3 * static_cast<std::size_t>(made.pairs()), 0.0);
      association::residual_squares(made.dosages.data(), snps, people, made.basis.data(),
                                    static_cast<std::int64_t>(made.columns), 1, all.data());
      double *r = all.data() + snps, *slope = r + made.pairs(), *se = slope + made.pairs();
      association::associate(made.dosages.data(), snps, people, all.data(), made.genes(), 7, 1, r, slope, se);
      if (kept.empty())
        kept = all;
      CHECK_IN(std::memcmp(kept.data(), all.data(), all.size() * sizeof(double)) == 0,
               "case " + std::to_string(k));
    }
  }
}

void largest() {
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  for (int k = 0; k < 60; ++k) {
    const std::size_t snps = 1 + random() % 30, people = 1 + random() % 40, permutations = 1 + random() % 110;
    std::vector<float> unit(snps * people), permuted(people * permutations), found(3 * permutations, -1);
    for (auto *values : {&unit, &permuted})
      for (auto &value : *values)
        value = normal(random);
    const auto middle = static_cast<std::int64_t>(random() % (snps + 1));
    const std::int64_t cuts[] = {0, middle, middle, static_cast<std::int64_t>(snps)};
    gxfast::limit_instruction_set(k % 3 == 0   ? gxfast::InstructionSet::Portable
                                  : k % 3 == 1 ? gxfast::InstructionSet::Avx2
                                               : gxfast::InstructionSet::Avx512);
    association::largest_products(unit.data(), static_cast<std::int64_t>(people), permuted.data(),
                                  static_cast<std::int64_t>(permutations), cuts, 3, 2, found.data());
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t p = 0; p < permutations; ++p) {
        double best = 0;
        for (std::int64_t v = cuts[i]; v < cuts[i + 1]; ++v)
          best = std::max(best, std::abs(dot(&unit[static_cast<std::size_t>(v) * people], &permuted[p],
                                             people, permutations)));
        CHECK_IN(std::abs(static_cast<double>(found[i * permutations + p]) - best) < 1e-4,
                 "case " + std::to_string(k));
      }
  }
  gxfast::limit_instruction_set(gxfast::InstructionSet::Avx512);
}

} // namespace

int main() {
  pairs_against_their_definition();
  every_instruction_set_gives_the_same_bits();
  largest();
  return failures();
}
