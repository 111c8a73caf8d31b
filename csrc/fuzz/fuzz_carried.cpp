// Rows of carried alleles against loops over single calls.

#include <algorithm>

#include "carried_reference.hpp"
#include "gxfast/carried.hpp"
#include "input.hpp"

namespace {

using namespace gxfast;

std::vector<reference::Row> as_rows(const OwnedRows &rows) {
  std::vector<reference::Row> out;
  for (std::size_t r = 0; r + 1 < rows.offset.size(); ++r)
    out.emplace_back(rows.values.begin() + rows.offset[r], rows.values.begin() + rows.offset[r + 1]);
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t n = input.size(0, 20), width = input.size(0, 40);
  std::vector<std::int64_t> position, ref_length, first_allele{0}, allele_offset{0};
  std::vector<std::uint8_t> bases;
  for (std::size_t v = 0; v < n; ++v) {
    position.push_back((v == 0 ? 0 : position.back()) + input.between(0, 9));
    ref_length.push_back(input.between(1, 7));
    const std::int64_t alleles = 1 + input.between(1, 3);
    for (std::int64_t a = 0; a < alleles; ++a) {
      const std::size_t length = a == 0 ? static_cast<std::size_t>(ref_length.back()) : input.size(0, 4);
      for (std::size_t i = 0; i < length; ++i)
        bases.push_back(static_cast<std::uint8_t>("AC"[input.byte() % 2]));
      allele_offset.push_back(static_cast<std::int64_t>(bases.size()));
    }
    first_allele.push_back(first_allele.back() + alleles);
  }
  std::vector<std::int8_t> calls(n * width);
  const std::uint8_t sparse = input.byte();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::size_t v = i / width;
    const std::uint8_t drawn = input.byte();
    if (drawn > sparse)
      calls[i] = static_cast<std::int8_t>(drawn % (first_allele[v + 1] - first_allele[v]));
  }
  const OwnedRows rows = carried_alleles(calls.data(), static_cast<std::int64_t>(n),
                                         static_cast<std::int64_t>(width), first_allele.data());
  const std::vector<reference::Row> expected = reference::carried(calls, width, first_allele);
  EXPECT(as_rows(rows) == expected);

  const UniqueRows unique = unique_rows(rows.view());
  const std::vector<std::size_t> first = reference::first_equal_row(expected);
  for (std::size_t r = 0; r < width; ++r)
    EXPECT(static_cast<std::size_t>(unique.first[static_cast<std::size_t>(unique.index[r])]) == first[r]);

  const Edits edits(VariantTable{static_cast<std::int64_t>(n), position.data(), ref_length.data(),
                                 first_allele.data(), allele_offset.data(), bases.data()});
  std::vector<std::int64_t> chosen;
  for (std::size_t i = width == 0 ? 0 : input.size(0, 5); i > 0; --i)
    chosen.push_back(input.between(0, static_cast<std::int64_t>(width) - 1));
  const std::int64_t low = input.between(-5, 100), high = low + input.between(0, 60);
  const OwnedRows found =
      rows_in_window(rows.view(), edits, chosen.data(), static_cast<std::int64_t>(chosen.size()), low, high);
  std::vector<reference::Row> inside;
  for (const std::int64_t row : chosen) {
    inside.emplace_back();
    for (const std::int32_t allele : expected[static_cast<std::size_t>(row)])
      if (edits[allele].position < high && edits[allele].end > low)
        inside.back().push_back(allele);
  }
  EXPECT(as_rows(found) == inside);

  std::vector<reference::Row> resolved = expected;
  for (reference::Row &row : resolved)
    row.resize(
        static_cast<std::size_t>(resolve_overlaps(edits, row.data(), static_cast<std::int64_t>(row.size()))));
  EXPECT(as_rows(resolve_rows(rows.view(), edits)) == resolved);

  const std::vector<std::int64_t> shifts = {0, first_allele.back(), 7};
  std::vector<reference::Row> joined = expected;
  for (std::size_t r = 0; r < width; ++r)
    for (std::size_t p = 1; p < shifts.size(); ++p)
      for (const std::int32_t allele : expected[r])
        joined[r].push_back(allele + static_cast<std::int32_t>(shifts[p]));
  EXPECT(as_rows(join_rows({rows.view(), rows.view(), rows.view()}, shifts.data())) == joined);
  return 0;
}
