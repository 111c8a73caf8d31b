#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gxfast::reference {

/// out[n][i][c] (or out[n][c][i]) = table[byte][c], one element at a time.
template <class Element>
std::vector<Element> one_hot(const std::vector<std::uint8_t> &sequences, std::size_t n, std::size_t length,
                             const std::vector<Element> &table, bool channels_first, bool reverse) {
  std::vector<Element> out(n * length * 4);
  for (std::size_t row = 0; row < n; ++row)
    for (std::size_t i = 0; i < length; ++i)
      for (std::size_t c = 0; c < 4; ++c) {
        const std::size_t from = reverse ? length - 1 - i : i;
        const std::size_t to = channels_first ? (row * 4 + c) * length + i : (row * length + i) * 4 + c;
        out[to] = table[std::size_t{4} * sequences[row * length + from] + c];
      }
  return out;
}

} // namespace gxfast::reference
