// Memory that runs out: every entry point of the core is called again and again, with the n-th allocation
// failing for n = 0, 1, 2, ... until a call gets by without, and then with all allocations failing from the
// n-th on. Each call must throw std::bad_alloc or give what it gives otherwise, and keep nothing.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "check.hpp"
#include "gxfast/association.hpp"
#include "gxfast/carried.hpp"
#include "gxfast/delta.hpp"
#include "gxfast/edited_rows.hpp"
#include "gxfast/elastic_net.hpp"
#include "gxfast/genotype_text.hpp"
#include "gxfast/mutagenesis.hpp"
#include "gxfast/one_hot.hpp"
#include "gxfast/stats.hpp"
#include "gxfast/susie.hpp"
#include "gxfast/table_text.hpp"
#include "haplotype_table.hpp"

namespace {

constexpr std::int64_t kNever = INT64_MAX / 2;
std::atomic<std::int64_t> until_failure{kNever}, live{0};
std::atomic<bool> for_good{false};

void *allocate(std::size_t size, std::size_t alignment) {
  const std::int64_t left = until_failure.fetch_sub(1);
  if (left == 0 || (left < 0 && for_good))
    return nullptr;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  void *memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  live += memory != nullptr ? 1 : 0;
  return memory;
}

void *allocate_or_throw(std::size_t size, std::size_t alignment) {
  void *memory = allocate(size, alignment);
  if (memory == nullptr)
    throw std::bad_alloc();
  return memory;
}

void release(void *memory) {
  live -= memory != nullptr ? 1 : 0;
  std::free(memory);
}

constexpr std::size_t kUsual = alignof(std::max_align_t);

} // namespace

