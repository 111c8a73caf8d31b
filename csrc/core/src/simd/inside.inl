// Whether bytes are among a few: compared with each of them, whole registers at a time.

inline bool all_inside(const std::uint8_t *text, std::int64_t n, const std::uint8_t *letters) {
  Vector::Register wanted[kMostLetters];
  for (int k = 0; k < kMostLetters; ++k)
    wanted[k] = Vector::fill8(letters[k]);
  const auto none = Vector::fill8(0), one = Vector::fill8(1);
  auto outside = none;
  std::int64_t i = 0;
  for (; i + Vector::kBytes <= n; i += Vector::kBytes) {
    const auto bytes = Vector::load(text + i);
    auto inside = Vector::where_equal<1>(bytes, wanted[0], one);
#pragma GCC unroll 8
    for (int k = 1; k < kMostLetters; ++k)
      inside = Vector::either(inside, Vector::where_equal<1>(bytes, wanted[k], one));
    outside = Vector::either(outside, Vector::where_equal<1>(inside, none, one));
  }
  alignas(64) std::uint8_t found[Vector::kBytes];
  Vector::store(found, outside);
  return std::all_of(found, found + Vector::kBytes, [](std::uint8_t byte) { return byte == 0; }) &&
         all_inside_plain(text + i, n - i, letters);
}
