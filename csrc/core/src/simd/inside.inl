// Whether bytes are among a few: compared with each of them, whole registers at a time.

inline bool all_inside(const std::uint8_t *text, std::int64_t n, const std::uint8_t *letters) {
  if (n < Vector::kBytes)
    return all_inside_plain(text, n, letters);
  Vector::Register wanted[kMostLetters];
  for (int k = 0; k < kMostLetters; ++k)
    wanted[k] = Vector::fill8(letters[k]);
  const auto none = Vector::fill8(0), one = Vector::fill8(1);
  auto outside = none;
  const auto look_at = [&](const std::uint8_t *at) {
    const auto bytes = Vector::load(at);
    auto inside = Vector::where_equal<1>(bytes, wanted[0], one);
#pragma GCC unroll 8
    for (int k = 1; k < kMostLetters; ++k)
      inside = Vector::either(inside, Vector::where_equal<1>(bytes, wanted[k], one));
    outside = Vector::either(outside, Vector::where_equal<1>(inside, none, one));
  };
  for (std::int64_t i = 0; i + Vector::kBytes <= n; i += Vector::kBytes)
    look_at(text + i);
  look_at(text + n - Vector::kBytes); // some of them once more
  alignas(64) std::uint64_t found[Vector::kBytes / 8];
  Vector::store(found, outside);
  std::uint64_t any = 0;
  for (const std::uint64_t word : found)
    any |= word;
  return any == 0;
}
