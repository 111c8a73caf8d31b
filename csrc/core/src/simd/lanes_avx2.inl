// Sixteen floats in two registers, under the names that the row kernels use.

// A tile of a matrix product fills the registers: 6 x (2 x 1) of 16.
constexpr int kTileRows = 6, kTilePanels = 1;

struct Lanes {
  __m256 low, high;

  static Lanes load(const float *from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
  static Lanes fill(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  void store(float *to) const {
    _mm256_storeu_ps(to, low);
    _mm256_storeu_ps(to + 8, high);
  }
  static Lanes fused(Lanes a, Lanes b, Lanes c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  static Lanes max(Lanes a, Lanes b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
  static Lanes min(Lanes a, Lanes b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
  /// a where x > 0, else b.
  static Lanes where_positive(Lanes x, Lanes a, Lanes b) {
    const __m256 zero = _mm256_setzero_ps();
    return {_mm256_blendv_ps(b.low, a.low, _mm256_cmp_ps(x.low, zero, _CMP_GT_OQ)),
            _mm256_blendv_ps(b.high, a.high, _mm256_cmp_ps(x.high, zero, _CMP_GT_OQ))};
  }
  /// To the nearest whole number.
  static Lanes round(Lanes x) { return {_mm256_round_ps(x.low, 8), _mm256_round_ps(x.high, 8)}; }
  /// x * 2^n for whole n from -126 to 127.
  static Lanes times_power(Lanes x, Lanes n) {
    return {_mm256_mul_ps(x.low, power(n.low)), _mm256_mul_ps(x.high, power(n.high))};
  }

private:
  static __m256 power(__m256 n) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
  }
};

inline Lanes operator+(Lanes a, Lanes b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
inline Lanes operator-(Lanes a, Lanes b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
inline Lanes operator*(Lanes a, Lanes b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
inline Lanes operator/(Lanes a, Lanes b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
