#pragma once

#include <cstdint>
#include <vector>

namespace gxfast {

/// Variants of one contig, sorted by position, with all their alleles (REF first). Non-owning.
struct VariantTable {
  std::int64_t n = 0;
  const std::int64_t *position = nullptr;   ///< (n) 0-based position of the first REF base
  const std::int64_t *ref_length = nullptr; ///< (n) reference bases the record covers
  const std::int64_t *first_allele =
      nullptr; ///< (n + 1) index of REF in allele_offset; last = number of alleles
  const std::int64_t *allele_offset = nullptr; ///< (number of alleles + 1) into bases
  const std::uint8_t *bases = nullptr;         ///< allele letters, concatenated

  struct Allele {
    const std::uint8_t *bases;
    std::int64_t length;
  };
  Allele allele(std::int64_t variant, std::int64_t index) const {
    const std::int64_t at = first_allele[variant] + index;
    return {bases + allele_offset[at], allele_offset[at + 1] - allele_offset[at]};
  }
};

/// A stretch of the reference, N-padded past the ends of the contig. Non-owning.
struct Reference {
  const std::uint8_t *bases;
  std::int64_t start;
  std::int64_t length;
  std::int64_t end() const { return start + length; }
};

/// One allele, ready to be put into a sequence: reference interval [start, end) becomes `length` letters.
/// start == end is an insertion before `start`.
struct Edit {
  std::int64_t start;
  std::int64_t end;
  const std::uint8_t *bases;
  std::int64_t length;
  std::int64_t position;   ///< of the record: one less than start where the first base is only an anchor
  std::int64_t ref_length; ///< of the record
  bool is_pure_indel;      ///< only adds or only removes bases, and not before its first one
  bool is_longer;          ///< than the reference it replaces

  bool is_insertion() const { return start == end; }
  bool is_substitution() const { return length == end - start; }
};

/// The edit of every allele of a table, worked out once. Points into the table's letters.
class Edits {
public:
  Edits() = default;
  explicit Edits(const VariantTable &variants);
  const Edit &operator[](std::int32_t allele) const { return edits_[static_cast<std::size_t>(allele)]; }
  /// Throws std::out_of_range for an allele that the table does not have.
  const Edit &at(std::int32_t allele) const { return edits_.at(static_cast<std::size_t>(allele)); }
  /// Most reference bases that one record covers.
  std::int64_t longest() const { return longest_; }

private:
  std::vector<Edit> edits_;
  std::int64_t longest_ = 0;
};

/// What one haplotype carries: indices of alternative alleles into a table's alleles, ascending, at most one
/// per record. Non-owning.
struct Carried {
  const Edits *edits;
  const std::int32_t *alleles;
  std::int64_t n;

  const Edit &operator[](std::int64_t i) const { return (*edits)[alleles[i]]; }
};

/// Decides which carried alleles take effect on one haplotype when records overlap: the first in file order
/// wins, as in `bcftools consensus`. A later record that starts on the last base taken by an earlier one is
/// still applied when it is a pure insertion or deletion after that base (its anchor) and the earlier record
/// was not an insertion.
/// Moves the alleles that take effect to the front, in order, and returns how many there are.
std::int64_t resolve_overlaps(const Edits &edits, std::int32_t *alleles, std::int64_t n);

/// Whether the edits stand side by side, as resolve_overlaps leaves them: what the layouts rely on.
bool is_resolved(const Carried &carried);

/// Position of bases that stand nowhere on the reference.
constexpr std::int64_t kInserted = INT64_MIN;

/// One run of output bases taken from one place.
struct Segment {
  const std::uint8_t *source; ///< letters to copy; nullptr = outside the given reference, write N
  std::int64_t length;
  std::int64_t position; ///< reference position of the first base; kInserted for inserted bases
};

/// Letters that go over what the segments wrote: a substitution, which moves nothing.
struct Patch {
  std::int64_t at; ///< index in the haplotype
  std::int64_t length;
  const std::uint8_t *bases;
};

/// Where a haplotype's bases come from: segments left to right, then patches (ascending, disjoint) over them.
struct HaplotypeLayout {
  std::vector<Segment> segments;
  std::vector<Patch> patches;
  /// Reference interval that was needed: [first, last) overlaps exactly the edits that show in the bases,
  /// where the interval of an insertion is empty and lies strictly inside. The edit that covers the anchor
  /// counts too.
  std::int64_t first = 0;
  std::int64_t last = 0;
  bool anchor_deleted = false; ///< the anchor base is gone; the next retained base took its place
};

/// Exactly `left + right` bases: the anchor base lands on index `left`, and both sides are filled outwards
/// with this haplotype's own sequence, so that a deletion draws in more of it and an insertion pushes some
/// out. The alleles must be resolved. `layout` is overwritten; its memory is reused.
void layout_anchored(const Carried &carried, const Reference &reference, std::int64_t anchor,
                     std::int64_t left, std::int64_t right, HaplotypeLayout &layout);

/// The haplotype of reference window [start, end), as long as it comes out: the rule of bcftools consensus.
/// The alleles must be resolved.
HaplotypeLayout layout_consensus(const Carried &carried, const Reference &reference, std::int64_t start,
                                 std::int64_t end);

std::int64_t total_length(const HaplotypeLayout &layout);

/// Copies the bases (total_length of them).
void write_bases(const HaplotypeLayout &layout, std::uint8_t *out);

/// Writes the reference position of every base, -1 where the base was inserted or lies before the contig.
void write_positions(const HaplotypeLayout &layout, std::int64_t *out);

} // namespace gxfast
