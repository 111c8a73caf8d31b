#include "kernels.hpp"

#include "gxfast/cpu.hpp"

#if GXFAST_X86
#include <immintrin.h>
#endif

namespace gxfast::association {
namespace {

namespace portable {
struct Numbers {
  double v[kLanes];
};
constexpr int kRowsTogether = 1;
inline Numbers zero() { return {}; }
inline Numbers load(const double *from) {
  Numbers out;
  for (int i = 0; i < kLanes; ++i)
    out.v[i] = from[i];
  return out;
}
inline Numbers fill(double x) {
  Numbers out;
  for (double &value : out.v)
    value = x;
  return out;
}
inline void store(const Numbers &a, double *to) {
  for (int i = 0; i < kLanes; ++i)
    to[i] = a.v[i];
}
inline Numbers multiply_add(const Numbers &a, const Numbers &b, Numbers c) {
  for (int i = 0; i < kLanes; ++i)
    c.v[i] += a.v[i] * b.v[i];
  return c;
}
#include "../simd/tile_products.inl"
} // namespace portable

#if GXFAST_X86
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
struct Numbers {
  __m256d low, high;
};
constexpr int kRowsTogether = 2;
inline Numbers zero() { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
inline Numbers load(const double *from) { return {_mm256_loadu_pd(from), _mm256_loadu_pd(from + 4)}; }
inline Numbers fill(double x) { return {_mm256_set1_pd(x), _mm256_set1_pd(x)}; }
inline void store(Numbers a, double *to) {
  _mm256_storeu_pd(to, a.low);
  _mm256_storeu_pd(to + 4, a.high);
}
inline Numbers multiply_add(Numbers a, Numbers b, Numbers c) {
  return {_mm256_fmadd_pd(a.low, b.low, c.low), _mm256_fmadd_pd(a.high, b.high, c.high)};
}
#include "../simd/tile_products.inl"
} // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,prefer-vector-width=512")
namespace avx512 {
using Numbers = __m512d;
constexpr int kRowsTogether = 8;
inline Numbers zero() { return _mm512_setzero_pd(); }
inline Numbers load(const double *from) { return _mm512_loadu_pd(from); }
inline Numbers fill(double x) { return _mm512_set1_pd(x); }
inline void store(Numbers a, double *to) { _mm512_storeu_pd(to, a); }
inline Numbers multiply_add(Numbers a, Numbers b, Numbers c) { return _mm512_fmadd_pd(a, b, c); }
#include "../simd/tile_products.inl"
} // namespace avx512
#pragma GCC pop_options
#endif

} // namespace

const Kernels &kernels() {
#if GXFAST_X86
  switch (instruction_set()) {
  case InstructionSet::Avx512:
    return avx512::kKernels;
  case InstructionSet::Avx2:
    return avx2::kKernels;
  case InstructionSet::Portable:
    break;
  }
#endif
  return portable::kKernels;
}

} // namespace gxfast::association
