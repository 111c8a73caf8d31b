#include "arrays.hpp"
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

} // namespace

void bind_mutagenesis(py::module_ &module) {
  using py::arg;
  module.def("list_saturation_edits", &list_bound, arg("sequence").noconvert(), arg("start"), arg("end"),
             arg("positions").noconvert(), arg("bases").noconvert());
  module.def("write_mutants", &write_bound, arg("sequence").noconvert(), arg("positions").noconvert(),
             arg("bases").noconvert(), arg("out").noconvert(), arg("n_threads"));
}

} // namespace gxfast::bindings
