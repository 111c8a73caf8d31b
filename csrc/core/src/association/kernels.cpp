#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "gxfast/cpu.hpp"

#if GXFAST_X86
#include <immintrin.h>
#endif

namespace gxfast::association {
namespace {

namespace portable {
/// 64 bytes of doubles or floats.
template <class T> struct Values {
  T v[64 / sizeof(T)];
};
using Numbers = Values<double>;
using Floats = Values<float>;
constexpr int kRowsTogether = 1;
inline Numbers zero() { return {}; }
inline Floats zero_floats() { return {}; }
template <class T> Values<T> load(const T *from) {
  Values<T> out;
  std::copy_n(from, std::size(out.v), out.v);
  return out;
}
template <class T> Values<T> fill(T x) {
  Values<T> out;
  std::fill(std::begin(out.v), std::end(out.v), x);
  return out;
}
template <class T> void store(const Values<T> &a, T *to) { std::copy(std::begin(a.v), std::end(a.v), to); }
template <class T> Values<T> multiply_add(const Values<T> &a, const Values<T> &b, Values<T> c) {
  for (std::size_t i = 0; i < std::size(c.v); ++i)
    c.v[i] += a.v[i] * b.v[i];
  return c;
}
/// The larger of |a| and b.
inline Floats larger(const Floats &a, Floats b) {
  for (int i = 0; i < kFloats; ++i)
    b.v[i] = std::max(std::abs(a.v[i]), b.v[i]);
  return b;
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
struct Floats {
  __m256 low, high;
};
inline Floats zero_floats() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
inline Floats load(const float *from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
inline Floats fill(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline void store(Floats a, float *to) {
  _mm256_storeu_ps(to, a.low);
  _mm256_storeu_ps(to + 8, a.high);
}
inline Floats multiply_add(Floats a, Floats b, Floats c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline Floats larger(Floats a, Floats b) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {_mm256_max_ps(_mm256_andnot_ps(sign, a.low), b.low),
          _mm256_max_ps(_mm256_andnot_ps(sign, a.high), b.high)};
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
using Floats = __m512;
inline Floats zero_floats() { return _mm512_setzero_ps(); }
inline Floats load(const float *from) { return _mm512_loadu_ps(from); }
inline Floats fill(float x) { return _mm512_set1_ps(x); }
inline void store(Floats a, float *to) { _mm512_storeu_ps(to, a); }
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline Floats larger(Floats a, Floats b) {
  // the masked form, because GCC 12 warns of an uninitialised register in the plain one
  return _mm512_maskz_max_ps(static_cast<__mmask16>(-1), _mm512_abs_ps(a), b);
}
#include "../simd/tile_products.inl"
} // namespace avx512
#pragma GCC pop_options
#endif

} // namespace

const Kernels &kernels() {
#if GXFAST_X86
  return chosen(portable::kKernels, avx2::kKernels, avx512::kKernels);
#else
  return portable::kKernels;
#endif
}

} // namespace gxfast::association
