#pragma once

#include <cstdint>

namespace gxfast {

/// The kernels read whole registers: so many bytes past the last class must be readable.
constexpr std::int64_t kReadPast = 64;

/// Letters that a byte is compared with.
constexpr int kMostLetters = 6;

/// What a base is to the one-hot kernels: the channel that is set (0-3), or unknown.
constexpr std::uint8_t kUnknownClass = 4;

/// n rows of four channels: `one` in the channel of the class, 0 elsewhere; `unknown` in all four of an
/// unknown base. With `stream`, stores go past the caches.
template <class Element>
using RowsKernel = void (*)(const std::uint8_t *classes, std::int64_t n, Element one, Element unknown,
                            bool stream, Element *out);

/// The same for one channel: n elements.
template <class Element>
using PlaneKernel = void (*)(const std::uint8_t *classes, std::int64_t n, std::uint8_t channel, Element one,
                             Element unknown, bool stream, Element *out);

/// Both are null where there are no vector instructions: then looking bytes up directly is faster.
template <class Element> struct ClassKernels {
  RowsKernel<Element> rows = nullptr;
  PlaneKernel<Element> plane = nullptr;
};

/// The kernels of one instruction set.
struct KernelSet {
  /// out[k] = table[in[k]], or table[in[n - 1 - k]].
  void (*translate)(const std::uint8_t *in, std::int64_t n, const std::uint8_t *table, bool reverse,
                    std::uint8_t *out);
  /// Whether each of n bytes is one of kMostLetters letters.
  bool (*all_inside)(const std::uint8_t *text, std::int64_t n, const std::uint8_t *letters);
  void (*fill_bytes)(std::uint8_t *out, std::int64_t n, std::uint8_t value, bool stream);
  void (*copy_bytes)(const std::uint8_t *from, std::int64_t n, std::uint8_t *out, bool stream);
  ClassKernels<std::uint8_t> width1;
  ClassKernels<std::uint16_t> width2;
  ClassKernels<std::uint32_t> width4;
  ClassKernels<std::uint64_t> width8;

  template <class Element> const ClassKernels<Element> &of() const {
    if constexpr (sizeof(Element) == 1)
      return width1;
    else if constexpr (sizeof(Element) == 2)
      return width2;
    else if constexpr (sizeof(Element) == 4)
      return width4;
    else
      return width8;
  }
};

/// The kernels for this CPU, or for less than it can do if limit_instruction_set() was called.
const KernelSet &kernel_set();

} // namespace gxfast
