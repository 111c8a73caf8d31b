#include <algorithm>

#include "arrays.hpp"
#include "gxfast/edited_rows.hpp"
#include "gxfast/mutagenesis.hpp"

namespace gxfast::bindings {
namespace {

std::int64_t list_bound(const Array<std::uint8_t> &sequence, std::int64_t start, std::int64_t end,
                        Array<std::int64_t> positions, Array<std::uint8_t> bases) {
  require(0 <= start && start <= end && end <= sequence.size(), "list_saturation_edits: bad range");
  require(positions.size() >= 4 * (end - start) && bases.size() >= 4 * (end - start),
          "list_saturation_edits: no room");
  return list_saturation_edits(sequence.data(), start, end, writable(positions), writable(bases));
}

void write_bound(const Array<std::uint8_t> &sequence, const Array<std::int64_t> &positions,
                 const Array<std::uint8_t> &bases, Array<std::uint8_t> out, int n_threads) {
  const std::int64_t length = sequence.size(), n_edits = positions.size();
  require(bases.size() == n_edits && out.size() == n_edits * length, "write_mutants: shapes do not fit");
  const std::int64_t *at = positions.data();
  for (std::int64_t k = 0; k < n_edits; ++k)
    if (at[k] < 0 || at[k] >= length)
      throw py::index_error("position " + std::to_string(at[k]) + " of edit " + std::to_string(k) +
                            " lies outside the sequence");
  std::uint8_t *target = writable(out);
  const py::gil_scoped_release release;
  write_mutants(sequence.data(), length, at, bases.data(), n_edits, target, n_threads);
}

/// EditedRows with the arrays it points into.
class EditedRowsBound {
public:
  EditedRowsBound(Array<std::uint8_t> sequence, Array<std::uint8_t> table, bool channels_first,
                  Array<std::int64_t> offset, Array<std::int64_t> position, Array<std::uint8_t> base,
                  Array<std::uint8_t> batch)
      : sequence_(std::move(sequence)), table_(std::move(table)), offset_(std::move(offset)),
        position_(std::move(position)), base_(std::move(base)), batch_(std::move(batch)),
        rows_(make(channels_first)) {}

  std::int64_t step() { return rows_.step(); }
  void reset() { rows_.reset(); }

private:
  EditedRows make(bool channels_first) {
    const std::int64_t length = sequence_.size(), element_size = table_.size() / 1024;
    const std::int64_t n = offset_.size() - 1, row_bytes = 4 * length * element_size;
    require(length > 0 && table_.size() % 1024 == 0 &&
                (element_size == 1 || element_size == 2 || element_size == 4 || element_size == 8),
            "EditedRows: the table must have 256 rows of four");
    require(n >= 0 && offset_.data()[0] == 0 && offset_.data()[n] == position_.size() &&
                position_.size() == base_.size() && std::is_sorted(offset_.data(), offset_.data() + n + 1),
            "EditedRows: edits do not fit together");
    require(batch_.size() > 0 && batch_.size() % row_bytes == 0,
            "EditedRows: the batch must hold whole rows");
    for (py::ssize_t e = 0; e < position_.size(); ++e)
      if (position_.data()[e] < 0 || position_.data()[e] >= length)
        throw py::index_error("position " + std::to_string(position_.data()[e]) + " of edit " +
                              std::to_string(e) + " lies outside the sequence");
    return {sequence_.data(),
            length,
            table_.data(),
            static_cast<int>(element_size),
            channels_first ? Layout::NCL : Layout::NLC,
            {n, offset_.data(), position_.data(), base_.data()},
            writable(batch_),
            batch_.size() / row_bytes};
  }

  Array<std::uint8_t> sequence_, table_;
  Array<std::int64_t> offset_, position_;
  Array<std::uint8_t> base_, batch_;
  EditedRows rows_;
};

} // namespace

void bind_mutagenesis(py::module_ &module) {
  using py::arg;
  module.def("list_saturation_edits", &list_bound, arg("sequence").noconvert(), arg("start"), arg("end"),
             arg("positions").noconvert(), arg("bases").noconvert());
  module.def("write_mutants", &write_bound, arg("sequence").noconvert(), arg("positions").noconvert(),
             arg("bases").noconvert(), arg("out").noconvert(), arg("n_threads"));
  py::class_<EditedRowsBound>(module, "EditedRows")
      .def(py::init<Array<std::uint8_t>, Array<std::uint8_t>, bool, Array<std::int64_t>, Array<std::int64_t>,
                    Array<std::uint8_t>, Array<std::uint8_t>>(),
           arg("sequence").noconvert(), arg("table").noconvert(), arg("channels_first"),
           arg("offset").noconvert(), arg("position").noconvert(), arg("base").noconvert(),
           arg("batch").noconvert())
      .def("step", &EditedRowsBound::step)
      .def("reset", &EditedRowsBound::reset);
}

} // namespace gxfast::bindings