void *operator new(std::size_t size) { return allocate_or_throw(size, kUsual); }
void *operator new[](std::size_t size) { return allocate_or_throw(size, kUsual); }
void *operator new(std::size_t size, std::align_val_t a) { return allocate_or_throw(size, std::size_t(a)); }
void *operator new(std::size_t size, const std::nothrow_t &) noexcept { return allocate(size, kUsual); }
void *operator new[](std::size_t size, const std::nothrow_t &) noexcept { return allocate(size, kUsual); }
void operator delete(void *memory) noexcept { release(memory); }
void operator delete[](void *memory) noexcept { release(memory); }
void operator delete(void *memory, std::size_t) noexcept { release(memory); }
void operator delete[](void *memory, std::size_t) noexcept { release(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void *memory, const std::nothrow_t &) noexcept { release(memory); }
void operator delete[](void *memory, const std::nothrow_t &) noexcept { release(memory); }

namespace {

using namespace gxfast;
using Numbers = std::vector<double>;

template <class T> Numbers numbers(const std::vector<T> &values) { return {values.begin(), values.end()}; }

int fail_each(const std::string &name, const std::function<Numbers()> &call, bool remembers = false) {
  const Numbers expected = call();
  int failed = 0;
  for (const bool sticky : {false, true}) {
    for_good = sticky;
    for (std::int64_t n = 0; n < 100'000; ++n) {
      const std::int64_t before = live;
      bool same = true;
      until_failure = n;
      try {
        same = call() == expected;
      } catch (const std::bad_alloc &) {
      }
      const bool reached = until_failure < 0, kept = live != before;
      until_failure = kNever;
      CHECK_IN(same, name + " after failure " + std::to_string(n));
      CHECK_IN(!kept || remembers, name + " keeps memory after failure " + std::to_string(n));
      failed += reached ? 1 : 0;
      if (!reached)
        break;
    }
  }
  CHECK_IN(failed > 0, name + " allocates nothing");
  return failed;
}

std::vector<std::int8_t> dosages(std::size_t n) {
  std::vector<std::int8_t> made(n);
  for (std::size_t i = 0; i < n; ++i)
    made[i] = static_cast<std::int8_t>((i * i + i / 5) % 3);
  return made;
}

Numbers values(std::size_t n) {
  Numbers made(n);
  for (std::size_t i = 0; i < n; ++i)
    made[i] = static_cast<double>((i * 37 + i * i) % 101) / 50 - 1;
  return made;
}

int haplotypes() {
  const std::vector<reference::Record> records = {
      {102, 1, {"C", "T"}}, {103, 3, {"CGG", "C"}}, {107, 1, {"T", "TAA"}}, {107, 1, {"T", "G"}}};
  const tests::Table table(records);
  const std::string letters = "AACCGGTTAC";
  const std::vector<std::uint8_t> bytes(letters.begin(), letters.end());
  const std::vector<std::int8_t> calls = {1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0};
  return fail_each("haplotypes", [&] {
    const Edits edits(table.view());
    const OwnedRows rows = carried_alleles(calls.data(), 4, 3, table.first_allele.data());
    const OwnedRows resolved = resolve_rows(rows.view(), edits);
    const std::vector<std::int64_t> chosen = {0, 2}, shifts = {0, 9};
    const OwnedRows inside = rows_in_window(resolved.view(), edits, chosen.data(), 2, 100, 108);
    const OwnedRows joined = join_rows({resolved.view(), rows.view()}, shifts.data());
    Numbers out = numbers(unique_rows(joined.view()).index);
    for (std::int64_t row = 0; row < 2; ++row) {
      const auto at = static_cast<std::size_t>(row);
      const Carried carried{&edits, inside.values.data() + inside.offset[at],
                            inside.offset[at + 1] - inside.offset[at]};
      const Reference view{bytes.data(), 100, static_cast<std::int64_t>(bytes.size())};
      HaplotypeLayout layout;
      layout_anchored(carried, view, 104, 4, 6, layout);
      for (const HaplotypeLayout &each : {layout, layout_consensus(carried, view, 99, 112)})
        for (const char letter : tests::write(each).letters)
          out.push_back(letter);
    }
    return out;
  });
}

int texts() {
  const std::string text = "0/1:1|0:some_set\t0|1:.:980,980";
  PhaseFields fields;
  fields.pgt = 1, fields.pid = 2;
  return fail_each("phase sets", [&] {
    std::vector<std::int8_t> calls(4);
    std::vector<std::uint8_t> unphased(2);
    std::vector<std::int64_t> sets(2);
    const auto length = static_cast<std::int64_t>(text.size());
    read_plain_calls(text.data(), length, 2, 3, calls.data(), unphased.data());
    read_phase_sets(text.data(), length, 2, fields, calls.data(), unphased.data(), sets.data());
    sets.push_back(phase_set_of(123456789012345678));
    return numbers(sets);
  });
}

int sequences() {
  const std::vector<std::uint8_t> letters(400'000, 'C');
  std::vector<std::uint8_t> table(1024, 0), codes(256, 3), out(4 * letters.size()),
      translated(letters.size());
  table[4 * 'C' + 1] = 1;
  const std::vector<std::int64_t> positions(100, 7);
  const std::vector<std::uint8_t> bases(100, 'G');
  std::vector<std::uint8_t> mutants(100 * 50);
  // Without room for a thread the caller's does its work.
  return fail_each("sequences with threads", [&] {
    one_hot<std::uint8_t>(letters.data(), 4, 100'000, table.data(), Layout::NLC, false, false, out.data(), 4);
    translate(letters.data(), 40, 10'000, codes.data(), false, translated.data(), 4);
    write_mutants(letters.data(), 50, positions.data(), bases.data(), 100, mutants.data(), 4);
    return Numbers{static_cast<double>(out[1]), static_cast<double>(translated.back()),
                   static_cast<double>(mutants[7])};
  });
}

int statistics() {
  Numbers x = values(60), y = values(60);
  x[4] = std::nan("");
  std::reverse(y.begin(), y.end());
  const int rows = fail_each("statistics", [&] {
    Numbers r(4), q(60);
    std::vector<std::int64_t> n(4);
    std::vector<std::int8_t> why(4);
    stats::pearson_rows<double>(x.data(), y.data(), 2, 30, r.data(), n.data(), why.data());
    stats::spearman_rows<double>(x.data(), y.data(), 2, 30, r.data() + 2, n.data(), why.data());
    for (double &value : q)
      value = static_cast<double>(&value - q.data()) / 61;
    stats::step_up(q.data(), 60, 1, q.data());
    r.insert(r.end(), q.begin(), q.end());
    return r;
  });
  double df = 10;
  return rows + fail_each(
                    "p values",
                    [&] {
                      double r = 0.5, p = 0, log10p = 0;
                      stats::correlation_p(&r, 1, ++df, &p, &log10p); // its series is remembered
                      return Numbers{p < 0.2 ? 1.0 : 0.0};
                    },
                    true);
}

int associations(int n_threads) {
  const std::int64_t snps = 600, people = 20, genes = 3;
  const std::vector<std::int8_t> g = dosages(600 * 20);
  const Numbers basis(20, 0.1), residual = values(60), variance(3, 20);
  const std::vector<std::int64_t> first = {0, 100, 300}, last = {300, 600, 600}, begin = {0, 300, 800};
  const std::vector<float> unit(600 * 20, 0.25F), permuted(20 * 100, 0.5F);
  const std::vector<std::int64_t> cuts = {0, 250, 600};
  return fail_each("associations, threads " + std::to_string(n_threads), [&] {
    Numbers squares(600), r(1100), slope(1100), error(1100);
    association::residual_squares(g.data(), snps, people, basis.data(), 1, n_threads, squares.data());
    for (double &square : squares)
      square = square > 0 ? square : 1;
    association::associate(g.data(), snps, people, squares.data(),
                           {genes, residual.data(), variance.data(), first.data(), last.data(), begin.data()},
                           17, n_threads, r.data(), slope.data(), error.data());
    std::vector<float> most(200);
    association::largest_products(unit.data(), people, permuted.data(), 100, cuts.data(), 2, n_threads,
                                  most.data());
    r.insert(r.end(), most.begin(), most.end());
    return r;
  });
}

int fine_mapping() {
  const std::vector<std::int8_t> g = dosages(30 * 20);
  const Numbers basis(20, std::sqrt(0.05)), scale(30, 1), y = values(20);
  return fail_each("sum of single effects", [&] {
    Numbers alpha(90), mean(90), prior(3), lbf(3);
    association::susie({g.data(), 30, 20, basis.data(), 1, scale.data(), y.data()}, {0.2, 1e-3, 5},
                       {3, alpha.data(), mean.data(), prior.data(), lbf.data()});
    return alpha;
  });
}

int nets() {
  const std::vector<std::int8_t> g = dosages(6 * 20);
  const Numbers y = values(20);
  std::vector<std::int32_t> folds(20);
  for (std::size_t i = 0; i < folds.size(); ++i)
    folds[i] = static_cast<std::int32_t>(i % 3);
  elastic_net::Options options;
  options.n_lambdas = 4;
  options.keep_path = true;
  return fail_each("elastic nets", [&] {
    return elastic_net::cross_validate(g.data(), 6, 20, y.data(), folds.data(), 3, {}, options).path;
  });
}

int tables() {
  const Numbers y = values(50);
  return fail_each("tables", [&] {
    TextColumn column;
    column.real = y.data();
    std::string out;
    append_table_text({column, column}, 50, out);
    return Numbers(out.begin(), out.end());
  });
}

int programs() {
  const std::int32_t length = 12;
  std::vector<std::int32_t> own, low, high;
  for (std::int32_t p = 0; p < length; ++p)
    own.push_back(p), low.push_back(std::max(p - 1, 0)), high.push_back(std::min(p + 1, length - 1));
  const std::vector<float> weight(3 * 4 * 5, 0.125F), dense(12 * 5 * 2, 0.25F), rows(12 * 5, 0.5F);
  const std::vector<std::int64_t> offset = {0, 1, 3}, position = {4, 5, 9};
  const std::vector<float> change(12, 1);
  return fail_each("programs", [&] {
    delta::Program program(length);
    program.tensor(length, 4, own, own);
    for (int t = 0; t < 6; ++t)
      program.tensor(length, 5, low, high);
    const delta::Sliding near{3, 1, 1, 1};
    program.convolve(0, 1, weight.data(), near);
    program.activate(1, 2, {delta::Function::Relu});
    program.layer_norm(2, 3, rows.data(), rows.data(), 0.1F);
    program.multiply(2, 3, 4);
    program.attention_pool(4, 3, 5, 1);
    program.max_pool(5, 6, {1, 1, 1, 0});
    program.whole(6), program.sum(6, 1), program.largest(6), program.dense(6, dense.data(), 2);
    delta::Reference reference(program);
    for (std::size_t i = 0; i < program.referenced().size(); ++i)
      reference.set(static_cast<std::int64_t>(i), rows.data(), 60);
    reference.prepare();
    std::vector<std::vector<float>> outputs;
    std::vector<float *> targets;
    for (const std::int64_t size : program.output_sizes())
      outputs.emplace_back(static_cast<std::size_t>(2 * size));
    for (auto &output : outputs)
      targets.push_back(output.data());
    program.run(reference, {2, offset.data(), position.data(), change.data()}, targets);
    return numbers(outputs.back());
  });
}

} // namespace

int main() {
  const int failed = haplotypes() + texts() + sequences() + statistics() + associations(1) + associations(4) +
                     fine_mapping() + nets() + tables() + programs();
  std::printf("%d failed allocations\n", failed);
  return failures();
}
