// Tables as text against one cell at a time.

#include <string>

#include "gxfast/table_text.hpp"
#include "input.hpp"
#include "table_text_reference.hpp"

namespace {

using namespace gxfast;

double any_number(fuzz::Input &input) {
  if (input.flag())
    return static_cast<double>(input.between(-9999, 9999)) / static_cast<double>(input.between(1, 1000));
  return input.any_real();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t n_rows = input.size(0, 6), n_columns = input.size(0, 4);
  std::vector<std::vector<double>> reals(n_columns);
  std::vector<std::vector<std::int64_t>> wholes(n_columns), offsets(n_columns);
  std::vector<std::string> texts(n_columns), cells(n_rows * n_columns);
  std::vector<TextColumn> columns(n_columns);
  for (std::size_t c = 0; c < n_columns; ++c) {
    const std::int64_t kind = input.between(0, 2);
    offsets[c].push_back(0);
    for (std::size_t r = 0; r < n_rows; ++r) {
      std::string &cell = cells[r * n_columns + c];
      if (kind == 0) {
        reals[c].push_back(any_number(input));
        cell = reference::number_text(reals[c].back());
      } else if (kind == 1) {
        wholes[c].push_back(input.any());
        cell = std::to_string(wholes[c].back());
      } else {
        cell.assign(input.size(0, 40), static_cast<char>('A' + input.byte() % 26));
        texts[c] += cell;
        offsets[c].push_back(static_cast<std::int64_t>(texts[c].size()));
      }
    }
    columns[c].real = kind == 0 ? reals[c].data() : nullptr;
    columns[c].whole = kind == 1 ? wholes[c].data() : nullptr;
    columns[c].text = kind == 2 ? texts[c].data() : nullptr;
    columns[c].offset = kind == 2 ? offsets[c].data() : nullptr;
  }
  std::string expected = "x", found = "x";
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (std::size_t c = 0; c < n_columns; ++c)
      expected += (c == 0 ? "" : "\t") + cells[r * n_columns + c];
    expected += '\n';
  }
  if (n_rows > 0)
    append_table_text(columns, static_cast<std::int64_t>(n_rows), found);
  EXPECT(found == expected);
  return 0;
}
