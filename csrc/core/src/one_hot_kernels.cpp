#include "one_hot_kernels.hpp"

#include <algorithm>
#include <cstring>

#include "gxfast/cpu.hpp"
#include "gxfast/memory.hpp"
#include "gxfast/one_hot.hpp"

#if GXFAST_X86
#include <immintrin.h>
#endif

namespace gxfast {
namespace {

void translate_plain(const std::uint8_t *in, std::int64_t n, const std::uint8_t *table, bool reverse,
                     std::uint8_t *out) {
  if (reverse)
    for (std::int64_t k = 0; k < n; ++k)
      out[k] = table[in[n - 1 - k]];
  else
    for (std::int64_t k = 0; k < n; ++k)
      out[k] = table[in[k]];
}

namespace portable {

void translate(const std::uint8_t *in, std::int64_t n, const std::uint8_t *table, bool reverse,
               std::uint8_t *out) {
  translate_plain(in, n, table, reverse, out);
}

void fill_bytes(std::uint8_t *out, std::int64_t n, std::uint8_t value, bool /*stream*/) {
  std::memset(out, value, static_cast<std::size_t>(n));
}

void copy_bytes(const std::uint8_t *from, std::int64_t n, std::uint8_t *out, bool /*stream*/) {
  std::memcpy(out, from, static_cast<std::size_t>(n));
}

} // namespace portable

#if GXFAST_X86
#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2 {
#include "simd/vector_avx2.inl"
//
#include "simd/memory.inl"
#include "simd/rows.inl"
#include "simd/translate_avx2.inl"
//
#include "simd/plane_avx2.inl"
//
#include "simd/dispatch.inl"
} // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512vbmi")
namespace avx512 {
#include "simd/vector_avx512.inl"
//
#include "simd/memory.inl"
#include "simd/rows.inl"
#include "simd/translate_avx512.inl"
//
#include "simd/plane_avx512.inl"
//
#include "simd/dispatch.inl"
} // namespace avx512
#pragma GCC pop_options
#endif

constexpr KernelSet kPortable = {
    portable::translate, portable::fill_bytes, portable::copy_bytes, {}, {}, {}, {}};
#if GXFAST_X86
#define GXFAST_KERNEL_SET(space)                                                                             \
  {                                                                                                          \
    space::translate, space::fill_bytes, space::copy_bytes,                                                  \
        {space::rows<std::uint8_t>, space::plane<std::uint8_t>},                                             \
        {space::rows<std::uint16_t>, space::plane<std::uint16_t>},                                           \
        {space::rows<std::uint32_t>, space::plane<std::uint32_t>}, {                                         \
      space::rows<std::uint64_t>, space::plane<std::uint64_t>                                                \
    }                                                                                                        \
  }
constexpr KernelSet kAvx2 = GXFAST_KERNEL_SET(avx2);
constexpr KernelSet kAvx512 = GXFAST_KERNEL_SET(avx512);
#undef GXFAST_KERNEL_SET
#endif

} // namespace

const KernelSet &kernel_set() {
#if GXFAST_X86
  return chosen(kPortable, kAvx2, kAvx512);
#else
  return kPortable;
#endif
}

void fill_bytes(std::uint8_t *out, std::int64_t n, std::uint8_t value, bool stream) {
  kernel_set().fill_bytes(out, n, value, stream);
  finish_streaming();
}

void copy_bytes(const std::uint8_t *from, std::int64_t n, std::uint8_t *out, bool stream) {
  kernel_set().copy_bytes(from, n, out, stream);
  finish_streaming();
}

void finish_streaming() {
#if GXFAST_X86
  _mm_sfence();
#endif
}

} // namespace gxfast
