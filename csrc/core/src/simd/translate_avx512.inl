// The whole 256-byte table sits in four registers; one look-up translates 64 bytes.

inline void translate(const std::uint8_t *in, std::int64_t n, const std::uint8_t *table, bool reverse,
                      std::uint8_t *out) {
  const auto t0 = Vector::load(table), t1 = Vector::load(table + 64);
  const auto t2 = Vector::load(table + 128), t3 = Vector::load(table + 192);
  std::int64_t k = 0;
  for (; k + Vector::kBytes <= n; k += Vector::kBytes) {
    auto bytes = Vector::load(in + (reverse ? n - Vector::kBytes - k : k));
    if (reverse)
      bytes = Vector::reverse(bytes);
    const auto low = _mm512_permutex2var_epi8(t0, bytes, t1);
    const auto high = _mm512_permutex2var_epi8(t2, bytes, t3);
    Vector::store(out + k, _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high));
  }
  translate_plain(reverse ? in : in + k, n - k, table, reverse, out + k);
}
