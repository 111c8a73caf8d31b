#include "arrays.hpp"
#include "gxfast/memory.hpp"

namespace gxfast::bindings {
namespace {

void stream_fill(Array<std::uint8_t> out, std::uint8_t value, bool non_temporal) {
  std::uint8_t *target = writable(out);
  const std::int64_t n = out.size();
  const py::gil_scoped_release release;
  fill_bytes(target, n, value, non_temporal);
}

void stream_copy(const Array<std::uint8_t> &source, Array<std::uint8_t> out, bool non_temporal) {
  require(source.size() == out.size(), "stream_copy: sizes differ");
  std::uint8_t *target = writable(out);
  const std::int64_t n = out.size();
  const py::gil_scoped_release release;
  copy_bytes(source.data(), n, target, non_temporal);
}

} // namespace

void bind_memory(py::module_ &module) {
  using py::arg;
  module.def("stream_fill", &stream_fill, arg("out").noconvert(), arg("value"), arg("non_temporal"));
  module.def("stream_copy", &stream_copy, arg("source").noconvert(), arg("out").noconvert(),
             arg("non_temporal"));
}

} // namespace gxfast::bindings
