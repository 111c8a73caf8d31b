// Any 256-byte table by 16-byte look-ups: one for each high nibble whose bytes are not all the default.

inline void translate(const std::uint8_t *in, std::int64_t n, const std::uint8_t *table, bool reverse,
                      std::uint8_t *out) {
  const std::uint8_t usual = table[255];
  Vector::Register row_of[16], nibble_of[16];
  int n_rows = 0;
  for (int nibble = 0; nibble < 16; ++nibble) {
    const std::uint8_t *row = table + 16 * nibble;
    if (std::all_of(row, row + 16, [&](std::uint8_t value) { return value == usual; }))
      continue;
    row_of[n_rows] = Vector::fill128(row);
    nibble_of[n_rows++] = Vector::fill8(static_cast<std::uint8_t>(nibble));
  }
  const auto usual_value = Vector::fill8(usual);
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
