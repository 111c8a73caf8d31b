#include <random>
#include <stdexcept>

#include "carried_reference.hpp"
#include "check.hpp"
#include "gxfast/carried.hpp"

namespace {

using gxfast::reference::Row;

std::vector<Row> as_rows(const gxfast::OwnedRows &owned) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i + 1 < owned.offset.size(); ++i)
    rows.emplace_back(owned.values.begin() + owned.offset[i], owned.values.begin() + owned.offset[i + 1]);
  return rows;
}

void hand_worked() {
  // Three biallelic variants by five haplotypes.
  const std::vector<std::int8_t> calls = {0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0};
  const std::vector<std::int64_t> first_allele = {0, 2, 4, 6};
  const gxfast::OwnedRows rows = gxfast::carried_alleles(calls.data(), 3, 5, first_allele.data());
  CHECK((as_rows(rows) == std::vector<Row>{{3}, {1, 3}, {3}, {1}, {1, 3}}));
  const gxfast::UniqueRows unique = gxfast::unique_rows(rows.view());
  CHECK((unique.index == std::vector<std::int32_t>{0, 1, 0, 2, 1}));
  CHECK((unique.first == std::vector<std::int64_t>{0, 1, 3}));
}

void nothing_to_do() {
  const std::int64_t none = 0;
  const gxfast::OwnedRows rows = gxfast::carried_alleles(nullptr, 0, 3, &none);
  CHECK((as_rows(rows) == std::vector<Row>{{}, {}, {}}));
  CHECK((gxfast::unique_rows(rows.view()).index == std::vector<std::int32_t>{0, 0, 0}));
  CHECK(gxfast::unique_rows(gxfast::OwnedRows().view()).index.empty());
}

void random_cases() {
  std::mt19937 random(21);
  for (int k = 0; k < 2000; ++k) {
    const std::size_t n_variants = random() % (k % 4 == 0 ? 80 : 5), n_haplotypes = random() % 70;
    std::vector<std::int8_t> calls(n_variants * n_haplotypes);
    for (auto &call : calls)
      call = static_cast<std::int8_t>(random() % (k % 3 == 0 ? 40 : 10) == 0 ? random() % 128 : 0);
    std::vector<std::int64_t> first_allele(n_variants + 1);
    for (std::size_t v = 0; v < n_variants; ++v)
      first_allele[v + 1] = first_allele[v] + 128;
    const gxfast::OwnedRows rows =
        gxfast::carried_alleles(calls.data(), static_cast<std::int64_t>(n_variants),
                                static_cast<std::int64_t>(n_haplotypes), first_allele.data());
    const std::vector<Row> expected = gxfast::reference::carried(calls, n_haplotypes, first_allele);
    CHECK_IN(as_rows(rows) == expected, "case " + std::to_string(k));
    const gxfast::UniqueRows unique = gxfast::unique_rows(rows.view());
    const std::vector<std::size_t> first = gxfast::reference::first_equal_row(expected);
    bool equal = unique.index.size() == n_haplotypes;
    std::size_t seen = 0;
    for (std::size_t i = 0; equal && i < n_haplotypes; ++i) {
      const auto id = static_cast<std::size_t>(unique.index[i]);
      equal = id <= seen && static_cast<std::size_t>(unique.first[id]) == first[i];
      seen += id == seen ? 1 : 0;
    }
    CHECK_IN(equal && seen == unique.first.size(), "case " + std::to_string(k));
  }
}

/// Calls that nobody should give must not be written past what was counted.
void negative_calls() {
  std::vector<std::int8_t> calls(2 * 17, 0);
  for (const std::size_t at : {0, 3, 7, 16, 20})
    calls[at] = static_cast<std::int8_t>(at % 2 == 0 ? -1 : -128);
  const std::vector<std::int64_t> first_allele = {0, 2, 4};
  const gxfast::OwnedRows found = gxfast::carried_alleles(calls.data(), 2, 17, first_allele.data());
  CHECK(as_rows(found) == gxfast::reference::carried(calls, 17, first_allele));
}

/// Ten SNVs at 0, 10, ... 90, and one deletion of 25 bases at 20.
void windows() {
  std::vector<std::int64_t> position, ref_length, first_allele{0}, allele_offset{0};
  std::vector<std::uint8_t> bases;
  for (std::int64_t v = 0; v < 10; ++v) {
    const std::size_t covered = v == 2 ? 26 : 1;
    position.push_back(10 * v);
    ref_length.push_back(static_cast<std::int64_t>(covered));
    bases.insert(bases.end(), covered, 'A');
    allele_offset.push_back(static_cast<std::int64_t>(bases.size()));
    bases.push_back(v == 2 ? 'A' : 'C');
    allele_offset.push_back(static_cast<std::int64_t>(bases.size()));
    first_allele.push_back(2 * (v + 1));
  }
  const gxfast::Edits edits(
      {10, position.data(), ref_length.data(), first_allele.data(), allele_offset.data(), bases.data()});
  CHECK(edits.longest() == 26);
  gxfast::OwnedRows rows;
  rows.values = {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 3, 19};
  rows.offset = {0, 10, 12};
  const std::vector<std::int64_t> chosen = {1, 0};
  const auto in_window = [&](std::int64_t low, std::int64_t high) {
    return as_rows(gxfast::rows_in_window(rows.view(), edits, chosen.data(), 2, low, high));
  };
  CHECK((in_window(41, 61) == std::vector<Row>{{}, {5, 11, 13}}));
  CHECK((in_window(46, 60) == std::vector<Row>{{}, {11}}));
  CHECK((in_window(-50, 11) == std::vector<Row>{{3}, {1, 3}}));
  CHECK((in_window(90, 91) == std::vector<Row>{{19}, {19}}));
  for (const std::int32_t none : {20, -1, INT32_MAX}) {
    rows.values.back() = none;
    bool refused = false;
    try {
      in_window(0, 200);
    } catch (const std::out_of_range &) {
      refused = true;
    }
    CHECK(refused);
  }
}

} // namespace

int main() {
  hand_worked();
  nothing_to_do();
  random_cases();
  negative_calls();
  windows();
  return failures();
}
