#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "check.hpp"
#include "gxfast/cpu.hpp"
#include "gxfast/susie.hpp"
#include "susie_reference.hpp"

namespace {

namespace association = gxfast::association;

struct Case {
  std::int64_t snps, people;
  std::vector<std::int8_t> dosages;
  std::vector<double> basis, scale, phenotype;

  association::Standardised data() const {
    return {dosages.data(), snps, people, basis.data(), 1, scale.data(), phenotype.data()};
  }
};

/// Random variants beside an intercept; two of them act.
Case draw(std::mt19937 &random) {
  std::normal_distribution<double> normal;
  Case made{20 + static_cast<std::int64_t>(random() % 40),
            30 + static_cast<std::int64_t>(random() % 30),
            {},
            {},
            {},
            {}};
  const auto n = static_cast<std::size_t>(made.people);
  made.basis.assign(n, 1 / std::sqrt(static_cast<double>(n)));
  made.phenotype.assign(n, 0.0);
  for (std::int64_t v = 0; v < made.snps; ++v) {
    double sum = 0, squares = 0;
    for (std::size_t s = 0; s < n; ++s) {
      const auto dosage = static_cast<std::int8_t>(s < 2 ? 2 * s : random() % 3);
      made.dosages.push_back(dosage);
      sum += dosage, squares += dosage * dosage;
      made.phenotype[s] += v == 3 || v == 9 ? dosage : 0.0;
    }
    made.scale.push_back(
        std::sqrt(static_cast<double>(n - 1) / (squares - sum * sum / static_cast<double>(n))));
  }
  double mean = 0;
  for (double &value : made.phenotype)
    value += normal(random), mean += value / static_cast<double>(n);
  for (double &value : made.phenotype)
    value -= mean;
  return made;
}

void against_the_reference() {
  std::mt19937 random(5);
  for (int k = 0; k < 60; ++k) {
    const Case made = draw(random);
    const std::int64_t effects = 1 + k % 5;
    const auto cells = static_cast<std::size_t>(effects * made.snps);
    std::vector<double> alpha(cells), mean(cells), prior(static_cast<std::size_t>(effects)),
        lbf(prior.size());
    const association::SusieEnd end = association::susie(
        made.data(), {0.2, 1e-3, 50}, {effects, alpha.data(), mean.data(), prior.data(), lbf.data()});
    const gxfast::reference::Susie slow = gxfast::reference::susie(
        made.dosages, made.phenotype, static_cast<std::size_t>(effects), 0.2, 1e-3, 50);
    const std::string name = "case " + std::to_string(k);
    CHECK_IN(end.converged && end.iterations == slow.iterations, name);
    CHECK_IN(std::abs(end.bound - slow.bound) < 1e-8, name);
    for (std::size_t i = 0; i < cells; ++i) {
      CHECK_IN(std::abs(alpha[i] - slow.alpha[i]) < 1e-9, name);
      CHECK_IN(std::abs(mean[i] - slow.mean[i]) < 1e-9, name);
    }
  }
}

void every_instruction_set_gives_the_same_bits() {
  std::mt19937 random(7);
  const Case made = draw(random);
  std::vector<double> found[3];
  const gxfast::InstructionSet sets[] = {gxfast::InstructionSet::Portable, gxfast::InstructionSet::Avx2,
                                         gxfast::InstructionSet::Avx512};
  for (int i = 0; i < 3; ++i) {
    gxfast::limit_instruction_set(sets[i]);
    const auto cells = static_cast<std::size_t>(3 * made.snps);
    found[i].resize(2 * cells + 6);
    double *out = found[i].data();
    association::susie(made.data(), {0.2, 1e-3, 50},
                       {3, out, out + cells, out + 2 * cells, out + 2 * cells + 3});
    CHECK(std::memcmp(found[i].data(), found[0].data(), found[0].size() * sizeof(double)) == 0);
  }
}

void ends_where_nothing_is_left() {
  const std::vector<std::int8_t> dosages = {0, 1, 2, 1};
  const std::vector<double> basis(4, 0.5), scale = {std::sqrt(1.5)}, phenotype = {-1, 0, 1, 0};
  double alpha = 0, mean = 0, prior = 0, lbf = 0;
  const association::SusieEnd end =
      association::susie({dosages.data(), 1, 4, basis.data(), 1, scale.data(), phenotype.data()},
                         {0.2, 1e-3, 7}, {1, &alpha, &mean, &prior, &lbf});
  CHECK(end.iterations <= 7 && alpha == 1);
}

} // namespace

int main() {
  against_the_reference();
  every_instruction_set_gives_the_same_bits();
  ends_where_nothing_is_left();
  return failures();
}
