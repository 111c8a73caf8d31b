#include <algorithm>
#include <random>

#include "check.hpp"
#include "gxfast/haplotype.hpp"
#include "haplotype_reference.hpp"
#include "haplotype_table.hpp"

namespace {

using gxfast::reference::Record;
using namespace gxfast::tests;

/// Runs resolve_overlaps on allele numbers; overridden ones become 0. Returns how many were.
std::int64_t resolve(const std::vector<Record> &records, std::vector<std::int8_t> &alleles) {
  const Table table(records);
  std::vector<std::int32_t> carried = indices(table, alleles);
  const std::int64_t kept = gxfast::resolve_overlaps(gxfast::Edits(table.view()), carried.data(),
                                                     static_cast<std::int64_t>(carried.size()));
  const auto skipped = static_cast<std::int64_t>(carried.size()) - kept;
  carried.resize(static_cast<std::size_t>(kept));
  for (std::size_t v = 0; v < alleles.size(); ++v) {
    const auto allele = static_cast<std::int32_t>(table.first_allele[v] + alleles[v]);
    if (std::find(carried.begin(), carried.end(), allele) == carried.end())
      alleles[v] = 0;
  }
  return skipped;
}

struct World {
  std::string reference = "AACCGGTTAC"; // positions 100-109
  std::vector<Record> records;
  std::vector<std::int8_t> alleles;
  std::vector<std::uint8_t> bytes{};
  std::vector<Table> keep{}; ///< a layout points into the letters of its table

