#pragma once

#include <cstdint>

namespace gxfast {

/// Lists the single-base edits of positions [start, end) of one sequence (upper-case letters): three per
/// known base, in the order A, C, G, T without the base that is already there; four where the base is not one
/// of them. positions, bases: room for 4 * (end - start). Returns how many were written.
std::int64_t list_saturation_edits(const std::uint8_t *sequence, std::int64_t start, std::int64_t end,
                                   std::int64_t *positions, std::uint8_t *bases);

/// out: (n_edits, length). Row k is `sequence` with position positions[k] set to bases[k].
void write_mutants(const std::uint8_t *sequence, std::int64_t length, const std::int64_t *positions,
                   const std::uint8_t *bases, std::int64_t n_edits, std::uint8_t *out, int n_threads);

} // namespace gxfast
