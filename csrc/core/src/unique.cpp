#include "gxfast/unique.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "gxfast/cpu.hpp"

namespace gxfast {
namespace {

constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15ULL;

// The hot loop of deduplication: one multiply per genotype, over all columns of a row at once.
GXFAST_CLONES void mix_row(const std::int8_t *row, std::int64_t n_columns, std::uint64_t *hashes) {
  for (std::int64_t i = 0; i < n_columns; ++i) {
    std::uint64_t h = hashes[i] ^ static_cast<std::uint64_t>(static_cast<std::uint8_t>(row[i]));
    h *= kMultiplier;
    hashes[i] = h ^ (h >> 29);
  }
}

std::vector<std::int8_t> transpose(const std::int8_t *calls, std::int64_t n_rows, std::int64_t n_columns) {
  constexpr std::int64_t tile = 32;
  std::vector<std::int8_t> out(static_cast<std::size_t>(n_rows * n_columns));
  for (std::int64_t r0 = 0; r0 < n_rows; r0 += tile)
    for (std::int64_t c0 = 0; c0 < n_columns; c0 += tile)
      for (std::int64_t r = r0; r < std::min(n_rows, r0 + tile); ++r)
        for (std::int64_t c = c0; c < std::min(n_columns, c0 + tile); ++c)
          out[static_cast<std::size_t>(c * n_rows + r)] = calls[r * n_columns + c];
  return out;
}

} // namespace

UniqueColumns unique_columns(const std::int8_t *calls, std::int64_t n_rows, std::int64_t n_columns) {
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(n_columns), kMultiplier);
  for (std::int64_t r = 0; r < n_rows; ++r)
    mix_row(calls + r * n_columns, n_columns, hashes.data());
  const std::vector<std::int8_t> rows = transpose(calls, n_rows, n_columns);
  const auto width = static_cast<std::size_t>(n_rows);

  UniqueColumns result;
  result.index.resize(static_cast<std::size_t>(n_columns));
  std::unordered_map<std::uint64_t, std::vector<std::int32_t>> by_hash;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n_columns); ++i) {
    std::vector<std::int32_t> &candidates = by_hash[hashes[i]];
    const auto same = [&](std::int32_t id) {
      const auto other = static_cast<std::size_t>(result.first[static_cast<std::size_t>(id)]);
      return width == 0 || std::memcmp(&rows[i * width], &rows[other * width], width) == 0;
    };
    const auto known = std::find_if(candidates.begin(), candidates.end(), same);
    if (known != candidates.end()) {
      result.index[i] = *known;
      continue;
    }
    const auto id = static_cast<std::int32_t>(result.first.size());
    candidates.push_back(id);
    result.index[i] = id;
    result.first.push_back(static_cast<std::int64_t>(i));
    if (width > 0)
      result.columns.insert(result.columns.end(), &rows[i * width], &rows[i * width] + width);
  }
  return result;
}

} // namespace gxfast
