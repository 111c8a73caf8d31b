#include "gxfast/haplotype.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace gxfast {
namespace {

/// Reference interval [start, end) replaced by letters; start == end is an insertion before `start`.
struct Edit {
  std::int64_t start;
  std::int64_t end;
  const std::uint8_t *bases;
  std::int64_t length;

  bool is_insertion() const { return start == end; }
};

/// VCF writes the base before an indel as its first letter; that base itself is not changed.
bool has_anchor_base(const VariantTable::Allele &ref, const VariantTable::Allele &alt,
                     std::int64_t ref_length) {
  return alt.length != ref_length && ref.length > 0 && alt.length > 0 && ref.bases[0] == alt.bases[0];
}

/// Whether the allele only adds or only removes bases, and not before its first one. Anything else (CGG>CA)
/// is a replacement of the whole REF.
bool is_pure_indel(const VariantTable::Allele &ref, const VariantTable::Allele &alt,
                   std::int64_t ref_length) {
  if (!has_anchor_base(ref, alt, ref_length))
    return false;
  if (ref.length != ref_length)
    return alt.length == 1; // a symbolic deletion
  const std::int64_t shorter = std::min(ref.length, alt.length);
  std::int64_t prefix = 0;
  while (prefix < shorter && ref.bases[prefix] == alt.bases[prefix])
    ++prefix;
  const std::int64_t rest = shorter - prefix;
  return std::equal(ref.bases + ref.length - rest, ref.bases + ref.length, alt.bases + alt.length - rest);
}

std::vector<Edit> edits_of(const VariantTable &variants, const std::int8_t *alleles) {
  std::vector<Edit> edits;
  for (std::int64_t v = 0; v < variants.n; ++v) {
    if (alleles[v] <= 0)
      continue;
    const VariantTable::Allele alt = variants.allele(v, alleles[v]);
    const std::int64_t ref_length = variants.ref_length[v];
    const std::int64_t skip = has_anchor_base(variants.allele(v, 0), alt, ref_length) ? 1 : 0;
    const std::int64_t position = variants.position[v];
    edits.push_back({position + skip, position + ref_length, alt.bases + skip, alt.length - skip});
  }
  return edits;
}

/// Collects segments of reference and of edits; reference outside what was given becomes N. With `leftwards`
/// the caller adds stretches from right to left, and take() returns them in reading order.
class Builder {
public:
  Builder(const Reference &reference, bool leftwards) : reference_(reference), leftwards_(leftwards) {}

  void add_reference(std::int64_t begin, std::int64_t end) {
    if (end <= begin)
      return;
    const std::int64_t inside_begin = std::clamp(reference_.start, begin, end);
    const std::int64_t inside_end = std::clamp(reference_.end(), inside_begin, end);
    const std::uint8_t *inside =
        inside_begin < inside_end ? reference_.bases + (inside_begin - reference_.start) : nullptr;
    add({nullptr, inside_begin - begin, begin}, {inside, inside_end - inside_begin, inside_begin},
        {nullptr, end - inside_end, inside_end});
  }

  /// Letters [from, to) of an edit. Replaced bases keep their position one for one; surplus ones have none.
  void add_edit(const Edit &edit, std::int64_t from, std::int64_t to) {
    const std::int64_t placed = std::clamp(edit.end - edit.start, from, to);
    add({edit.bases + from, placed - from, edit.start + from}, {edit.bases + placed, to - placed, -1},
        {nullptr, 0, -1});
  }

  std::vector<Segment> take() {
    if (leftwards_)
      std::reverse(segments_.begin(), segments_.end());
    return std::move(segments_);
  }

private:
  void add(const Segment &a, const Segment &b, const Segment &c) {
    for (const Segment *segment : {leftwards_ ? &c : &a, &b, leftwards_ ? &a : &c})
      if (segment->length > 0)
        segments_.push_back(*segment);
  }

