#include "gxfast/haplotype.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace gxfast {
namespace {

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

/// Appends segments of reference and of edits; reference outside what was given becomes N. With `leftwards`
/// the caller adds stretches from right to left; the segments then stand in that order.
class Builder {
public:
  Builder(const Reference &reference, bool leftwards, std::vector<Segment> &segments)
      : reference_(reference), leftwards_(leftwards), segments_(segments) {}

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
    add({edit.bases + from, placed - from, edit.start + from}, {edit.bases + placed, to - placed, kInserted},
        {nullptr, 0, kInserted});
  }

private:
  void add(const Segment &a, const Segment &b, const Segment &c) {
    for (const Segment *segment : {leftwards_ ? &c : &a, &b, leftwards_ ? &a : &c})
      if (segment->length > 0)
        segments_.push_back(*segment);
  }

  const Reference &reference_;
  bool leftwards_;
  std::vector<Segment> &segments_;
};

/// Where the two outward walks begin, with the edit that covers the anchor (if any) split between them.
struct Start {
  std::int64_t left_from;
  std::int64_t right_from;
  const Edit *covering = nullptr;
  std::int64_t split = 0; ///< letters of the covering edit that lie to the left of the anchor
};

Start find_start(const Carried &carried, std::int64_t anchor) {
  for (std::int64_t i = 0; i < carried.n; ++i) {
    const Edit &edit = carried[i];
    if (edit.start <= anchor && anchor < edit.end)
      return {edit.start, edit.end, &edit, std::min(anchor - edit.start, edit.length)};
  }
  return {anchor, anchor};
}

/// One of the two walks outwards from the anchor, which fill `count` bases. Reference is added in stretches
/// that run on through substitutions; those are patched in.
struct Walk {
  const Carried &carried;
  const Start &start;
  Builder builder;
  std::vector<Patch> &patches;
  std::int64_t count;   ///< bases still to fill
  std::int64_t cursor;  ///< reference position reached
  std::int64_t stretch; ///< where the reference that is not added yet begins (or, leftwards, ends)
  bool ends_inserted = false;

  bool patch(const Edit &edit, std::int64_t at) {
    if (!edit.is_substitution() || edit.length > count)
      return false;
    patches.push_back({at, edit.length, edit.bases});
    count -= edit.length;
    ends_inserted = false;
    return true;
  }
};

/// Fills bases up to `length` rightwards. Returns one past the last reference position needed.
std::int64_t walk_right(Walk &walk, std::int64_t length) {
  const auto take = [&](const Edit &edit, std::int64_t from) {
    const std::int64_t taken = std::min(walk.count, edit.length - from);
    walk.builder.add_edit(edit, from, from + taken);
    walk.count -= taken;
    walk.cursor = walk.stretch = edit.end;
    walk.ends_inserted = edit.is_insertion(); // which stands between two bases, and needs both
  };
  if (walk.start.covering != nullptr)
    take(*walk.start.covering, walk.start.split);
  for (std::int64_t i = 0; i < walk.carried.n; ++i) {
    const Edit &edit = walk.carried[i];
    // An insertion just before the anchor base belongs to the left side.
    const bool before_anchor = walk.start.covering == nullptr && edit.is_insertion() &&
                               edit.start == walk.cursor && walk.cursor == walk.start.right_from;
    if (edit.start < walk.start.right_from || before_anchor)
      continue;
    if (edit.start - walk.cursor >= walk.count)
      break;
    walk.count -= edit.start - walk.cursor;
    if (walk.patch(edit, length - walk.count)) {
      walk.cursor = edit.end;
      continue;
    }
    walk.builder.add_reference(walk.stretch, edit.start);
    take(edit, 0);
  }
  const std::int64_t last = walk.cursor + walk.count;
  walk.builder.add_reference(walk.stretch, last);
  return last + (walk.ends_inserted && walk.count == 0 ? 1 : 0);
}

/// Fills bases down to 0 leftwards. Returns the first reference position needed.
std::int64_t walk_left(Walk &walk) {
  const auto take = [&](const Edit &edit, std::int64_t upto) {
    const std::int64_t taken = std::min(walk.count, upto);
    walk.builder.add_edit(edit, upto - taken, upto);
    walk.count -= taken;
    walk.cursor = walk.stretch = edit.start;
    walk.ends_inserted = edit.is_insertion();
  };
  if (walk.start.covering != nullptr)
    take(*walk.start.covering, walk.start.split);
  for (std::int64_t i = walk.carried.n - 1; i >= 0; --i) {
    const Edit &edit = walk.carried[i];
    if (edit.end > walk.start.left_from || &edit == walk.start.covering)
      continue;
    if (walk.cursor - edit.end >= walk.count)
      break;
    walk.count -= walk.cursor - edit.end;
    if (walk.patch(edit, walk.count - edit.length)) {
      walk.cursor = edit.start;
      continue;
    }
    walk.builder.add_reference(edit.end, walk.stretch);
    take(edit, edit.length);
  }
  const std::int64_t first = walk.cursor - walk.count;
  walk.builder.add_reference(first, walk.stretch);
  return first - (walk.ends_inserted && walk.count == 0 ? 1 : 0);
}

} // namespace

