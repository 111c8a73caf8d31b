#include <algorithm>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "gxfast/table_text.hpp"

namespace gxfast::bindings {
namespace {

using Text = Array<std::uint8_t>;
using Offset = Array<std::int64_t>;

/// A pair (text, offset), whole numbers, or real ones; what it points to is kept alive by `column`.
TextColumn column_of(const py::handle &column, std::int64_t n_rows) {
  TextColumn found;
  if (py::isinstance<py::tuple>(column)) {
    const auto pair = py::reinterpret_borrow<py::tuple>(column);
    require(pair.size() == 2 && py::isinstance<Text>(pair[0]) && py::isinstance<Offset>(pair[1]),
            "table_text: a column of text is uint8 letters and int64 offsets");
    const auto text = py::reinterpret_borrow<Text>(pair[0]);
    const auto offset = py::reinterpret_borrow<Offset>(pair[1]);
    require(offset.size() == n_rows + 1, "table_text: offsets do not fit");
    found.offset = offset.data();
    require(found.offset[0] >= 0 && std::is_sorted(found.offset, found.offset + n_rows + 1) &&
                found.offset[n_rows] <= text.size(),
            "table_text: offsets lie outside the text");
    found.text = reinterpret_cast<const char *>(text.data());
  } else if (py::isinstance<Offset>(column)) {
    const auto whole = py::reinterpret_borrow<Offset>(column);
    require(whole.size() == n_rows, "table_text: columns differ in length");
    found.whole = whole.data();
  } else {
    require(py::isinstance<Array<double>>(column), "table_text: a column is int64, float64 or a pair");
    const auto real = py::reinterpret_borrow<Array<double>>(column);
    require(real.size() == n_rows, "table_text: columns differ in length");
    found.real = real.data();
  }
  return found;
}

py::bytes table_text(const py::list &columns, std::int64_t n_rows) {
  require(n_rows >= 0, "table_text: rows");
  std::vector<TextColumn> found;
  for (const py::handle column : columns)
    found.push_back(column_of(column, n_rows));
  std::string out;
  {
    const py::gil_scoped_release release;
    append_table_text(found, n_rows, out);
  }
  return py::bytes(out);
}

} // namespace

void bind_table_text(py::module_ &module) {
  module.def("table_text", &table_text, py::arg("columns"), py::arg("n_rows"));
}

} // namespace gxfast::bindings
