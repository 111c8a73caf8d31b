#include "row_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gxfast/cpu.hpp"

#if GXFAST_X86
#include <immintrin.h>
#endif

namespace gxfast::delta {
namespace {

// Accumulators are registers only in loops that are gone.
#define GXFAST_UNROLL _Pragma("GCC unroll 8")

namespace portable {
#define GXFAST_TILE_ROWS 2
#define GXFAST_TILE_PANELS 1
#include "../simd/lanes_portable.inl"
//
#include "../simd/row_kernels.inl"
} // namespace portable
#undef GXFAST_TILE_ROWS
#undef GXFAST_TILE_PANELS

#if GXFAST_X86
// Tiles fill the registers: 6 x 4 of 32, or 6 x (2 x 1) of 16.
#define GXFAST_TILE_ROWS 6
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#define GXFAST_TILE_PANELS 1
#include "../simd/lanes_avx2.inl"
//
#include "../simd/row_kernels.inl"
#undef GXFAST_TILE_PANELS
} // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512vbmi,avx2,fma")
namespace avx512 {
#define GXFAST_TILE_PANELS 4
#include "../simd/lanes_avx512.inl"
//
#include "../simd/row_kernels.inl"
#undef GXFAST_TILE_PANELS
} // namespace avx512
#pragma GCC pop_options
#undef GXFAST_TILE_ROWS
#endif

} // namespace

const RowKernels &row_kernels() {
#if GXFAST_X86
  return chosen(portable::kKernels, avx2::kKernels, avx512::kKernels);
#else
  return portable::kKernels;
#endif
}

} // namespace gxfast::delta
