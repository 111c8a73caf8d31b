// Encoding and checking in one call, for callers whose sequences are short: an argument costs more than a
// base there.

#include <string_view>

#include "arrays.hpp"
#include "gxfast/checks.hpp"
#include "gxfast/one_hot.hpp"

namespace gxfast::bindings {
namespace {

constexpr std::int64_t kNotAscii = -2;

template <class Element>
void encode_as(const std::uint8_t *text, std::int64_t n, const py::array &table, bool stream, py::array &out,
               int n_threads) {
  const auto *rows = static_cast<const Element *>(table.data());
  auto *target = static_cast<Element *>(out.mutable_data());
  if (n < (1 << 12)) {
    one_hot<Element>(text, 1, n, rows, Layout::NLC, false, stream, target, 1);
    return;
  }
  const py::gil_scoped_release release;
  one_hot<Element>(text, 1, n, rows, Layout::NLC, false, stream, target, n_threads);
}

std::int64_t one_hot_text(const py::str &text, const py::bytes &letters, const py::array &table, bool stream,
                          py::array out, int n_threads) {
  if (!PyUnicode_IS_COMPACT_ASCII(text.ptr()))
    return kNotAscii;
  const auto *raw = static_cast<const std::uint8_t *>(PyUnicode_DATA(text.ptr()));
  const std::int64_t n = PyUnicode_GET_LENGTH(text.ptr());
  require(table.size() == 1024 && out.size() == 4 * n && table.itemsize() == out.itemsize() &&
              (table.flags() & py::array::c_style) != 0 && (out.flags() & py::array::c_style) != 0,
          "one_hot_text: arrays do not fit");
  const std::string_view allowed(letters);
  if (!allowed.empty()) {
    const std::int64_t outside = first_outside(raw, n, reinterpret_cast<const std::uint8_t *>(allowed.data()),
                                               static_cast<std::int64_t>(allowed.size()));
    if (outside >= 0)
      return outside;
  }
  switch (out.itemsize()) {
  case 1:
    encode_as<std::uint8_t>(raw, n, table, stream, out, n_threads);
    break;
  case 2:
    encode_as<std::uint16_t>(raw, n, table, stream, out, n_threads);
    break;
  case 4:
    encode_as<std::uint32_t>(raw, n, table, stream, out, n_threads);
    break;
  case 8:
    encode_as<std::uint64_t>(raw, n, table, stream, out, n_threads);
    break;
  default:
    require(false, "one_hot_text: elements of 1, 2, 4 or 8 bytes");
  }
  return -1;
}

template <class Element> OneHotFaults faults_of(const py::array &x, Element one, Element sign) {
  constexpr py::ssize_t width = sizeof(Element);
  for (py::ssize_t axis = 0; axis < 3; ++axis)
    require(x.strides(axis) % width == 0, "one_hot_faults: strides of whole elements");
  const OneHotView<Element> view{static_cast<const Element *>(x.data()),
                                 x.shape(0),
                                 x.shape(1),
                                 x.shape(2),
                                 x.strides(0) / width,
                                 x.strides(1) / width,
                                 x.strides(2) / width};
  if (x.size() < (1 << 12))
    return one_hot_faults(view, one, sign);
  const py::gil_scoped_release release;
  return one_hot_faults(view, one, sign);
}

int one_hot_faults_bound(const py::array &x) {
  require(x.ndim() == 3 && x.shape(1) < 256, "one_hot_faults: three axes, at most 255 channels");
  const char kind = x.dtype().kind();
  const bool floats = kind == 'f';
  require(floats || kind == 'i' || kind == 'u' || kind == 'b', "one_hot_faults: numbers");
  OneHotFaults found;
  const auto width = x.itemsize();
  if (width == 1)
    found = faults_of<std::uint8_t>(x, 1, 0);
  else if (width == 2)
    found = faults_of<std::uint16_t>(x, floats ? 0x3C00 : 1, floats ? 0x8000 : 0);
  else if (width == 4)
    found = faults_of<std::uint32_t>(x, floats ? 0x3F800000U : 1U, floats ? 0x80000000U : 0U);
  else if (width == 8)
    found = faults_of<std::uint64_t>(x, floats ? 0x3FF0000000000000U : 1U, floats ? 0x8000000000000000U : 0U);
  else
    require(false, "one_hot_faults: elements of 1, 2, 4 or 8 bytes");
  return (found.other_value ? 1 : 0) | (found.several ? 2 : 0) | (found.unknown ? 4 : 0);
}

} // namespace

void bind_checks(py::module_ &module) {
  using py::arg;
  module.def("one_hot_text", &one_hot_text, arg("text"), arg("letters"), arg("table").noconvert(),
             arg("stream"), arg("out").noconvert(), arg("n_threads"));
  module.def("one_hot_faults", &one_hot_faults_bound, arg("x").noconvert());
}

} // namespace gxfast::bindings
