#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gxfast::reference {

/// Index of the first column equal to each column, by comparing every pair.
inline std::vector<std::size_t> first_equal_column(const std::vector<std::int8_t> &calls, std::size_t n_rows,
                                                   std::size_t n_columns) {
  std::vector<std::size_t> first(n_columns);
  for (std::size_t i = 0; i < n_columns; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      bool equal = true;
      for (std::size_t r = 0; r < n_rows; ++r)
        equal = equal && calls[r * n_columns + i] == calls[r * n_columns + j];
      if (equal) {
        first[i] = j;
        break;
      }
    }
  return first;
}

} // namespace gxfast::reference
