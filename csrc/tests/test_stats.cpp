#include <cstring>
#include <random>

#include "check.hpp"
#include "gxfast/stats.hpp"
#include "stats_reference.hpp"

namespace {

using gxfast::reference::pearson;
using gxfast::reference::ranks;

/// Values with ties and, in every third case, gaps.
std::vector<double> draw(std::mt19937 &random, std::size_t n, bool gaps) {
  std::vector<double> values(n);
  for (double &value : values)
    value = gaps && random() % 8 == 0 ? std::nan("") : static_cast<double>(random() % 12) / 4 + 100;
  return values;
}

void rows_against_their_definition() {
  std::mt19937 random(5);
  for (int k = 0; k < 600; ++k) {
    const std::size_t people = 3 + random() % 70;
    const auto x = draw(random, people, k % 3 == 0), y = draw(random, people, k % 3 == 0);
    double r = 0, rho = 0;
    std::int64_t n = 0;
    std::int8_t why = 0, rank_why = 0;
    const auto count = static_cast<std::int64_t>(people);
    gxfast::stats::pearson_rows(x.data(), y.data(), 1, count, &r, &n, &why);
    gxfast::stats::spearman_rows(x.data(), y.data(), 1, count, &rho, &n, &rank_why);
    CHECK_IN(why == rank_why, "case " + std::to_string(k));
    if (why != gxfast::stats::kDefined)
      continue;
    CHECK_IN(std::abs(r - pearson(x, y)) < 1e-12, "case " + std::to_string(k));
    CHECK_IN(std::abs(rho - pearson(ranks(x, y), ranks(y, x))) < 1e-12, "case " + std::to_string(k));
  }
}

/// From evenly spread to over more powers of two than buckets can tell apart.
template <class T> void ranks_of_uneven_values() {
  std::mt19937 random(6);
  for (int k = 0; k < 300; ++k) {
    const std::size_t people = 3 + random() % 400;
    std::vector<T> x(people), y(people);
    for (std::vector<T> *values : {&x, &y})
      for (T &value : *values)
        value =
            std::ldexp(static_cast<T>(random() % 2000) - T(700), static_cast<int>(random() % (1 + k % 100)));
    double rho = 0;
    std::int64_t n = 0;
    std::int8_t why = 0;
    gxfast::stats::spearman_rows(x.data(), y.data(), 1, static_cast<std::int64_t>(people), &rho, &n, &why);
    const std::vector<double> a(x.begin(), x.end()), b(y.begin(), y.end());
    if (why == gxfast::stats::kDefined)
      CHECK_IN(std::abs(rho - pearson(ranks(a, b), ranks(b, a))) < 1e-12, "case " + std::to_string(k));
  }
}

void undefined_rows() {
  const double nan = std::nan("");
  const std::vector<double> x = {1, nan, 3, 4, /**/ 2, 2, 2, 2, /**/ 1, 2, 3, 4, /**/ 1, 2, HUGE_VAL, 4};
  const std::vector<double> y = {1, 2, nan, 4, /**/ 1, 2, 3, 4, /**/ 5, 5, 5, 5, /**/ 1, 2, 3, 4};
  double r[4];
  std::int64_t n[4];
  std::int8_t why[4];
  gxfast::stats::pearson_rows(x.data(), y.data(), 4, 4, r, n, why);
  CHECK(why[0] == gxfast::stats::kTooFew && n[0] == 2 && std::isnan(r[0]));
  CHECK(why[1] == gxfast::stats::kFlatX && std::isnan(r[1]));
  CHECK(why[2] == gxfast::stats::kFlatY && std::isnan(r[2]));
  CHECK(why[3] == gxfast::stats::kInfinite);
  gxfast::stats::spearman_rows(x.data(), y.data(), 4, 4, r, n, why);
  CHECK(why[0] == gxfast::stats::kTooFew && why[1] == gxfast::stats::kFlatX);
  CHECK(why[2] == gxfast::stats::kFlatY && why[3] == gxfast::stats::kInfinite && std::isnan(r[3]));
  gxfast::stats::pearson_rows<double>(nullptr, nullptr, 0, 4, nullptr, nullptr, nullptr);
}

void tail() {
  // One degree of freedom is the Cauchy distribution, two are algebraic: p = 1 - |r|.
  const double r[] = {0, 0.25, -0.9, 1, std::nan("")};
  double p[5], log10p[5];
  gxfast::stats::correlation_p(r, 5, 1, p, log10p);
  for (int i = 0; i < 3; ++i)
    CHECK(std::abs(p[i] - (1 - 2 * std::asin(std::abs(r[i])) / std::acos(-1.0))) < 1e-12);
  CHECK(p[3] == 0 && std::isinf(log10p[3]) && std::isnan(p[4]) && std::isnan(log10p[4]));
  gxfast::stats::correlation_p(r, 5, 2, p, log10p);
  for (int i = 0; i < 3; ++i)
    CHECK(std::abs(p[i] - (1 - std::abs(r[i]))) < 1e-12);
}

void step_up() {
  std::mt19937 random(9);
  for (int k = 0; k < 400; ++k) {
    std::vector<double> p(random() % 300), q(p.size());
    for (double &value : p)
      value = random() % 20 == 0 ? std::nan("")
                                 : static_cast<double>(random() % (k % 2 == 0 ? 20 : 100'000)) / 1e5;
    gxfast::stats::step_up(p.data(), static_cast<std::int64_t>(p.size()), 1.5, q.data());
    const auto expected = gxfast::reference::step_up(p, 1.5);
    for (std::size_t i = 0; i < p.size(); ++i)
      CHECK_IN(std::isnan(p[i]) ? std::isnan(q[i]) : std::abs(q[i] - expected[i]) <= 1e-14 * expected[i],
               "case " + std::to_string(k));
  }
}

} // namespace

int main() {
  rows_against_their_definition();
  ranks_of_uneven_values<float>();
  ranks_of_uneven_values<double>();
  undefined_rows();
  tail();
  step_up();
  return failures();
}
