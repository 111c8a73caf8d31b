// Plain and streaming stores and copies: the physical limits that benchmarks are held against.

template <bool Stream> void put(std::uint8_t *to, Vector::Register v) {
  if constexpr (Stream)
    Vector::stream(to, v);
  else
    Vector::store(to, v);
}

template <bool Stream> void fill_with(std::uint8_t *out, std::int64_t n, std::uint8_t value) {
  std::int64_t i = 0;
  for (; i < n && reinterpret_cast<std::uintptr_t>(out + i) % Vector::kBytes != 0; ++i)
    out[i] = value;
  const auto v = Vector::fill8(value);
  for (; i + 4 * Vector::kBytes <= n; i += 4 * Vector::kBytes)
    for (int k = 0; k < 4; ++k)
      put<Stream>(out + i + k * Vector::kBytes, v);
  for (; i < n; ++i)
    out[i] = value;
}

template <bool Stream> void copy_with(const std::uint8_t *from, std::int64_t n, std::uint8_t *out) {
  std::int64_t i = 0;
  for (; i < n && reinterpret_cast<std::uintptr_t>(out + i) % Vector::kBytes != 0; ++i)
    out[i] = from[i];
  for (; i + 4 * Vector::kBytes <= n; i += 4 * Vector::kBytes)
    for (int k = 0; k < 4; ++k)
      put<Stream>(out + i + k * Vector::kBytes, Vector::load(from + i + k * Vector::kBytes));
  for (; i < n; ++i)
    out[i] = from[i];
}

inline void fill_bytes(std::uint8_t *out, std::int64_t n, std::uint8_t value, bool stream) {
  stream ? fill_with<true>(out, n, value) : fill_with<false>(out, n, value);
}

inline void copy_bytes(const std::uint8_t *from, std::int64_t n, std::uint8_t *out, bool stream) {
  stream ? copy_with<true>(from, n, out) : copy_with<false>(from, n, out);
}
