#pragma once

#include <array>
#include <cstdint>

namespace gxfast {

enum class Layout { NLC, NCL };

/// One-hot rows for every possible byte: `table[byte * 4 + channel]`. Channel order, case folding, unknown
/// bases and IUPAC codes are all decided by whoever fills the table; the kernel only copies.
///
/// Element is an unsigned integer of the width of the output type (1, 2, 4 or 8 bytes), because the kernel
/// moves bit patterns and never computes.
template <class Element> class OneHotTable {
public:
  explicit OneHotTable(const Element *table);

  /// Positions [begin, end) of one sequence: out is (length, 4) for NLC, (4, length) for NCL. With `reverse`,
  /// position i of the output reads position length-1-i; the complement is the table's business. `stream`
  /// writes past the caches: faster where the output is much larger than they are, slower where it is read
  /// soon. The caller then calls finish_streaming() on the same thread.
  void encode(const std::uint8_t *sequence, std::int64_t length, std::int64_t begin, std::int64_t end,
              Layout layout, bool reverse, bool stream, Element *out) const;

  /// A piece of a sequence of `length` bases whose letters are at hand: `n` of them (at most kBlock), which
  /// become positions [position, position + n) of the output.
  void encode_piece(const std::uint8_t *letters, std::int64_t n, std::int64_t position, std::int64_t length,
                    Layout layout, bool reverse, bool stream, Element *out) const;

  /// Bases of a piece that stay in L1 while they are expanded, once or (NCL) four times.
  static constexpr std::int64_t kBlock = 8192 / static_cast<std::int64_t>(sizeof(Element));

  /// One base, as a row of four channels.
  const Element *row(std::uint8_t base) const { return table_.data() + 4 * base; }

private:
  void encode_any(const std::uint8_t *letters, std::int64_t n, std::int64_t position, std::int64_t length,
                  Layout layout, bool reverse, Element *out) const;
  bool find_classes();

  std::array<Element, 1024> table_;
  // Nearly all tables are of one kind: `one_` in a single channel per base, or `unknown_` in all four. Then a
  // base is one of five classes, which vector instructions expand without looking anything up.
  bool has_classes_;
  std::array<std::uint8_t, 256> class_of_{};
  Element one_ = 0;
  Element unknown_ = 0;
};

/// sequences: (n, length); out: (n, length, 4) for NLC, (n, 4, length) for NCL.
template <class Element>
void one_hot(const std::uint8_t *sequences, std::int64_t n, std::int64_t length, const Element *table,
             Layout layout, bool reverse, bool stream, Element *out, int n_threads);

/// Makes streamed output visible to other threads before they are told of it.
void finish_streaming();

/// out[i] = table[sequences[i]], row by row, reversed within the row if asked: reverse complement, codes.
void translate(const std::uint8_t *sequences, std::int64_t n, std::int64_t length, const std::uint8_t *table,
               bool reverse, std::uint8_t *out, int n_threads);

} // namespace gxfast
