#pragma once

#include <cstdint>

namespace gxfast {

enum class Layout { NLC, NCL };

/// One-hot rows for every possible byte: `table[byte * 4 + channel]`. Channel order, case folding, unknown
/// bases and IUPAC codes are all decided by whoever fills the table; the kernel only copies.
///
/// Element is an unsigned integer of the width of the output type (1, 2, 4 or 8 bytes), because the kernel
/// moves bit patterns and never computes.
///
/// sequences: (n, length); out: (n, length, 4) for NLC, (n, 4, length) for NCL. With `reverse`, position i
/// of the output reads position length-1-i; the complement is the table's business.
template <class Element>
void one_hot(const std::uint8_t *sequences, std::int64_t n, std::int64_t length, const Element *table,
             Layout layout, bool reverse, Element *out, int n_threads);

/// out[i] = table[sequences[i]], row by row, reversed within the row if asked: reverse complement, codes.
void translate(const std::uint8_t *sequences, std::int64_t n, std::int64_t length, const std::uint8_t *table,
               bool reverse, std::uint8_t *out, int n_threads);

} // namespace gxfast
