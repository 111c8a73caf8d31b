// 64 bytes of doubles or floats in two registers, under the names that the products of tiles use.

struct Numbers {
  __m256d low, high;
};
constexpr int kRowsTogether = 2;
inline Numbers zero() { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
inline Numbers load(const double *from) { return {_mm256_loadu_pd(from), _mm256_loadu_pd(from + 4)}; }
inline Numbers load(const std::int8_t *from) {
  const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(from));
  return {_mm256_cvtepi32_pd(_mm_cvtepi8_epi32(eight)),
          _mm256_cvtepi32_pd(_mm_cvtepi8_epi32(_mm_srli_si128(eight, 4)))};
}
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
