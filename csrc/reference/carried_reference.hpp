#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gxfast::reference {

using Row = std::vector<std::int32_t>;

/// Allele indices of every haplotype (column), one call at a time.
inline std::vector<Row> carried(const std::vector<std::int8_t> &calls, std::size_t n_haplotypes,
                                const std::vector<std::int64_t> &first_allele) {
  std::vector<Row> rows(n_haplotypes);
  for (std::size_t h = 0; h < n_haplotypes; ++h)
    for (std::size_t v = 0; v + 1 < first_allele.size(); ++v)
      if (calls[v * n_haplotypes + h] != 0)
        rows[h].push_back(static_cast<std::int32_t>(first_allele[v] + calls[v * n_haplotypes + h]));
  return rows;
}

/// Index of the first row equal to each row, by comparing every pair.
inline std::vector<std::size_t> first_equal_row(const std::vector<Row> &rows) {
  std::vector<std::size_t> first(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j)
      if (rows[i] == rows[j]) {
        first[i] = j;
        break;
      }
  return first;
}

} // namespace gxfast::reference
