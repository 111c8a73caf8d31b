#include "arrays.hpp"
#include "gxfast/one_hot.hpp"

namespace gxfast::bindings {
namespace {

template <class Element>
void one_hot_typed(const Array<std::uint8_t> &sequences, const Array<Element> &table, bool channels_first,
                   bool reverse, bool stream, Array<Element> out, int n_threads) {
  require(sequences.ndim() == 2 && table.size() == 1024 && out.size() == sequences.size() * 4,
          "one_hot: shapes do not fit");
  const std::int64_t n = sequences.shape(0), length = sequences.shape(1);
  Element *target = writable(out);
  const py::gil_scoped_release release;
  one_hot<Element>(sequences.data(), n, length, table.data(), channels_first ? Layout::NCL : Layout::NLC,
                   reverse, stream, target, n_threads);
}

template <class Element> void bind_typed(py::module_ &module) {
  using py::arg;
  module.def("one_hot", &one_hot_typed<Element>, arg("sequences").noconvert(), arg("table").noconvert(),
             arg("channels_first"), arg("reverse"), arg("stream"), arg("out").noconvert(), arg("n_threads"));
}

void translate_bound(const Array<std::uint8_t> &sequences, const Array<std::uint8_t> &table, bool reverse,
                     Array<std::uint8_t> out, int n_threads) {
  require(sequences.ndim() == 2 && table.size() == 256 && out.size() == sequences.size(),
          "translate: shapes do not fit");
  const std::int64_t n = sequences.shape(0), length = sequences.shape(1);
  std::uint8_t *target = writable(out);
  const py::gil_scoped_release release;
  translate(sequences.data(), n, length, table.data(), reverse, target, n_threads);
}

} // namespace

void bind_one_hot(py::module_ &module) {
  using py::arg;
  bind_typed<std::uint8_t>(module);
  bind_typed<std::uint16_t>(module);
  bind_typed<std::uint32_t>(module);
  bind_typed<std::uint64_t>(module);
  module.def("translate", &translate_bound, arg("sequences").noconvert(), arg("table").noconvert(),
             arg("reverse"), arg("out").noconvert(), arg("n_threads"));
}

} // namespace gxfast::bindings
