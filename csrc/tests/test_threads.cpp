// Kernels with 1, 2, 4 and 8 threads, and those that may be called from several threads: the same bits each
// time. Under the `tsan` preset every unordered access is an error.

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "gxfast/association.hpp"
#include "gxfast/delta.hpp"
#include "gxfast/elastic_net.hpp"
#include "gxfast/mutagenesis.hpp"
#include "gxfast/one_hot.hpp"
#include "gxfast/stats.hpp"

namespace {

using namespace gxfast;

template <class T> std::vector<T> pattern(std::size_t n, int modulus, int offset = 0) {
  std::vector<T> made(n);
  for (std::size_t i = 0; i < n; ++i)
    made[i] = static_cast<T>(static_cast<int>((i * i + i / 3) % static_cast<std::size_t>(modulus)) + offset);
  return made;
}

/// Calls kernel(threads) with each number of threads; it gives a vector.
template <class Kernel> void check_same(const char *name, const Kernel &kernel) {
  const auto expected = kernel(1);
  for (const int n_threads : {2, 4, 8})
    CHECK_IN(kernel(n_threads) == expected, std::string(name) + ", threads " + std::to_string(n_threads));
}

/// Calls body() on several threads at once; it gives a vector.
template <class Body> void check_together(const char *name, const Body &body) {
  const auto expected = body();
  for (const std::size_t n_threads : {std::size_t{2}, std::size_t{4}, std::size_t{8}}) {
    std::vector<decltype(body())> found(n_threads);
    std::vector<std::thread> threads;
    for (auto &each : found)
      threads.emplace_back([&body, &each] { each = body(); });
    for (auto &thread : threads)
      thread.join();
    for (const auto &each : found)
      CHECK_IN(each == expected, std::string(name) + " on threads " + std::to_string(n_threads));
  }
}

void sequences() {
  const auto letters = pattern<std::uint8_t>(300'000, 90);
  const auto table = pattern<std::uint16_t>(1024, 7);
  const auto codes = pattern<std::uint8_t>(256, 5);
  check_same("one_hot", [&](int n_threads) {
    std::vector<std::uint16_t> out(4 * letters.size());
    one_hot<std::uint16_t>(letters.data(), 3, 100'000, table.data(), Layout::NCL, true, true, out.data(),
                           n_threads);
    return out;
  });
  check_same("translate", [&](int n_threads) {
    std::vector<std::uint8_t> out(letters.size());
    translate(letters.data(), 30, 10'000, codes.data(), true, out.data(), n_threads);
    return out;
  });
  const auto bases = pattern<std::uint8_t>(200, 4);
  const auto positions = pattern<std::int64_t>(200, 60);
  check_same("write_mutants", [&](int n_threads) {
    std::vector<std::uint8_t> out(200 * 60);
    write_mutants(letters.data(), 60, positions.data(), bases.data(), 200, out.data(), n_threads);
    return out;
  });
}

void associations() {
  const std::int64_t snps = 2000, people = 30, permutations = 200;
  const auto dosages = pattern<std::int8_t>(2000 * 30, 3);
  const auto basis = pattern<double>(2 * 30, 5, -2);
  const auto residual = pattern<double>(3 * 30, 11, -5);
  const std::vector<double> variance = {300, 310, 320};
  const std::vector<std::int64_t> first = {0, 500, 900}, last = {1000, 1900, 2000}, begin = {0, 1000, 2400};
  const auto unit = pattern<float>(2000 * 30, 9, -4), permuted = pattern<float>(30 * 200, 7, -3);
  const std::vector<std::int64_t> cuts = {0, 700, 2000};
  check_same("associations", [&](int n_threads) {
    std::vector<double> squares(2000), r(3500), slope(3500), error(3500);
    association::residual_squares(dosages.data(), snps, people, basis.data(), 2, n_threads, squares.data());
    for (double &square : squares)
      square = square > 0 ? square : 1; // NaN equals nothing
    association::associate(dosages.data(), snps, people, squares.data(),
                           {3, residual.data(), variance.data(), first.data(), last.data(), begin.data()}, 27,
                           n_threads, r.data(), slope.data(), error.data());
    std::vector<float> largest(2 * 200);
    association::largest_products(unit.data(), people, permuted.data(), permutations, cuts.data(), 2,
                                  n_threads, largest.data());
    r.insert(r.end(), error.begin(), error.end());
    r.insert(r.end(), largest.begin(), largest.end());
    return r;
  });
}

void programs() {
  const std::int32_t length = 40;
  std::vector<std::int32_t> own, low, high;
  for (std::int32_t p = 0; p < length; ++p)
    own.push_back(p), low.push_back(std::max(p - 1, 0)), high.push_back(std::min(p + 1, length - 1));
  const auto weight = pattern<float>(3 * 4 * 6, 9, -4), rows = pattern<float>(40 * 6, 9, -4);
  delta::Program program(length);
  program.tensor(length, 4, own, own);
  program.tensor(length, 6, low, high);
  program.tensor(length, 6, low, high);
  program.convolve(0, 1, weight.data(), {3, 1, 1, 1});
  program.activate(1, 2, {delta::Function::Sigmoid});
  program.sum(2, 1);
  delta::Reference reference(program);
  reference.set(0, rows.data(), 40 * 6);
  reference.prepare();
  std::vector<std::int64_t> offset{0}, position;
  for (std::int64_t p = 0; p < length; ++p)
    position.push_back(p), offset.push_back(p + 1);
  const auto change = pattern<float>(4 * 40, 3, -1);
  check_together("programs", [&] {
    std::vector<float> out(40 * 6);
    program.run(reference, {length, offset.data(), position.data(), change.data()}, {out.data()});
    return out;
  });
}

void statistics() {
  check_together("p values", [] {
    std::vector<double> p(40), log10p(40);
    const double r = 0.3;
    for (std::size_t i = 0; i < p.size(); ++i) // a series for each, remembered by all
      stats::correlation_p(&r, 1, static_cast<double>(i + 1), &p[i], &log10p[i]);
    return p;
  });
  const auto dosages = pattern<std::int8_t>(8 * 30, 3);
  const auto y = pattern<double>(30, 13, -6);
  const auto folds = pattern<std::int32_t>(30, 3);
  elastic_net::Options options;
  options.n_lambdas = 5;
  check_together("elastic nets", [&] {
    return elastic_net::cross_validate(dosages.data(), 8, 30, y.data(), folds.data(), 3, {}, options)
        .held_out;
  });
}

} // namespace

int main() {
  sequences();
  associations();
  programs();
  statistics();
  return failures();
}
