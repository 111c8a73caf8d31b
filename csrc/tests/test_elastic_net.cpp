#include <algorithm>
#include <random>
#include <stdexcept>

#include "check.hpp"
#include "elastic_net_reference.hpp"
#include "gxfast/elastic_net.hpp"

namespace {

using gxfast::elastic_net::cross_validate;
using gxfast::elastic_net::Fit;
using gxfast::elastic_net::Options;
using gxfast::reference::elastic_net;
using gxfast::reference::Linear;

struct Gene {
  std::int64_t snps, people;
  std::vector<std::int8_t> dosages;
  std::vector<double> y;
  std::vector<std::int32_t> folds;
};

/// Neighbours follow each other; SNP 1 copies SNP 0, SNP 2 is its complement, SNP 3 does not vary.
Gene draw(std::mt19937 &random, std::int64_t snps, std::int64_t people, std::int32_t n_folds) {
  Gene gene{snps, people, std::vector<std::int8_t>(static_cast<std::size_t>(snps * people)), {}, {}};
  std::normal_distribution<double> normal;
  for (std::int64_t i = 0; i < people; ++i) {
    int dosage = static_cast<int>(random() % 3);
    double y = 50 + normal(random);
    for (std::int64_t j = 0; j < snps; ++j) {
      if (random() % 3 == 0)
        dosage = static_cast<int>(random() % 3);
      gene.dosages[static_cast<std::size_t>(j * people + i)] = static_cast<std::int8_t>(dosage);
      y += j % 7 == 5 ? 0.5 * dosage : 0;
    }
    if (snps > 3) {
      const std::int8_t first = gene.dosages[static_cast<std::size_t>(i)];
      gene.dosages[static_cast<std::size_t>(people + i)] = first;
      gene.dosages[static_cast<std::size_t>(2 * people + i)] = static_cast<std::int8_t>(2 - first);
      gene.dosages[static_cast<std::size_t>(3 * people + i)] = 1;
    }
    gene.y.push_back(y);
    gene.folds.push_back(static_cast<std::int32_t>(i % n_folds));
  }
  return gene;
}

/// The reference's fit to everybody (fold -1) or to everybody but one fold.
Linear fit_without(const Gene &gene, std::int32_t fold, double lambda, double l1_ratio) {
  std::vector<std::vector<double>> x(static_cast<std::size_t>(gene.snps));
  std::vector<double> y;
  for (std::size_t i = 0; i < gene.y.size(); ++i) {
    if (gene.folds[i] == fold)
      continue;
    y.push_back(gene.y[i]);
    for (std::size_t j = 0; j < x.size(); ++j)
      x[j].push_back(gene.dosages[j * gene.y.size() + i]);
  }
  return elastic_net(x, y, lambda, l1_ratio);
}

double predicted(const Gene &gene, const Linear &fit, std::size_t person) {
  double out = fit.intercept;
  for (std::size_t j = 0; j < fit.coefficients.size(); ++j)
    out += fit.coefficients[j] * gene.dosages[j * gene.y.size() + person];
  return out;
}

void against_the_definition() {
  std::mt19937 random(4);
  for (int k = 0; k < 12; ++k) {
    const Gene gene = draw(random, 3 + random() % 40, 30 + random() % 40, 3);
    Options options;
    options.l1_ratio = k % 3 == 0 ? 1 : 0.4;
    options.n_lambdas = 8;
    options.lambda_ratio = 0.1;
    options.stop_after = -1;
    options.gap = 1e-12;
    const Fit fit = cross_validate(gene.dosages.data(), gene.snps, gene.people, gene.y.data(),
                                   gene.folds.data(), 3, {}, options);
    const auto at = static_cast<std::size_t>(fit.chosen);
    const Linear everybody = fit_without(gene, -1, fit.lambda[at], options.l1_ratio);
    const Linear own{fit.coefficients, fit.intercept};
    double error = 0;
    for (std::size_t i = 0; i < gene.y.size(); ++i) {
      const Linear others = fit_without(gene, gene.folds[i], fit.lambda[at], options.l1_ratio);
      const double held_out = predicted(gene, others, i);
      error += (gene.y[i] - held_out) * (gene.y[i] - held_out) / static_cast<double>(gene.y.size());
      CHECK_IN(std::abs(fit.held_out[i] - held_out) < 1e-4, "case " + std::to_string(k));
      CHECK_IN(std::abs(predicted(gene, own, i) - predicted(gene, everybody, i)) < 1e-4,
               "case " + std::to_string(k));
    }
    CHECK_IN(std::abs(fit.error[at] - error) < 1e-4 * error, "case " + std::to_string(k));
    CHECK_IN(fit.gap < 1e-11, "case " + std::to_string(k));
  }
}

/// What is left of a constant after its mean is rounded, and of a y that is orthogonal to every SNP, must not
/// be explained by the folds.
void nothing_to_explain() {
  std::mt19937 random(2);
  Gene gene = draw(random, 6, 50, 5);
  const auto check_empty = [](const Fit &fit, const std::vector<double> &held_out) {
    CHECK((fit.lambda == std::vector<double>{0}) && fit.chosen == 0 && fit.gap == 0);
    CHECK(fit.coefficients == std::vector<double>(fit.coefficients.size(), 0));
    for (std::size_t i = 0; i < held_out.size(); ++i)
      CHECK(std::abs(fit.held_out[i] - held_out[i]) < 1e-12);
  };
  const std::vector<double> tenth(50, 0.1);
  check_empty(cross_validate(gene.dosages.data(), 6, 50, tenth.data(), gene.folds.data(), 5, {}, {}), tenth);
  for (const double shift : {0.0, 0.1}) {
    const std::vector<std::int8_t> dosages = {2, 1, 0, 1};
    const std::vector<std::int32_t> folds = {0, 1, 2, 0};
    const std::vector<double> y = {shift - 1, shift + 1, shift - 1, shift - 1};
    const Fit fit = cross_validate(dosages.data(), 1, 4, y.data(), folds.data(), 3, {}, {});
    check_empty(fit, {shift, shift - 1, shift - 1.0 / 3, shift});
  }
}

/// Three SNPs of three people each: any of them follows from the others, and the lasso has no ridge to tell
/// them apart.
void dependent_columns() {
  const std::vector<std::int8_t> dosages = {1, 0, 0, 2, 0, 2, 1, 0, 2, 1, 0, 0};
  const std::vector<std::int32_t> folds = {0, 1, 2, 3};
  const std::vector<double> y = {-1, -0.75, -1, -1};
  Options options;
  options.l1_ratio = 1;
  options.n_lambdas = 4;
  CHECK(cross_validate(dosages.data(), 3, 4, y.data(), folds.data(), 4, {}, options).gap <= options.gap);
}

/// At the optimum a column's product with the residual is l1 in size where it is in the model, and not above
/// it where it is not. One column is constant 0, two are the same, one is 1000 times larger than the others.
void any_columns() {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  const std::int64_t columns = 12, n = 37;
  std::vector<double> x(static_cast<std::size_t>(columns * n)), y, b(static_cast<std::size_t>(columns));
  const auto at = [&](std::int64_t j, std::int64_t i) -> double & {
    return x[static_cast<std::size_t>(j * n + i)];
  };
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < columns; ++j)
      at(j, i) = (j == 4 ? 1000 : 1) * (normal(random) + (j > 0 ? at(j - 1, i) / 2 : 0));
    at(7, i) = 0;
    at(9, i) = at(8, i);
    y.push_back(at(1, i) - at(8, i) + normal(random));
  }
  for (const double l1_ratio : {0.3, 1.0}) {
    Options options;
    options.l1_ratio = l1_ratio;
    options.gap = 1e-14;
    gxfast::elastic_net::Path path(x.data(), columns, n, y.data(), options);
    for (const double lambda : {5.0, 1.0, 0.2, 0.2, 0.01}) {
      path.advance(lambda, b.data());
      std::vector<double> left = y;
      for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t i = 0; i < n; ++i)
          left[static_cast<std::size_t>(i)] -= at(j, i) * b[static_cast<std::size_t>(j)];
      for (std::int64_t j = 0; j < columns; ++j) {
        const double own = b[static_cast<std::size_t>(j)], l1 = lambda * l1_ratio;
        double slope = -lambda * (1 - l1_ratio) * own;
        for (std::int64_t i = 0; i < n; ++i)
          slope += at(j, i) * left[static_cast<std::size_t>(i)] / static_cast<double>(n);
        const double allowed = j == 4 ? 1e-3 : 1e-6;
        CHECK(own == 0 ? std::abs(slope) <= l1 + allowed : std::abs(slope - (own > 0 ? l1 : -l1)) <= allowed);
      }
      CHECK(path.gap() < 1e-10 && b[7] == 0);
      CHECK(lambda == 5.0 || path.sweeps() > 0);
    }
    CHECK(std::count(b.begin(), b.end(), 0) < columns - 1);
    for (const double lambda : {0.02, 0.0, -1.0, std::nan("")}) {
      bool refused = false;
      try {
        path.advance(lambda, b.data());
      } catch (const std::invalid_argument &) {
        refused = true;
      }
      CHECK(refused);
    }
  }
}

void refusals() {
  std::mt19937 random(1);
  Gene gene = draw(random, 5, 20, 2);
  const auto refused = [&](std::int64_t n_folds) {
    try {
      cross_validate(gene.dosages.data(), 5, 20, gene.y.data(), gene.folds.data(), n_folds, {}, {});
    } catch (const std::invalid_argument &) {
      return true;
    }
    return false;
  };
  CHECK(!refused(2));
  CHECK(refused(3)); // a fold without people
  CHECK(refused(1));
  gene.y[3] = std::nan("");
  CHECK(refused(2));
  gene.y[3] = 1;
  gene.dosages[7] = 3;
  CHECK(refused(2));
}

} // namespace

int main() {
  against_the_definition();
  nothing_to_explain();
  dependent_columns();
  any_columns();
  refusals();
  return failures();
}
