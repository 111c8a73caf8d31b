// Compiles the file GXFAST_KERNELS once per instruction set, each time in a namespace of its own inside
// GXFAST_SPACE; it defines `kKernels`. All sets must give the same bits, so a longer list of instructions
// here changes speed only: products and sums are never contracted (-ffp-contract=off).
//
// Included outside all namespaces. In GXFAST_KERNELS, `#include GXFAST_OF_SET(name)` is name_<set>.inl, and
// GXFAST_VECTORS is 0 in the portable set.

#include "gxfast/cpu.hpp"

#if GXFAST_X86
#include <immintrin.h>
#endif

#define GXFAST_TEXT(name) #name
#define GXFAST_FILE(name) GXFAST_TEXT(name)

namespace GXFAST_SPACE {
namespace {

namespace portable {
#define GXFAST_OF_SET(name) GXFAST_FILE(name##_portable.inl)
#define GXFAST_VECTORS 0
#include GXFAST_KERNELS
#undef GXFAST_OF_SET
#undef GXFAST_VECTORS
} // namespace portable

#if GXFAST_X86
#define GXFAST_VECTORS 1
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#define GXFAST_OF_SET(name) GXFAST_FILE(name##_avx2.inl)
#include GXFAST_KERNELS
#undef GXFAST_OF_SET
} // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512vl,avx512vbmi,prefer-vector-width=512")
namespace avx512 {
#define GXFAST_OF_SET(name) GXFAST_FILE(name##_avx512.inl)
#include GXFAST_KERNELS
#undef GXFAST_OF_SET
} // namespace avx512
#pragma GCC pop_options
#undef GXFAST_VECTORS
#endif

const auto &chosen_kernels() {
#if GXFAST_X86
  return chosen(portable::kKernels, avx2::kKernels, avx512::kKernels);
#else
  return portable::kKernels;
#endif
}

} // namespace
} // namespace GXFAST_SPACE

#undef GXFAST_TEXT
#undef GXFAST_FILE
