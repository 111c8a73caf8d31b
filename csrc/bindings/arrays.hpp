#pragma once

// The only place that turns NumPy arrays into pointers. Shapes and dtypes are checked in Python
// (gxfast/kernels/__init__.py); what is checked again here is only what memory safety needs.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gxfast::bindings {

namespace py = pybind11;

/// Arguments of this type must be bound with .noconvert(): a converted copy of an output would be lost.
template <class T> using Array = py::array_t<T, py::array::c_style>;

template <class T> T *writable(Array<T> &array) { return array.mutable_data(); }

/// Hands a vector's memory to NumPy without a copy.
template <class T> Array<T> to_array(std::vector<T> &&values) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  const py::capsule owner(owned.get(), [](void *memory) { delete static_cast<std::vector<T> *>(memory); });
  const std::vector<T> &kept = *owned.release();
  return Array<T>(static_cast<py::ssize_t>(kept.size()), kept.data(), owner);
}

inline void require(bool condition, const char *what) {
  if (!condition)
    throw std::invalid_argument(std::string("gxfast._kernels: ") + what);
}

} // namespace gxfast::bindings
