#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace gxfast::reference {

/// One VCF record; a haplotype carries one of its alleles.
struct Record {
  std::int64_t position;
  std::int64_t ref_length;
  std::vector<std::string> alleles; ///< REF first; REF may be shorter than ref_length (symbolic records)
};

struct Base {
  char letter;
  std::int64_t position; ///< -1 if inserted
};

inline bool keeps_first_base(const Record &record, const std::string &alt) {
  return static_cast<std::int64_t>(alt.size()) != record.ref_length && !alt.empty() &&
         !record.alleles[0].empty() && alt[0] == record.alleles[0][0];
}

/// Keeps its first base, and one of the two texts is the other with a stretch cut out.
inline bool is_pure_indel(const Record &record, const std::string &alt) {
  const std::string &ref = record.alleles[0];
  if (!keeps_first_base(record, alt) || static_cast<std::int64_t>(ref.size()) != record.ref_length)
    return keeps_first_base(record, alt) && alt.size() == 1;
  const std::string &longer = ref.size() > alt.size() ? ref : alt,
                    &shorter = ref.size() > alt.size() ? alt : ref;
  for (std::size_t at = 1; at <= shorter.size(); ++at)
    if (std::string(longer).erase(at, longer.size() - shorter.size()) == shorter)
      return true;
  return false;
}

/// First record wins, tracked base by base: `taken` holds the reference positions that are spoken for.
inline std::int64_t resolve_overlaps(const std::vector<Record> &records, std::vector<std::int8_t> &alleles) {
  std::int64_t skipped = 0;
  std::vector<std::int64_t> taken;
  bool inserted = false; // whether the last applied record was longer than its reference
  for (std::size_t v = 0; v < records.size(); ++v) {
    if (alleles[v] == 0)
      continue;
    const Record &record = records[v];
    const std::string &alt = record.alleles[static_cast<std::size_t>(alleles[v])];
    const std::int64_t last = taken.empty() ? INT64_MIN : taken.back();
    const bool after = record.position > last;
    const bool on_last_base = record.position == last && is_pure_indel(record, alt) && !inserted;
    if (!after && !on_last_base) {
      alleles[v] = 0;
      ++skipped;
      continue;
    }
    for (std::int64_t p = record.position; p < record.position + record.ref_length; ++p)
      taken.push_back(p);
    inserted = static_cast<std::int64_t>(alt.size()) > record.ref_length;
  }
  return skipped;
}

/// The whole personal sequence of [begin, end): walk the reference, replacing as records come along.
inline std::vector<Base> personal_sequence(const std::vector<Record> &records,
                                           const std::vector<std::int8_t> &alleles,
                                           const std::string &reference, std::int64_t reference_start,
                                           std::int64_t begin, std::int64_t end) {
  std::vector<Base> out;
  std::int64_t cursor = begin;
  const auto copy_to = [&](std::int64_t stop) {
    for (; cursor < stop; ++cursor) {
      const std::int64_t at = cursor - reference_start;
      const bool inside = at >= 0 && at < static_cast<std::int64_t>(reference.size());
      out.push_back({inside ? reference[static_cast<std::size_t>(at)] : 'N', cursor});
    }
  };
  for (std::size_t v = 0; v < records.size(); ++v) {
    if (alleles[v] == 0)
      continue;
    const Record &record = records[v];
    std::string alt = record.alleles[static_cast<std::size_t>(alleles[v])];
    std::int64_t start = record.position;
    if (keeps_first_base(record, alt)) {
      alt.erase(0, 1);
      ++start;
    }
    const std::int64_t stop = record.position + record.ref_length;
    copy_to(start);
    for (std::size_t i = 0; i < alt.size(); ++i) {
      const std::int64_t place = start + static_cast<std::int64_t>(i);
      out.push_back({alt[i], place < stop ? place : -1});
    }
    cursor = stop;
  }
  copy_to(end);
  return out;
}

struct Anchored {
  std::vector<Base> bases;
  bool anchor_deleted;
};

/// Cuts `left` bases before the anchor base and `right` from it on; a deleted anchor hands over to what
/// follows its deletion.
inline Anchored anchored(const std::vector<Record> &records, const std::vector<std::int8_t> &alleles,
                         const std::string &reference, std::int64_t reference_start, std::int64_t anchor,
                         std::int64_t left, std::int64_t right) {
  std::int64_t reach = left + right + 1;
  std::int64_t low = anchor, high = anchor;
  for (const Record &record : records) {
    reach += record.ref_length;
    low = std::min(low, record.position);
    high = std::max(high, record.position + record.ref_length);
  }
  const std::vector<Base> all =
      personal_sequence(records, alleles, reference, reference_start, low - reach, high + reach);
  std::size_t at = 0;
  while (at < all.size() && all[at].position != anchor)
    ++at;
  const bool deleted = at == all.size();
  for (std::size_t v = 0; deleted && v < records.size(); ++v) {
    if (alleles[v] == 0)
      continue;
    const Record &record = records[v];
    const bool kept = keeps_first_base(record, record.alleles[static_cast<std::size_t>(alleles[v])]);
    const std::int64_t stop = record.position + record.ref_length;
    if (record.position + (kept ? 1 : 0) > anchor || anchor >= stop)
      continue;
    // What comes after this record is what the model reads at the anchor's index.
    const std::vector<Record> upto(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(v) + 1);
    at = personal_sequence(upto, alleles, reference, reference_start, low - reach, stop).size();
    break;
  }
  Anchored cut{{}, deleted};
  const auto first = static_cast<std::ptrdiff_t>(at) - static_cast<std::ptrdiff_t>(left);
  cut.bases.assign(all.begin() + first, all.begin() + first + static_cast<std::ptrdiff_t>(left + right));
  return cut;
}

} // namespace gxfast::reference
