// 64 bytes of doubles or floats as arrays, under the names that the products of tiles use.

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
inline Numbers load(const std::int8_t *from) {
  Numbers out;
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
