#include "gxfast/carried.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "gxfast/cpu.hpp"

namespace gxfast {
namespace {

constexpr std::int64_t kWord = 8; // calls looked at together

GXFAST_CLONES void count_row(const std::int8_t *row, std::int64_t n, std::int32_t *counts) {
  for (std::int64_t h = 0; h < n; ++h)
    counts[h] += row[h] != 0;
}

/// Calls `found(index)` for every non-zero call of a row.
template <class Found> void for_each_alternative(const std::int8_t *row, std::int64_t n, const Found &found) {
  constexpr std::uint64_t kTopBits = 0x8080808080808080ULL;
  std::int64_t h = 0;
  for (; h + kWord <= n; h += kWord) {
    std::uint64_t word;
    std::memcpy(&word, row + h, sizeof word);
    // Where any bit of a byte but the top one is set, the sum has the top one; no byte carries into the next.
    for (std::uint64_t set = (((word & ~kTopBits) + ~kTopBits) | word) & kTopBits; set != 0; set &= set - 1)
      found(h + __builtin_ctzll(set) / 8);
  }
  for (; h < n; ++h)
    if (row[h] != 0)
      found(h);
}

std::uint64_t hash_of(const std::int32_t *begin, const std::int32_t *end) {
  std::uint64_t hash = 0x9E3779B97F4A7C15ULL;
  for (; begin != end; ++begin) {
    hash = (hash ^ static_cast<std::uint32_t>(*begin)) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  return hash;
}

} // namespace

OwnedRows carried_alleles(const std::int8_t *calls, std::int64_t n_variants, std::int64_t n_haplotypes,
                          const std::int64_t *first_allele) {
  const auto width = static_cast<std::size_t>(n_haplotypes);
  std::vector<std::int32_t> counts(width, 0);
  for (std::int64_t v = 0; v < n_variants; ++v)
    count_row(calls + v * n_haplotypes, n_haplotypes, counts.data());
  OwnedRows rows;
  rows.offset.resize(width + 1);
  for (std::size_t h = 0; h < width; ++h)
    rows.offset[h + 1] = rows.offset[h] + counts[h];
  std::vector<std::int64_t> next(rows.offset.begin(), rows.offset.end() - 1);
  rows.values.resize(static_cast<std::size_t>(rows.offset.back()));
  for (std::int64_t v = 0; v < n_variants; ++v) {
    const std::int8_t *row = calls + v * n_haplotypes;
    for_each_alternative(row, n_haplotypes, [&](std::int64_t h) {
      const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(h)]++);
      rows.values[at] = static_cast<std::int32_t>(first_allele[v] + row[h]);
    });
  }
  return rows;
}

UniqueRows unique_rows(const Rows &rows) {
  UniqueRows found;
  found.index.resize(static_cast<std::size_t>(rows.n));
  std::unordered_map<std::uint64_t, std::vector<std::int32_t>> by_hash;
  const auto begin_of = [&](std::int64_t row) { return rows.values + rows.offset[row]; };
  const auto end_of = [&](std::int64_t row) { return rows.values + rows.offset[row + 1]; };
  for (std::int64_t row = 0; row < rows.n; ++row) {
    std::vector<std::int32_t> &candidates = by_hash[hash_of(begin_of(row), end_of(row))];
    const auto same = [&](std::int32_t id) {
      const std::int64_t other = found.first[static_cast<std::size_t>(id)];
      return std::equal(begin_of(row), end_of(row), begin_of(other), end_of(other));
    };
    const auto known = std::find_if(candidates.begin(), candidates.end(), same);
    std::int32_t id = known == candidates.end() ? static_cast<std::int32_t>(found.first.size()) : *known;
    if (known == candidates.end()) {
      candidates.push_back(id);
      found.first.push_back(row);
    }
    found.index[static_cast<std::size_t>(row)] = id;
  }
  return found;
}

OwnedRows rows_in_window(const Rows &rows, const Edits &edits, const std::int64_t *chosen,
                         std::int64_t n_chosen, std::int64_t low, std::int64_t high) {
  OwnedRows out;
  for (std::int64_t i = 0; i < n_chosen; ++i) {
    const std::int32_t *end = rows.values + rows.offset[chosen[i] + 1];
    // Records are sorted by position, not by end: start where the longest one could still reach the window.
    const std::int32_t *at =
        std::partition_point(rows.values + rows.offset[chosen[i]], end, [&](std::int32_t allele) {
          return edits.at(allele).position + edits.longest() <= low;
        });
    for (; at != end && edits.at(*at).position < high; ++at)
      if (edits[*at].end > low)
        out.values.push_back(*at);
    out.offset.push_back(static_cast<std::int64_t>(out.values.size()));
  }
  return out;
}

OwnedRows join_rows(const std::vector<Rows> &parts, const std::int64_t *shifts) {
  const std::int64_t n = parts.empty() ? 0 : parts[0].n;
  OwnedRows out;
  out.offset.resize(static_cast<std::size_t>(n) + 1);
  for (std::int64_t row = 0; row < n; ++row) {
    std::int64_t length = 0;
    for (const Rows &part : parts)
      length += part.offset[row + 1] - part.offset[row];
    out.offset[static_cast<std::size_t>(row) + 1] = out.offset[static_cast<std::size_t>(row)] + length;
  }
  out.values.resize(static_cast<std::size_t>(out.offset.back()));
  std::int32_t *to = out.values.data();
  for (std::int64_t row = 0; row < n; ++row)
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const auto shift = static_cast<std::uint32_t>(shifts[p]);
      to = std::transform(parts[p].values + parts[p].offset[row], parts[p].values + parts[p].offset[row + 1],
                          to, [&](std::int32_t allele) {
                            return static_cast<std::int32_t>(static_cast<std::uint32_t>(allele) + shift);
                          });
    }
  return out;
}

OwnedRows resolve_rows(const Rows &rows, const Edits &edits) {
  OwnedRows out;
  for (std::int64_t row = 0; row < rows.n; ++row) {
    const std::size_t begin = out.values.size();
    out.values.insert(out.values.end(), rows.values + rows.offset[row], rows.values + rows.offset[row + 1]);
    const std::int64_t kept = resolve_overlaps(edits, out.values.data() + begin,
                                               static_cast<std::int64_t>(out.values.size() - begin));
    out.values.resize(begin + static_cast<std::size_t>(kept));
    out.offset.push_back(static_cast<std::int64_t>(out.values.size()));
  }
  return out;
}

} // namespace gxfast
