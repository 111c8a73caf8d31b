// Sixteen floats as an array, under the names that the row kernels use.

constexpr int kTileRows = 2, kTilePanels = 1;

struct Lanes {
  float v[kLanes];

  template <class F> static Lanes each(F &&f) {
    Lanes result;
    for (int i = 0; i < kLanes; ++i)
      result.v[i] = f(i);
    return result;
  }
  static Lanes load(const float *from) {
    return each([&](int i) { return from[i]; });
  }
  static Lanes fill(float x) {
    return each([&](int) { return x; });
  }
  void store(float *to) const { std::copy(v, v + kLanes, to); }
  static Lanes fused(Lanes a, Lanes b, Lanes c) {
    return each([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
  }
  static Lanes max(Lanes a, Lanes b) {
    return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static Lanes min(Lanes a, Lanes b) {
    return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  /// a where x > 0, else b.
  static Lanes where_positive(Lanes x, Lanes a, Lanes b) {
    return each([&](int i) { return x.v[i] > 0 ? a.v[i] : b.v[i]; });
  }
  /// To the nearest whole number.
  static Lanes round(Lanes x) {
    return each([&](int i) { return std::nearbyint(x.v[i]); });
  }
  /// x * 2^n for whole n from -126 to 127; NaN for NaN.
  static Lanes times_power(Lanes x, Lanes n) {
    return each(
        [&](int i) { return std::isnan(n.v[i]) ? n.v[i] : std::ldexp(x.v[i], static_cast<int>(n.v[i])); });
  }
};

inline Lanes operator+(Lanes a, Lanes b) {
  return Lanes::each([&](int i) { return a.v[i] + b.v[i]; });
}
inline Lanes operator-(Lanes a, Lanes b) {
  return Lanes::each([&](int i) { return a.v[i] - b.v[i]; });
}
inline Lanes operator*(Lanes a, Lanes b) {
  return Lanes::each([&](int i) { return a.v[i] * b.v[i]; });
}
inline Lanes operator/(Lanes a, Lanes b) {
  return Lanes::each([&](int i) { return a.v[i] / b.v[i]; });
}
