// Haplotypes of random records against their specification; and of alleles that nobody resolved, which either
// are seen to overlap or fill what the caller made room for.

#include "haplotype_table.hpp"
#include "input.hpp"

namespace {

using namespace gxfast;
using namespace gxfast::tests;

constexpr std::int64_t kStart = 100;

struct World {
  std::string letters;
  std::vector<Record> records;
  std::vector<std::int8_t> alleles;
};

std::string draw_letters(fuzz::Input &input, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i)
    text += "ACGTNa"[input.byte() % 6];
  return text;
}

World draw(fuzz::Input &input) {
  World world{draw_letters(input, input.size(0, 40)), {}, {}};
  const auto end = static_cast<std::int64_t>(kStart + world.letters.size());
  std::int64_t position = kStart - input.between(0, 3);
  for (std::size_t n = input.size(0, 10); n > 0; --n) {
    position += input.between(0, 5);
    const std::int64_t ref_length = input.between(1, 6);
    if (position < kStart || position + ref_length > end)
      continue;
    Record record{position,
                  ref_length,
                  {world.letters.substr(static_cast<std::size_t>(position - kStart),
                                        static_cast<std::size_t>(ref_length))}};
    if (input.byte() % 8 == 0) // a symbolic record names only its first base
      record.alleles[0].resize(1);
    for (std::size_t a = input.size(1, 3); a > 0; --a) {
      std::string alt = draw_letters(input, input.size(1, 7));
      if (input.flag())
        alt[0] = record.alleles[0][0];
      record.alleles.push_back(alt);
    }
    world.alleles.push_back(static_cast<std::int8_t>(input.size(0, record.alleles.size() - 1)));
    world.records.push_back(record);
  }
  return world;
}

/// As long as asked for, with patches inside, ascending and disjoint.
void write_safely(const HaplotypeLayout &layout, std::int64_t length) {
  EXPECT(total_length(layout) == length);
  std::int64_t end = 0;
  for (const Patch &patch : layout.patches) {
    EXPECT(patch.at >= end && patch.length >= 0);
    end = patch.at + patch.length;
  }
  EXPECT(end <= length);
  write(layout);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool resolved = input.byte() % 4 != 0;
  World world = draw(input);
  const Table table(world.records);
  const Edits edits(table.view());
  std::vector<std::int32_t> carried = indices(table, world.alleles);
  if (resolved) {
    reference::resolve_overlaps(world.records, world.alleles);
    const std::int64_t kept =
        resolve_overlaps(edits, carried.data(), static_cast<std::int64_t>(carried.size()));
    carried.resize(static_cast<std::size_t>(kept));
    EXPECT(carried == indices(table, world.alleles));
  }
  const std::vector<std::uint8_t> bytes(world.letters.begin(), world.letters.end());
  const Reference reference{bytes.data(), kStart, static_cast<std::int64_t>(bytes.size())};
  const Carried row{&edits, carried.data(), static_cast<std::int64_t>(carried.size())};
  EXPECT(is_resolved(row) || !resolved);
  if (!is_resolved(row))
    return 0;

  const std::int64_t anchor = input.between(80, 160), left = input.between(0, 40),
                     right = input.between(0, 40);
  HaplotypeLayout layout;
  layout_anchored(row, reference, anchor, left, right, layout);
  const std::int64_t start = input.between(80, 150), end = start + input.between(0, 60);
  const HaplotypeLayout consensus = layout_consensus(row, reference, start, end);
  write_safely(layout, left + right);
  write(consensus);
  if (!resolved)
    return 0;
  const reference::Anchored expected =
      reference::anchored(world.records, world.alleles, world.letters, kStart, anchor, left, right);
  EXPECT(write(layout) == flatten(expected.bases));
  EXPECT(layout.anchor_deleted == expected.anchor_deleted);
  EXPECT(layout.first <= anchor);
  for (const reference::Base &base : expected.bases)
    EXPECT(base.position < 0 || (layout.first <= base.position && base.position < layout.last));
  const HaplotypeLayout whole = layout_consensus(row, reference, 70, 190);
  EXPECT(write(whole).letters ==
         flatten(reference::personal_sequence(world.records, world.alleles, world.letters, kStart, 70, 190))
             .letters);
  return 0;
}
