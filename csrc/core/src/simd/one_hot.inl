// The vector forms of the one-hot kernels. Included once per instruction set, inside its namespace, after
// Vector. What each function computes is said in one_hot_kernels.hpp.

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

template <class Element, bool Stream, bool HasUnknown>
void rows_of(const std::uint8_t *classes, std::int64_t n, Element one, Element unknown, Element *out) {
  constexpr int size = static_cast<int>(sizeof(Element));
  constexpr int bases = Vector::kBytes / (4 * size);
  std::int64_t i = 0;
  if constexpr (Stream) // streaming stores need whole aligned lines
    for (; i < n && reinterpret_cast<std::uintptr_t>(out + 4 * i) % Vector::kBytes != 0; ++i)
      write_row(classes[i], one, unknown, out + 4 * i);
  alignas(64) std::uint8_t spread_bytes[Vector::kBytes], channel_bytes[Vector::kBytes];
  for (int byte = 0; byte < Vector::kBytes; ++byte) {
    const int lane = byte / size;
    const bool first = byte % size == 0;
    spread_bytes[byte] = static_cast<std::uint8_t>(first ? lane / 4 : 0x80);
    channel_bytes[byte] = static_cast<std::uint8_t>(first ? lane % 4 : 0);
  }
  const auto spread = Vector::load(spread_bytes), channel = Vector::load(channel_bytes);
  const auto ones = fill(one), unknowns = fill(unknown), unknown_class = fill(Element{kUnknownClass});
  for (; i + bases <= n; i += bases) {
    const auto lanes = Vector::shuffle(repeat<bases>(classes + i), spread);
    auto values = Vector::where_equal<size>(lanes, channel, ones);
    if constexpr (HasUnknown)
      values = Vector::either(values, Vector::where_equal<size>(lanes, unknown_class, unknowns));
    if constexpr (Stream)
      Vector::stream(out + 4 * i, values);
    else
      Vector::store(out + 4 * i, values);
  }
  for (; i < n; ++i)
    write_row(classes[i], one, unknown, out + 4 * i);
}

template <class Element, bool Stream, bool HasUnknown>
void plane_of(const std::uint8_t *classes, std::int64_t n, std::uint8_t channel, Element one, Element unknown,
              Element *out) {
  constexpr int size = static_cast<int>(sizeof(Element));
  constexpr int bases = Vector::kBytes / size;
  const auto value_of = [&](std::uint8_t c) {
    return c == channel ? one : c == kUnknownClass ? unknown : Element{0};
  };
  std::int64_t i = 0;
  if constexpr (Stream)
    for (; i < n && reinterpret_cast<std::uintptr_t>(out + i) % Vector::kBytes != 0; ++i)
      out[i] = value_of(classes[i]);
  const auto channels = fill(Element{channel});
  const auto ones = fill(one), unknowns = fill(unknown), unknown_class = fill(Element{kUnknownClass});
  for (; i + bases <= n; i += bases) {
    const auto lanes = Vector::widen<size>(classes + i);
    auto values = Vector::where_equal<size>(lanes, channels, ones);
    if constexpr (HasUnknown)
      values = Vector::either(values, Vector::where_equal<size>(lanes, unknown_class, unknowns));
    if constexpr (Stream)
      Vector::stream(out + i, values);
    else
      Vector::store(out + i, values);
  }
  for (; i < n; ++i)
    out[i] = value_of(classes[i]);
}

template <class Element>
void rows(const std::uint8_t *classes, std::int64_t n, Element one, Element unknown, bool stream,
          Element *out) {
  // A row that straddles vectors can never be brought to a line's start.
  stream = stream && reinterpret_cast<std::uintptr_t>(out) % (4 * sizeof(Element)) == 0;
  if (stream)
    unknown ? rows_of<Element, true, true>(classes, n, one, unknown, out)
            : rows_of<Element, true, false>(classes, n, one, unknown, out);
  else
    unknown ? rows_of<Element, false, true>(classes, n, one, unknown, out)
            : rows_of<Element, false, false>(classes, n, one, unknown, out);
}

template <class Element>
void plane(const std::uint8_t *classes, std::int64_t n, std::uint8_t channel, Element one, Element unknown,
           bool stream, Element *out) {
  if (stream)
    unknown ? plane_of<Element, true, true>(classes, n, channel, one, unknown, out)
            : plane_of<Element, true, false>(classes, n, channel, one, unknown, out);
  else
    unknown ? plane_of<Element, false, true>(classes, n, channel, one, unknown, out)
            : plane_of<Element, false, false>(classes, n, channel, one, unknown, out);
}
