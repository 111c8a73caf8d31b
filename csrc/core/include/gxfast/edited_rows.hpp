#pragma once

#include <cstdint>
#include <vector>

#include "gxfast/one_hot.hpp"

namespace gxfast {

/// Single-base edits of rows: row k has edits [offset[k], offset[k + 1]). Non-owning.
struct EditList {
  std::int64_t n;
  const std::int64_t *offset;
  const std::int64_t *position;
  const std::uint8_t *base;
};

/// A one-hot batch whose rows all hold one sequence, lent to the edited rows batch by batch: each step takes
/// the last edits back and sets the next ones. Nothing is ever copied, so a row costs what its edits cost.
class EditedRows {
public:
  /// table: (256, 4) elements of `element_size` bytes; batch: (batch_rows, length, 4) or (batch_rows, 4,
  /// length), every row already the encoded `sequence`. All pointers must outlive this object.
  EditedRows(const std::uint8_t *sequence, std::int64_t length, const void *table, int element_size,
             Layout layout, EditList edits, void *batch, std::int64_t batch_rows);

  /// Sets the next rows; returns how many (0 at the end, with everything taken back).
  std::int64_t step();

  /// Takes everything back and starts over.
  void reset();

private:
  /// Writes the edits of the rows that are set, or the sequence's own bases in their place.
  void write_all(bool edited);
  template <class Element> void write_rows(bool edited);
  template <class Element> void write(std::int64_t row, std::int64_t position, std::uint8_t base);

  const std::uint8_t *sequence_;
  std::int64_t length_;
  const void *table_;
  int element_size_;
  Layout layout_;
  EditList edits_;
  void *batch_;
  std::int64_t batch_rows_;
  std::int64_t first_ = 0; ///< first row that is set now
  std::int64_t count_ = 0; ///< how many are
};

} // namespace gxfast
