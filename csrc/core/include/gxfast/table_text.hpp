#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gxfast {

/// A column of a table that becomes text. Exactly one of the pointers is set.
struct TextColumn {
  /// Text: row r is `text[offset[r]]` to `text[offset[r + 1]]`.
  const char *text = nullptr;
  const std::int64_t *offset = nullptr;
  const std::int64_t *whole = nullptr;
  /// The shortest text that reads back as the same number, laid out as Python's repr; NaN is empty.
  const double *real = nullptr;
};

/// Appends `n_rows` lines, cells apart by tabs. Throws std::bad_alloc.
void append_table_text(const std::vector<TextColumn> &columns, std::int64_t n_rows, std::string &out);

} // namespace gxfast
