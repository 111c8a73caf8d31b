#pragma once

#include <cstdint>
#include <vector>

namespace gxfast {

/// The distinct columns of a matrix, in order of first appearance.
struct UniqueColumns {
  std::vector<std::int32_t> index;  ///< per column: which distinct column it equals
  std::vector<std::int64_t> first;  ///< per distinct column: the first column that has it
  std::vector<std::int8_t> columns; ///< distinct columns as rows, (first.size(), n_rows)
};

/// calls: (n_rows, n_columns), row-major. Equality is exact: hashes only propose, bytes decide.
UniqueColumns unique_columns(const std::int8_t *calls, std::int64_t n_rows, std::int64_t n_columns);

} // namespace gxfast
