#pragma once

#include <cstdint>
#include <vector>

#include "gxfast/haplotype.hpp"

namespace gxfast {

/// Rows of ascending allele indices, one row per haplotype: offset (n + 1), values (offset[n]). Non-owning.
struct Rows {
  std::int64_t n;
  const std::int64_t *offset;
  const std::int32_t *values;
};

struct OwnedRows {
  std::vector<std::int64_t> offset{0};
  std::vector<std::int32_t> values;

  Rows view() const { return {static_cast<std::int64_t>(offset.size()) - 1, offset.data(), values.data()}; }
};

/// What each haplotype carries, from a dense matrix. calls: (n_variants, n_haplotypes) allele numbers, 0 =
/// reference, never negative; first_allele: (n_variants + 1).
OwnedRows carried_alleles(const std::int8_t *calls, std::int64_t n_variants, std::int64_t n_haplotypes,
                          const std::int64_t *first_allele);

struct UniqueRows {
  std::vector<std::int32_t> index; ///< per row: which distinct row it equals
  std::vector<std::int64_t> first; ///< per distinct row: the first row that has it
};

/// The distinct rows, in order of first appearance. Equality is exact: hashes only propose, values decide.
UniqueRows unique_rows(const Rows &rows);

/// The alleles of some rows that touch reference interval [low, high), in order. Rows of a whole contig are
/// too long to be checked first: std::out_of_range where an allele that is looked at is none of the table.
OwnedRows rows_in_window(const Rows &rows, const Edits &edits, const std::int64_t *chosen,
                         std::int64_t n_chosen, std::int64_t low, std::int64_t high);

/// Rows of several parts (of equal n) end to end, with shifts[p] added to the values of part p.
OwnedRows join_rows(const std::vector<Rows> &parts, const std::int64_t *shifts);

/// resolve_overlaps() for every row.
OwnedRows resolve_rows(const Rows &rows, const Edits &edits);

} // namespace gxfast
