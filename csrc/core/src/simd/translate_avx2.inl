// Any 256-byte table by 16-byte look-ups: one for each high nibble whose bytes are not all the default.

inline void translate(const std::uint8_t *in, std::int64_t n, const std::uint8_t *table, bool reverse,
                      std::uint8_t *out) {
  const auto usual_value = Vector::fill8(table[255]);
  Vector::Register row_of[16], nibble_of[16];
  int n_rows = 0;
  for (int nibble = 0; nibble < 16; ++nibble) {
    const auto row = Vector::fill128(table + 16 * nibble);
    if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(row, usual_value)) == -1)
      continue;
    row_of[n_rows] = row;
    nibble_of[n_rows++] = Vector::fill8(static_cast<std::uint8_t>(nibble));
  }
  std::int64_t k = 0;
  for (; k + Vector::kBytes <= n; k += Vector::kBytes) {
    auto bytes = Vector::load(in + (reverse ? n - Vector::kBytes - k : k));
    if (reverse)
      bytes = Vector::reverse(bytes);
    const auto low = Vector::low_nibbles(bytes), high = Vector::high_nibbles(bytes);
    auto found = usual_value;
    for (int r = 0; r < n_rows; ++r)
      found = Vector::choose8(high, nibble_of[r], Vector::shuffle(row_of[r], low), found);
    Vector::store(out + k, found);
  }
  translate_plain(reverse ? in : in + k, n - k, table, reverse, out + k);
}