Edits::Edits(const VariantTable &variants) {
  for (std::int64_t v = 0; v < variants.n; ++v) {
    const VariantTable::Allele ref = variants.allele(v, 0);
    const std::int64_t position = variants.position[v], ref_length = variants.ref_length[v];
    longest_ = std::max(longest_, ref_length);
    for (std::int64_t a = 0; a < variants.first_allele[v + 1] - variants.first_allele[v]; ++a) {
      const VariantTable::Allele alt = variants.allele(v, a);
      const std::int64_t skip = has_anchor_base(ref, alt, ref_length) ? 1 : 0;
      edits_.push_back({position + skip, position + ref_length, alt.bases + skip, alt.length - skip, position,
                        ref_length, is_pure_indel(ref, alt, ref_length), alt.length > ref_length});
    }
  }
}

std::int64_t resolve_overlaps(const Edits &edits, std::int32_t *alleles, std::int64_t n) {
  std::int64_t kept = 0;
  std::int64_t frozen = std::numeric_limits<std::int64_t>::min(); // last reference base already taken
  bool after_insertion = false;
  for (std::int64_t i = 0; i < n; ++i) {
    const Edit &edit = edits[alleles[i]];
    const bool fits =
        edit.position > frozen || (edit.position == frozen && edit.is_pure_indel && !after_insertion);
    if (!fits)
      continue;
    alleles[kept++] = alleles[i];
    frozen = edit.position + edit.ref_length - 1;
    after_insertion = edit.is_longer;
  }
  return kept;
}

bool is_resolved(const Carried &carried) {
  for (std::int64_t i = 1; i < carried.n; ++i)
    if (carried[i].start < carried[i - 1].end)
      return false;
  return true;
}

void layout_anchored(const Carried &carried, const Reference &reference, std::int64_t anchor,
                     std::int64_t left, std::int64_t right, HaplotypeLayout &layout) {
  const Start start = find_start(carried, anchor);
  layout.anchor_deleted = start.covering != nullptr && start.split == start.covering->length;
  layout.segments.clear();
  layout.patches.clear();
  Walk to_left{carried,         start,          {reference, true, layout.segments}, layout.patches, left,
               start.left_from, start.left_from};
  layout.first = walk_left(to_left);
  std::reverse(layout.segments.begin(), layout.segments.end());
  std::reverse(layout.patches.begin(), layout.patches.end());
  Walk to_right{carried,          start,           {reference, false, layout.segments}, layout.patches, right,
                start.right_from, start.right_from};
  layout.last = walk_right(to_right, left + right);
}

HaplotypeLayout layout_consensus(const Carried &carried, const Reference &reference, std::int64_t start,
                                 std::int64_t end) {
  HaplotypeLayout layout;
  Builder builder(reference, false, layout.segments);
  std::int64_t cursor = start;
  for (std::int64_t i = 0; i < carried.n; ++i) {
    const Edit &edit = carried[i];
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
  layout.first = start;
  layout.last = std::max(cursor, end);
  return layout;
}

std::int64_t total_length(const HaplotypeLayout &layout) {
  std::int64_t length = 0;
  for (const Segment &segment : layout.segments)
    length += segment.length;
  return length;
}

namespace {

void copy_bases(const std::uint8_t *source, std::int64_t length, std::uint8_t *out) {
  if (source == nullptr)
    std::memset(out, 'N', static_cast<std::size_t>(length));
  else if (length == 1)
    *out = *source; // an SNV
  else
    std::memcpy(out, source, static_cast<std::size_t>(length));
}

} // namespace

void write_bases(const HaplotypeLayout &layout, std::uint8_t *out) {
  std::uint8_t *to = out;
  for (const Segment &segment : layout.segments) {
    copy_bases(segment.source, segment.length, to);
    to += segment.length;
  }
  for (const Patch &patch : layout.patches)
    copy_bases(patch.bases, patch.length, out + patch.at);
}

void write_positions(const HaplotypeLayout &layout, std::int64_t *out) {
  for (const Segment &segment : layout.segments)
    for (std::int64_t i = 0; i < segment.length; ++i)
      *out++ = segment.position == kInserted ? -1 : std::max<std::int64_t>(-1, segment.position + i);
}

} // namespace gxfast