  const Reference &reference_;
  bool leftwards_;
  std::vector<Segment> segments_;
};

/// Where the two outward walks begin, with the edit that covers the anchor (if any) split between them.
struct Start {
  std::int64_t left_from;
  std::int64_t right_from;
  const Edit *covering = nullptr;
  std::int64_t split = 0; ///< letters of the covering edit that lie to the left of the anchor
};

Start find_start(const std::vector<Edit> &edits, std::int64_t anchor) {
  for (const Edit &edit : edits)
    if (edit.start <= anchor && anchor < edit.end)
      return {edit.start, edit.end, &edit, std::min(anchor - edit.start, edit.length)};
  return {anchor, anchor};
}

/// Fills `count` bases rightwards. Returns one past the last reference position needed.
std::int64_t walk_right(const std::vector<Edit> &edits, const Start &start, std::int64_t count,
                        Builder &builder) {
  std::int64_t cursor = start.right_from;
  bool ends_inserted = false;
  const auto take = [&](const Edit &edit, std::int64_t from) {
    const std::int64_t taken = std::min(count, edit.length - from);
    builder.add_edit(edit, from, from + taken);
    count -= taken;
    cursor = edit.end;
    ends_inserted = edit.is_insertion(); // which stands between two bases, and needs both
  };
  if (start.covering != nullptr)
    take(*start.covering, start.split);
  for (const Edit &edit : edits) {
    // An insertion just before the anchor base belongs to the left side.
    const bool before_anchor = start.covering == nullptr && edit.is_insertion() && edit.start == cursor &&
                               cursor == start.right_from;
    if (edit.start < start.right_from || before_anchor)
      continue;
    if (edit.start - cursor >= count)
      break;
    builder.add_reference(cursor, edit.start);
    count -= edit.start - cursor;
    take(edit, 0);
  }
  builder.add_reference(cursor, cursor + count);
  return cursor + count + (ends_inserted && count == 0 ? 1 : 0);
}

/// Fills `count` bases leftwards. Returns the first reference position needed.
std::int64_t walk_left(const std::vector<Edit> &edits, const Start &start, std::int64_t count,
                       Builder &builder) {
  std::int64_t cursor = start.left_from;
  bool ends_inserted = false;
  const auto take = [&](const Edit &edit, std::int64_t upto) {
    const std::int64_t taken = std::min(count, upto);
    builder.add_edit(edit, upto - taken, upto);
    count -= taken;
    cursor = edit.start;
    ends_inserted = edit.is_insertion();
  };
  if (start.covering != nullptr)
    take(*start.covering, start.split);
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    if (edit->end > start.left_from || &*edit == start.covering)
      continue;
    if (cursor - edit->end >= count)
      break;
    builder.add_reference(edit->end, cursor);
    count -= cursor - edit->end;
    take(*edit, edit->length);
  }
  builder.add_reference(cursor - count, cursor);
  return cursor - count - (ends_inserted && count == 0 ? 1 : 0);
}

} // namespace

std::int64_t resolve_overlaps(const VariantTable &variants, std::int8_t *alleles) {
  std::int64_t skipped = 0;
  std::int64_t frozen = std::numeric_limits<std::int64_t>::min(); // last reference base already taken
  bool after_insertion = false;
  for (std::int64_t v = 0; v < variants.n; ++v) {
    if (alleles[v] <= 0)
      continue;
    const VariantTable::Allele alt = variants.allele(v, alleles[v]);
    const std::int64_t ref_length = variants.ref_length[v];
    const std::int64_t position = variants.position[v];
    const bool extends = is_pure_indel(variants.allele(v, 0), alt, ref_length);
    const bool fits = position > frozen || (position == frozen && extends && !after_insertion);
    if (!fits) {
      alleles[v] = 0;
      ++skipped;
      continue;
    }
    frozen = position + ref_length - 1;
    after_insertion = alt.length > ref_length;
  }
  return skipped;
}

HaplotypeLayout layout_anchored(const VariantTable &variants, const std::int8_t *alleles,
                                const Reference &reference, std::int64_t anchor, std::int64_t left,
                                std::int64_t right) {
  const std::vector<Edit> edits = edits_of(variants, alleles);
  const Start start = find_start(edits, anchor);
  HaplotypeLayout layout;
  layout.anchor_deleted = start.covering != nullptr && start.split == start.covering->length;
  Builder to_left(reference, true);
  layout.first = walk_left(edits, start, left, to_left);
  layout.segments = to_left.take();
  Builder to_right(reference, false);
  layout.last = walk_right(edits, start, right, to_right);
  const std::vector<Segment> tail = to_right.take();
  layout.segments.insert(layout.segments.end(), tail.begin(), tail.end());
  return layout;
}

HaplotypeLayout layout_consensus(const VariantTable &variants, const std::int8_t *alleles,
                                 const Reference &reference, std::int64_t start, std::int64_t end) {
  Builder builder(reference, false);
  std::int64_t cursor = start;
  for (const Edit &edit : edits_of(variants, alleles)) {
    const bool insertion_before = edit.is_insertion() && edit.start <= start;
    const bool outside = edit.is_insertion() ? edit.start > end : edit.start >= end || edit.end <= start;
    if (insertion_before || outside)
      continue;
    builder.add_reference(cursor, std::max(cursor, edit.start));
    const std::int64_t before_window = std::max<std::int64_t>(0, start - edit.start);
    // A record that reaches past the window gives only the letters that replace bases inside it.
    const std::int64_t upto = edit.end > end ? std::min(edit.length, end - edit.start) : edit.length;
    if (before_window < upto)
      builder.add_edit(edit, before_window, upto);
    cursor = std::max(cursor, edit.end);
  }
  builder.add_reference(cursor, std::max(cursor, end));
  return {builder.take(), start, std::max(cursor, end), false};
}

std::int64_t total_length(const HaplotypeLayout &layout) {
  std::int64_t length = 0;
  for (const Segment &segment : layout.segments)
    length += segment.length;
  return length;
}

void write_bases(const HaplotypeLayout &layout, std::uint8_t *out) {
  for (const Segment &segment : layout.segments) {
    const auto length = static_cast<std::size_t>(segment.length);
    if (segment.source == nullptr)
      std::memset(out, 'N', length);
    else
      std::memcpy(out, segment.source, length);
    out += segment.length;
  }
}

void write_positions(const HaplotypeLayout &layout, std::int64_t *out) {
  for (const Segment &segment : layout.segments)
    for (std::int64_t i = 0; i < segment.length; ++i)
      *out++ = segment.position < 0 ? -1 : segment.position + i;
}

} // namespace gxfast
