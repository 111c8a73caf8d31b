// One channel of a one-hot encoding by masks: a bit per base decides which lanes of a store hold the value.
// After rows.inl.

/// `value` in the lanes of Size bytes whose bit is set, else 0.
template <int Size> Vector::Register lanes_where(std::uint64_t bits, Vector::Register value) {
  if constexpr (Size == 1)
    return _mm512_maskz_mov_epi8(bits, value);
  else if constexpr (Size == 2)
    return _mm512_maskz_mov_epi16(static_cast<__mmask32>(bits), value);
  else if constexpr (Size == 4)
    return _mm512_maskz_mov_epi32(static_cast<__mmask16>(bits), value);
  else
    return _mm512_maskz_mov_epi64(static_cast<__mmask8>(bits), value);
}

/// 64 bases: one comparison, then a store for every 64 / sizeof(Element) of its bits.
template <class Element, bool Stream, bool HasUnknown>
void plane_block(const std::uint8_t *classes, Vector::Register channel, Vector::Register one,
                 Vector::Register unknown, Element *out) {
  constexpr int size = static_cast<int>(sizeof(Element)), lanes = Vector::kBytes / size;
  const auto bases = Vector::load(classes);
  const std::uint64_t bits = _mm512_cmpeq_epi8_mask(bases, channel);
  const std::uint64_t unknown_bits =
      HasUnknown ? _mm512_cmpeq_epi8_mask(bases, Vector::fill8(kUnknownClass)) : 0;
  for (int lane = 0; lane < 64; lane += lanes) {
    auto values = lanes_where<size>(bits >> lane, one);
    if constexpr (HasUnknown)
      values = Vector::either(values, lanes_where<size>(unknown_bits >> lane, unknown));
    if constexpr (Stream)
      Vector::stream(out + lane, values);
    else
      Vector::store(out + lane, values);
  }
}

template <class Element, bool Stream, bool HasUnknown>
void plane_of(const std::uint8_t *classes, std::int64_t n, std::uint8_t channel, Element one, Element unknown,
              Element *out) {
  constexpr int size = static_cast<int>(sizeof(Element));
  const auto channels = Vector::fill8(channel);
  const auto ones = fill(one), unknowns = fill(unknown);
  const auto values_at = [&](std::int64_t i) {
    const auto bases = Vector::load(classes + i);
    auto values = lanes_where<size>(_mm512_cmpeq_epi8_mask(bases, channels), ones);
    if constexpr (HasUnknown) {
      const std::uint64_t bits = _mm512_cmpeq_epi8_mask(bases, Vector::fill8(kUnknownClass));
      values = Vector::either(values, lanes_where<size>(bits, unknowns));
    }
    return values;
  };
  std::int64_t i = std::min(n, to_alignment(out, 1));
  if (i > 0)
    Vector::store_some<size>(out, values_at(0), static_cast<int>(i));
  for (; i + 64 <= n; i += 64)
    plane_block<Element, Stream, HasUnknown>(classes + i, channels, ones, unknowns, out + i);
  for (constexpr int lanes = Vector::kBytes / size; i < n; i += lanes)
    Vector::store_some<size>(out + i, values_at(i), static_cast<int>(std::min<std::int64_t>(lanes, n - i)));
}
