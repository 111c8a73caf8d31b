// Correlations, their p values and the step-up adjustment against their definitions; with any bits for
// numbers, what a correlation or a p value can be.

#include <cmath>
#include <limits>

#include "gxfast/stats.hpp"
#include "input.hpp"
#include "stats_reference.hpp"

namespace {

using namespace gxfast;
using namespace gxfast::stats;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool near(double a, double b, double allowed) {
  return a == b || (std::isnan(a) && std::isnan(b)) ||
         std::abs(a - b) <= allowed * std::max(1.0, std::abs(b));
}

double draw(fuzz::Input &input, bool any_bits) {
  const std::uint8_t kind = input.byte();
  if (kind >= 240)
    return kNan;
  if (!any_bits)
    return static_cast<double>(kind % 16);
  if (kind < 60)
    return kind < 20 ? std::numeric_limits<double>::infinity() * (kind % 2 == 0 ? 1 : -1) : kind;
  return input.any_real();
}

template <class T> void correlations(fuzz::Input &input, bool any_bits) {
  const std::size_t rows = input.size(0, 3), people = input.size(0, 40);
  std::vector<T> x(rows * people), y(rows * people);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<T>(std::clamp(draw(input, any_bits),
                                     static_cast<double>(std::numeric_limits<T>::lowest()),
                                     static_cast<double>(std::numeric_limits<T>::max())));
    y[i] = static_cast<T>(static_cast<float>(draw(input, false)));
  }
  std::vector<double> r(rows, 7), rho(rows, 7);
  std::vector<std::int64_t> n(rows), n_rho(rows);
  std::vector<std::int8_t> why(rows, 9), why_rho(rows, 9);
  const auto n_rows = static_cast<std::int64_t>(rows), n_people = static_cast<std::int64_t>(people);
  pearson_rows<T>(x.data(), y.data(), n_rows, n_people, r.data(), n.data(), why.data());
  spearman_rows<T>(x.data(), y.data(), n_rows, n_people, rho.data(), n_rho.data(), why_rho.data());
  for (std::size_t g = 0; g < rows; ++g) {
    const std::vector<double> a(x.begin() + static_cast<std::ptrdiff_t>(g * people),
                                x.begin() + static_cast<std::ptrdiff_t>((g + 1) * people));
    const std::vector<double> b(y.begin() + static_cast<std::ptrdiff_t>(g * people),
                                y.begin() + static_cast<std::ptrdiff_t>((g + 1) * people));
    std::int64_t used = 0;
    for (std::size_t i = 0; i < people; ++i)
      used += !std::isnan(a[i]) && !std::isnan(b[i]) ? 1 : 0;
    EXPECT(n[g] == used && n_rho[g] == used);
    EXPECT((why[g] == kDefined) == !std::isnan(r[g]));
    EXPECT((why_rho[g] == kDefined) == !std::isnan(rho[g]));
    EXPECT((why[g] == kTooFew) == (used < 3) || why[g] == kInfinite);
    EXPECT(why[g] != kDefined || std::abs(r[g]) <= 1);
    EXPECT(why_rho[g] != kDefined || std::abs(rho[g]) <= 1);
    const bool defined = why_rho[g] == kDefined;
    if (defined)
      EXPECT(near(rho[g], reference::pearson(reference::ranks(a, b), reference::ranks(b, a)), 1e-12));
    if (!any_bits) {
      EXPECT(why[g] == why_rho[g]);
      if (defined)
        EXPECT(near(r[g], reference::pearson(a, b), 1e-12));
    }
  }
}

void p_values(fuzz::Input &input) {
  const double df = input.flag() ? static_cast<double>(input.between(-1, 600)) : std::abs(draw(input, true));
  std::vector<double> r(input.size(0, 70));
  for (double &value : r)
    value = input.byte() < 8 ? kNan : static_cast<double>(input.between(-4096, 4096)) / 4096;
  std::vector<double> p(r.size(), 7), log10p(r.size(), 7);
  correlation_p(r.data(), static_cast<std::int64_t>(r.size()), df, p.data(), log10p.data());
  for (std::size_t i = 0; i < r.size(); ++i) {
    double alone = 7, alone_log = 7;
    const double other_side = -r[i];
    correlation_p(&other_side, 1, df, &alone, &alone_log);
    EXPECT(near(alone, p[i], 0) && near(alone_log, log10p[i], 0));
    if (!(df >= 1) || std::isnan(r[i])) {
      EXPECT(std::isnan(p[i]) && std::isnan(log10p[i]));
    } else if (df <= 1e6) {
      EXPECT(p[i] >= 0 && p[i] <= 1 && log10p[i] <= 0);
      if (p[i] > 1e-300)
        EXPECT(near(std::log10(p[i]), log10p[i], 1e-11));
    }
  }
}

void adjustment(fuzz::Input &input) {
  std::vector<double> p(input.size(0, 90));
  const bool coarse = input.flag();
  for (double &value : p) {
    const std::uint8_t kind = input.byte();
    value = kind < 12 ? kNan : coarse ? kind / 255.0 : static_cast<double>(input.between(0, 65535)) / 65535;
    if (!coarse && kind > 200)
      value *= value * value * 1e-9;
  }
  const double factor = 1 + input.byte() / 64.0;
  std::vector<double> q(p.size(), 7);
  step_up(p.data(), static_cast<std::int64_t>(p.size()), factor, q.data());
  const std::vector<double> expected = reference::step_up(p, factor);
  for (std::size_t i = 0; i < p.size(); ++i)
    EXPECT((std::isnan(q[i]) && std::isnan(expected[i])) ||
           std::abs(q[i] - expected[i]) <= 1e-13 * expected[i]);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 6) {
  case 0:
    correlations<float>(input, false);
    break;
  case 1:
    correlations<double>(input, false);
    break;
  case 2:
    correlations<float>(input, true);
    break;
  case 3:
    correlations<double>(input, true);
    break;
  case 4:
    p_values(input);
    break;
  default:
    adjustment(input);
  }
  return 0;
}
