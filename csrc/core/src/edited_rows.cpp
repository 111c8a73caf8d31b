#include "gxfast/edited_rows.hpp"

#include <algorithm>
#include <cstring>

namespace gxfast {

EditedRows::EditedRows(const std::uint8_t *sequence, std::int64_t length, const void *table, int element_size,
                       Layout layout, EditList edits, void *batch, std::int64_t batch_rows)
    : sequence_(sequence), length_(length), table_(table), element_size_(element_size), layout_(layout),
      edits_(edits), batch_(batch), batch_rows_(batch_rows) {}

template <class Element> void EditedRows::write(std::int64_t row, std::int64_t position, std::uint8_t base) {
  const Element *values = static_cast<const Element *>(table_) + 4 * base;
  Element *out = static_cast<Element *>(batch_) + 4 * row * length_;
  if (layout_ == Layout::NLC)
    std::memcpy(out + 4 * position, values, 4 * sizeof(Element));
  else
    for (std::int64_t c = 0; c < 4; ++c)
      out[c * length_ + position] = values[c];
}

template <class Element> void EditedRows::write_rows(bool edited) {
  for (std::int64_t k = 0; k < count_; ++k)
    for (std::int64_t e = edits_.offset[first_ + k]; e < edits_.offset[first_ + k + 1]; ++e)
      write<Element>(k, edits_.position[e], edited ? edits_.base[e] : sequence_[edits_.position[e]]);
}

void EditedRows::write_all(bool edited) {
  switch (element_size_) {
  case 1:
    return write_rows<std::uint8_t>(edited);
  case 2:
    return write_rows<std::uint16_t>(edited);
  case 4:
    return write_rows<std::uint32_t>(edited);
  default:
    return write_rows<std::uint64_t>(edited);
  }
}

std::int64_t EditedRows::step() {
  write_all(false);
  first_ += count_;
  count_ = std::min(batch_rows_, edits_.n - first_);
  write_all(true);
  return count_;
}

void EditedRows::reset() {
  write_all(false);
  first_ = 0;
  count_ = 0;
}

} // namespace gxfast
