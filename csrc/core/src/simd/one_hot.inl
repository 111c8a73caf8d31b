// What one_hot_kernels.hpp asks for.

inline void translate_plain(const std::uint8_t *in, std::int64_t n, const std::uint8_t *table, bool reverse,
                            std::uint8_t *out) {
  if (reverse)
    for (std::int64_t k = 0; k < n; ++k)
      out[k] = table[in[n - 1 - k]];
  else
    for (std::int64_t k = 0; k < n; ++k)
      out[k] = table[in[k]];
}

inline bool all_inside_plain(const std::uint8_t *text, std::int64_t n, const std::uint8_t *letters) {
  for (std::int64_t i = 0; i < n; ++i) {
    bool inside = false;
    for (int k = 0; k < kMostLetters; ++k)
      inside |= text[i] == letters[k];
    if (!inside)
      return false;
  }
  return true;
}

#if GXFAST_VECTORS
#include GXFAST_OF_SET(vector)
//
#include "memory.inl"
#include "rows.inl"
//
#include GXFAST_OF_SET(translate)
//
#include GXFAST_OF_SET(plane)
//
#include "inside.inl"
//
#include "dispatch.inl"

template <class Element> constexpr ClassKernels<Element> kClassKernels = {rows<Element>, plane<Element>};
#else
constexpr auto translate = translate_plain;
constexpr auto all_inside = all_inside_plain;

inline void fill_bytes(std::uint8_t *out, std::int64_t n, std::uint8_t value, bool /*stream*/) {
  std::memset(out, value, static_cast<std::size_t>(n));
}

inline void copy_bytes(const std::uint8_t *from, std::int64_t n, std::uint8_t *out, bool /*stream*/) {
  std::memcpy(out, from, static_cast<std::size_t>(n));
}

template <class Element> constexpr ClassKernels<Element> kClassKernels = {};
#endif

constexpr KernelSet kKernels = {translate,
                                all_inside,
                                fill_bytes,
                                copy_bytes,
                                kClassKernels<std::uint8_t>,
                                kClassKernels<std::uint16_t>,
                                kClassKernels<std::uint32_t>,
                                kClassKernels<std::uint64_t>};
