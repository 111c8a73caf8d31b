// One-hot rows by shuffles and compares. What rows_of computes is said in one_hot_kernels.hpp.

template <class Element> Vector::Register fill(Element value) {
  if constexpr (sizeof(Element) == 1)
    return Vector::fill8(value);
  else if constexpr (sizeof(Element) == 2)
    return Vector::fill16(value);
  else if constexpr (sizeof(Element) == 4)
    return Vector::fill32(value);
  else
    return Vector::fill64(value);
}

/// The next Bases bytes, repeated over the whole register.
template <int Bases> Vector::Register repeat(const std::uint8_t *from) {
  if constexpr (Bases == 1) {
    return Vector::fill8(*from);
  } else if constexpr (Bases == 2) {
    std::uint16_t v;
    std::memcpy(&v, from, sizeof v);
    return Vector::fill16(v);
  } else if constexpr (Bases == 4) {
    std::uint32_t v;
    std::memcpy(&v, from, sizeof v);
    return Vector::fill32(v);
  } else if constexpr (Bases == 8) {
    std::uint64_t v;
    std::memcpy(&v, from, sizeof v);
    return Vector::fill64(v);
  } else {
    static_assert(Bases == 16);
    return Vector::fill128(from);
  }
}

/// How many elements lie before the next whole register's place in memory; 0 if steps of `step` never meet
/// it.
template <class Element> std::int64_t to_alignment(const Element *out, std::int64_t step) {
  const auto bytes = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(out) % Vector::kBytes);
  const auto size = static_cast<std::int64_t>(sizeof(Element));
  return bytes % (step * size) != 0 ? 0 : (Vector::kBytes - bytes) % Vector::kBytes / size;
}

/// Stores values_at(i) for every i of [0, n): `per_register` steps of `lanes` elements each in a register.
/// The first and the last store are partial, so that all others lie on whole lines: streaming stores must,
/// and others that straddle two lines take twice as long.
template <class Element, bool Stream, class ValuesAt>
void store_all(std::int64_t n, std::int64_t lanes, const ValuesAt &values_at, Element *out) {
  constexpr int size = static_cast<int>(sizeof(Element));
  const std::int64_t per_register = Vector::kBytes / (lanes * size);
  std::int64_t i = std::min(n, to_alignment(out, lanes) / lanes);
  if (i > 0)
    Vector::store_some<size>(out, values_at(0), static_cast<int>(lanes * i));
  for (; i + per_register <= n; i += per_register)
    if constexpr (Stream)
      Vector::stream(out + lanes * i, values_at(i));
    else
      Vector::store(out + lanes * i, values_at(i));
  if (i < n)
    Vector::store_some<size>(out + lanes * i, values_at(i), static_cast<int>(lanes * (n - i)));
}

template <class Element, bool Stream, bool HasUnknown>
void rows_of(const std::uint8_t *classes, std::int64_t n, Element one, Element unknown, Element *out) {
  constexpr int size = static_cast<int>(sizeof(Element));
  constexpr int bases = Vector::kBytes / (4 * size);
  alignas(64) std::uint8_t spread_bytes[Vector::kBytes], channel_bytes[Vector::kBytes];
  for (int byte = 0; byte < Vector::kBytes; ++byte) {
    const int lane = byte / size;
    const bool first = byte % size == 0;
    spread_bytes[byte] = static_cast<std::uint8_t>(first ? lane / 4 : 0x80);
    channel_bytes[byte] = static_cast<std::uint8_t>(first ? lane % 4 : 0);
  }
  const auto spread = Vector::load(spread_bytes), channel = Vector::load(channel_bytes);
  const auto ones = fill(one), unknowns = fill(unknown), unknown_class = fill(Element{kUnknownClass});
  const auto values_at = [&](std::int64_t i) {
    const auto lanes = Vector::shuffle(repeat<bases>(classes + i), spread);
    auto values = Vector::where_equal<size>(lanes, channel, ones);
    if constexpr (HasUnknown)
      values = Vector::either(values, Vector::where_equal<size>(lanes, unknown_class, unknowns));
    return values;
  };
  store_all<Element, Stream>(n, 4, values_at, out);
}
