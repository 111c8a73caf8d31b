#include "gxfast/mutagenesis.hpp"

#include <cstring>

#include "gxfast/parallel.hpp"

namespace gxfast {

std::int64_t list_saturation_edits(const std::uint8_t *sequence, std::int64_t start, std::int64_t end,
                                   std::int64_t *positions, std::uint8_t *bases) {
  std::int64_t n = 0;
  for (std::int64_t i = start; i < end; ++i)
    for (const char base : {'A', 'C', 'G', 'T'}) {
      if (sequence[i] == static_cast<std::uint8_t>(base))
        continue;
      positions[n] = i;
      bases[n] = static_cast<std::uint8_t>(base);
      ++n;
    }
  return n;
}

void write_mutants(const std::uint8_t *sequence, std::int64_t length, const std::int64_t *positions,
                   const std::uint8_t *bases, std::int64_t n_edits, std::uint8_t *out, int n_threads) {
  if (length == 0)
    return;
  parallel_for(n_edits, 16, n_threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      std::uint8_t *row = out + k * length;
      std::memcpy(row, sequence, static_cast<std::size_t>(length));
      row[positions[k]] = bases[k];
    }
  });
}

} // namespace gxfast
