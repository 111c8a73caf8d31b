// Sixteen floats in one register, under the names that the row kernels use.

// A tile of a matrix product fills the registers: 6 x 4 of 32.
constexpr int kTileRows = 6, kTilePanels = 4;

struct Lanes {
  __m512 v;

  static Lanes load(const float *from) { return {_mm512_loadu_ps(from)}; }
  static Lanes fill(float x) { return {_mm512_set1_ps(x)}; }
  void store(float *to) const { _mm512_storeu_ps(to, v); }
  static Lanes fused(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
  // The masked forms are used because GCC 12 warns of an uninitialised register in the plain ones.
  static Lanes max(Lanes a, Lanes b) { return {_mm512_maskz_max_ps(kAll, a.v, b.v)}; }
  static Lanes min(Lanes a, Lanes b) { return {_mm512_maskz_min_ps(kAll, a.v, b.v)}; }
  /// a where x > 0, else b.
  static Lanes where_positive(Lanes x, Lanes a, Lanes b) {
    return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(x.v, _mm512_setzero_ps(), _CMP_GT_OQ), b.v, a.v)};
  }
  /// To the nearest whole number.
  static Lanes round(Lanes x) { return {_mm512_maskz_roundscale_ps(kAll, x.v, 0)}; }
  /// x * 2^n for whole n from -126 to 127.
  static Lanes times_power(Lanes x, Lanes n) {
    const __m512i bits = _mm512_maskz_slli_epi32(
        kAll, _mm512_add_epi32(_mm512_maskz_cvtps_epi32(kAll, n.v), _mm512_set1_epi32(127)), 23);
    return {_mm512_mul_ps(x.v, _mm512_castsi512_ps(bits))};
  }

private:
  static constexpr __mmask16 kAll = static_cast<__mmask16>(-1);
};

inline Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