  gxfast::Reference view() {
    bytes.assign(reference.begin(), reference.end());
    return {bytes.data(), 100, static_cast<std::int64_t>(bytes.size())};
  }
  gxfast::HaplotypeLayout anchored(std::int64_t anchor, std::int64_t left, std::int64_t right) {
    keep.assign(1, Table(records));
    const gxfast::Edits edits(keep[0].view());
    const std::vector<std::int32_t> carried = indices(keep[0], alleles);
    gxfast::HaplotypeLayout layout;
    gxfast::layout_anchored({&edits, carried.data(), static_cast<std::int64_t>(carried.size())}, view(),
                            anchor, left, right, layout);
    return layout;
  }
  std::string consensus(std::int64_t start, std::int64_t end) {
    const Table table(records);
    const gxfast::Edits edits(table.view());
    const std::vector<std::int32_t> carried = indices(table, alleles);
    return write(gxfast::layout_consensus({&edits, carried.data(), static_cast<std::int64_t>(carried.size())},
                                          view(), start, end))
        .letters;
  }
};

void hand_worked_anchored() {
  World snv{"AACCGGTTAC", {{103, 1, {"C", "T"}}}, {1}};
  CHECK(write(snv.anchored(104, 3, 3)).letters == "ACTGGT");

  World deletion{"AACCGGTTAC", {{103, 3, {"CGG", "C"}}}, {1}}; // AACC--TTAC
  CHECK(write(deletion.anchored(103, 2, 4)).letters == "ACCTTA");
  CHECK(write(deletion.anchored(106, 3, 3)).letters == "ACCTTA");
  CHECK(!deletion.anchored(106, 3, 3).anchor_deleted);
  const auto gone = deletion.anchored(104, 2, 3);
  CHECK(gone.anchor_deleted);
  CHECK(write(gone).letters == "CCTTA");
  CHECK((write(gone).positions == std::vector<std::int64_t>{102, 103, 106, 107, 108}));

  World insertion{"AACCGGTTAC", {{103, 1, {"C", "CTT"}}}, {1}}; // AACCttGGTTAC
  CHECK(write(insertion.anchored(103, 1, 4)).letters == "CCTTG");
  CHECK(write(insertion.anchored(104, 3, 2)).letters == "CTTGG");
  CHECK((write(insertion.anchored(104, 3, 2)).positions == std::vector<std::int64_t>{103, -1, -1, 104, 105}));
  CHECK(write(insertion.anchored(104, 1, 2)).letters == "TGG"); // an insertion cut by the window

  World edge{"AACCGGTTAC", {}, {}};
  CHECK(write(edge.anchored(100, 3, 2)).letters == "NNNAA");
  CHECK((write(edge.anchored(100, 3, 2)).positions == std::vector<std::int64_t>{97, 98, 99, 100, 101}));
  CHECK(write(edge.anchored(109, 1, 4)).letters == "ACNNN");
  CHECK(write(edge.anchored(200, 2, 2)).letters == "NNNN");

  World delins{"AACCGGTTAC", {{102, 3, {"CCG", "TA"}}}, {1}}; // AATA-GTTAC
  CHECK(write(delins.anchored(103, 1, 3)).letters == "TAGT");
  CHECK(delins.anchored(104, 1, 2).anchor_deleted);
  CHECK(write(delins.anchored(104, 1, 2)).letters == "AGT");
}

void hand_worked_extents() {
  World insertion{"AACCGGTTAC", {{103, 1, {"C", "CTT"}}}, {1}};
  // Left half of an insertion still needs both neighbours of the place where it stands.
  const auto cut = insertion.anchored(104, 1, 2);
  CHECK(cut.first == 103 && cut.last == 106);
  const auto right = insertion.anchored(103, 0, 2);
  CHECK(right.first == 103 && right.last == 105);
  const auto outside = insertion.anchored(104, 0, 2);
  CHECK(outside.first == 104 && outside.last == 106);
  const auto before = insertion.anchored(103, 1, 1);
  CHECK(before.first == 102 && before.last == 104);
  World deletion{"AACCGGTTAC", {{103, 3, {"CGG", "C"}}}, {1}};
  CHECK(deletion.anchored(103, 0, 2).last == 107);
  CHECK(deletion.anchored(103, 0, 1).last == 104);
}

void hand_worked_consensus() {
  World snv_then_deletion{"AACCGGTTAC", {{103, 1, {"C", "T"}}, {103, 3, {"CGG", "C"}}}, {1, 1}};
  CHECK(snv_then_deletion.consensus(100, 110) == "AACTTTAC");
  World insertion{"AACCGGTTAC", {{103, 1, {"C", "CTT"}}}, {1}};
  CHECK(insertion.consensus(104, 108) == "GGTT");  // anchored before the window: not its business
  CHECK(insertion.consensus(101, 104) == "ACCTT"); // anchored on the last base: appended
  CHECK(insertion.consensus(101, 103) == "AC");
  World deletion{"AACCGGTTAC", {{103, 3, {"CGG", "C"}}}, {1}};
  CHECK(deletion.consensus(105, 108) == "TT");
  CHECK(deletion.consensus(104, 106).empty());
  CHECK(deletion.consensus(101, 105) == "ACC");
  World mnv{"AACCGGTTAC", {{104, 4, {"GGTT", "TAAC"}}}, {1}};
  CHECK(mnv.consensus(105, 107) == "AA");
  World longer{"AACCGGTTAC", {{104, 2, {"GG", "TAACC"}}}, {1}};
  CHECK(longer.consensus(103, 105) == "CT");
  CHECK(longer.consensus(103, 106) == "CTAACC");
}

void hand_worked_overlaps() {
  const auto resolved = [](const std::vector<Record> &records, std::int64_t expected_skipped) {
    std::vector<std::int8_t> alleles(records.size(), 1);
    CHECK(resolve(records, alleles) == expected_skipped);
    return alleles;
  };
  using Alleles = std::vector<std::int8_t>;
  CHECK((resolved({{10, 3, {"ACG", "A"}}, {11, 1, {"C", "T"}}, {13, 1, {"T", "A"}}}, 1) == Alleles{1, 0, 1}));
  CHECK((resolved({{10, 1, {"A", "G"}}, {10, 2, {"AC", "A"}}}, 0) == Alleles{1, 1}));
  CHECK((resolved({{10, 2, {"AC", "A"}}, {10, 1, {"A", "G"}}}, 1) == Alleles{1, 0}));
  CHECK((resolved({{10, 1, {"A", "AT"}}, {10, 1, {"A", "AG"}}}, 1) == Alleles{1, 0}));
  CHECK((resolved({{10, 2, {"AC", "A"}}, {11, 1, {"C", "CT"}}}, 0) == Alleles{1, 1}));
  CHECK((resolved({{10, 1, {"A", "T"}}, {10, 3, {"ACG", "AT"}}}, 1) == Alleles{1, 0})); // no pure deletion
  CHECK((resolved({{10, 1, {"A", "T"}}, {10, 3, {"ACG", "AG"}}}, 0) == Alleles{1, 1}));
  CHECK((resolved({{10, 1, {"A", "T"}}, {10, 1, {"A", "T"}}}, 1) == Alleles{1, 0}));
}

std::string random_letters(std::mt19937 &random, std::size_t length) {
  std::string text(length, 'A');
  for (char &letter : text)
    letter = "ACGT"[random() % 4];
  return text;
}

void random_world(std::mt19937 &random, World &world) {
  world.reference = random_letters(random, 20 + random() % 30);
  world.records.clear();
  world.alleles.clear();
  std::int64_t position = 100;
  const auto end = static_cast<std::int64_t>(100 + world.reference.size());
  while (world.records.size() < 12) {
    position += static_cast<std::int64_t>(random() % 6);
    const auto ref_length = static_cast<std::int64_t>(random() % 3 == 0 ? 1 + random() % 6 : 1);
    if (position + ref_length > end)
      break;
    Record record{position,
                  ref_length,
                  {world.reference.substr(static_cast<std::size_t>(position - 100),
                                          static_cast<std::size_t>(ref_length))}};
    const std::size_t n_alts = 1 + random() % 2;
    for (std::size_t a = 0; a < n_alts; ++a) {
      std::string alt = random_letters(random, random() % 2 == 0 ? 1 : 1 + random() % 5);
      if (random() % 2 == 0)
        alt[0] = record.alleles[0][0];
      record.alleles.push_back(alt);
    }
    world.records.push_back(record);
    world.alleles.push_back(static_cast<std::int8_t>(random() % (n_alts + 1)));
  }
}

/// What was not resolved may come out as long as asked for, and still be wrong.
void overlaps_are_seen() {
  const auto resolved = [](const std::vector<Record> &records) {
    const Table table(records);
    const gxfast::Edits edits(table.view());
    const std::vector<std::int32_t> carried = indices(table, std::vector<std::int8_t>(records.size(), 1));
    return gxfast::is_resolved({&edits, carried.data(), static_cast<std::int64_t>(carried.size())});
  };
  CHECK(resolved({}));
  CHECK(resolved({{103, 3, {"CGG", "C"}}, {106, 1, {"T", "A"}}}));
  CHECK(resolved({{103, 1, {"C", "A"}}, {103, 2, {"CG", "C"}}}));
  CHECK(!resolved({{103, 2, {"CG", "TA"}}, {103, 2, {"CG", "AC"}}}));
  CHECK(!resolved({{103, 3, {"CGG", "C"}}, {105, 1, {"G", "T"}}}));
}

void random_cases() {
  std::mt19937 random(31);
  World world{"", {}, {}};
  for (int k = 0; k < 6000; ++k) {
    random_world(random, world);
    const std::string context = "case " + std::to_string(k);
    std::vector<std::int8_t> expected_alleles = world.alleles;
    const std::int64_t expected_skipped =
        gxfast::reference::resolve_overlaps(world.records, expected_alleles);
    const std::int64_t skipped = resolve(world.records, world.alleles);
    CHECK_IN(skipped == expected_skipped && world.alleles == expected_alleles, context);

    const auto anchor = static_cast<std::int64_t>(90 + random() % 70);
    const auto left = static_cast<std::int64_t>(random() % 30),
               right = static_cast<std::int64_t>(random() % 30);
    const gxfast::HaplotypeLayout layout = world.anchored(anchor, left, right);
    const auto expected =
        gxfast::reference::anchored(world.records, world.alleles, world.reference, 100, anchor, left, right);
    CHECK_IN(write(layout) == flatten(expected.bases), context);
    CHECK_IN(layout.anchor_deleted == expected.anchor_deleted, context);
    bool covered = layout.first <= anchor;
    for (const auto &base : expected.bases)
      covered =
          covered && (base.position < 0 || (layout.first <= base.position && base.position < layout.last));
    CHECK_IN(covered, context);

    const auto whole =
        gxfast::reference::personal_sequence(world.records, world.alleles, world.reference, 100, 95, 160);
    CHECK_IN(world.consensus(95, 160) == flatten(whole).letters, context);
  }
}

} // namespace

int main() {
  hand_worked_anchored();
  hand_worked_extents();
  hand_worked_consensus();
  hand_worked_overlaps();
  overlaps_are_seen();
  random_cases();
  return failures();
}
