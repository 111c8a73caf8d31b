#include "kernels.hpp"

#include "gxfast/cpu.hpp"

namespace gxfast::stats {
namespace {

constexpr std::int64_t kLanes = 16;
using Lanes = double[kLanes];

namespace portable {
#include "../simd/moments.inl"
} // namespace portable

#if GXFAST_X86
#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2 {
#include "../simd/moments.inl"
} // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,prefer-vector-width=512")
namespace avx512 {
#include "../simd/moments.inl"
} // namespace avx512
#pragma GCC pop_options
#endif

} // namespace

const StatsKernels &stats_kernels() {
#if GXFAST_X86
  return chosen(portable::kKernels, avx2::kKernels, avx512::kKernels);
#else
  return portable::kKernels;
#endif
}

} // namespace gxfast::stats
