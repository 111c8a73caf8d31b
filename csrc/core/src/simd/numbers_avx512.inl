// 64 bytes of doubles or floats in one register, under the names that the products of tiles use.

using Numbers = __m512d;
constexpr int kRowsTogether = 8;
inline Numbers zero() { return _mm512_setzero_pd(); }
inline Numbers load(const double *from) { return _mm512_loadu_pd(from); }
inline Numbers load(const std::int8_t *from) {
  // masked for GCC 12, as `larger`
  return _mm512_maskz_cvtepi32_pd(static_cast<__mmask8>(-1), _mm256_cvtepi8_epi32(_mm_loadl_epi64(
                                                                 reinterpret_cast<const __m128i *>(from))));
}
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
