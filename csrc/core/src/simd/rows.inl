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

/// How 16 bases go to registers of elements of Size bytes: the base and the channel of each lane.
template <int Size> struct LaneBytes {
  static constexpr int kBases = Vector::kBytes / (4 * Size), kRegisters = 16 / kBases;
  alignas(64) std::uint8_t spread[kRegisters][Vector::kBytes] = {}, channel[Vector::kBytes] = {};

  constexpr LaneBytes() {
    for (int byte = 0; byte < Vector::kBytes; ++byte) {
      const int lane = byte / Size;
      const bool first = byte % Size == 0;
      channel[byte] = static_cast<std::uint8_t>(first ? lane % 4 : 0);
      for (int k = 0; k < kRegisters; ++k)
        spread[k][byte] = static_cast<std::uint8_t>(first ? k * kBases + lane / 4 : 0x80);
    }
  }
};

template <class Element, bool Stream, bool HasUnknown>
void rows_of(const std::uint8_t *classes, std::int64_t n, Element one, Element unknown, Element *out) {
  constexpr int size = static_cast<int>(sizeof(Element));
  using Lanes = LaneBytes<size>;
  static constexpr Lanes lane_bytes;
  const auto channel = Vector::load(lane_bytes.channel);
  const auto ones = fill(one), unknowns = fill(unknown), unknown_class = fill(Element{kUnknownClass});
  const auto register_of = [&](Vector::Register bases, int k) {
    const auto lanes = Vector::shuffle(bases, Vector::load(lane_bytes.spread[k]));
    auto values = Vector::where_equal<size>(lanes, channel, ones);
    if constexpr (HasUnknown)
      values = Vector::either(values, Vector::where_equal<size>(lanes, unknown_class, unknowns));
    return values;
  };
  const auto values_at = [&](std::int64_t i) { return register_of(Vector::fill128(classes + i), 0); };
  const std::int64_t head = std::min(n, to_alignment(out, 4) / 4);
  store_all<Element, Stream>(head, 4, values_at, out);
  classes += head, out += 4 * head, n -= head;
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const auto bases = Vector::fill128(classes + i);
#pragma GCC unroll 16
    for (int k = 0; k < Lanes::kRegisters; ++k) {
      Element *const to = out + 4 * (i + k * Lanes::kBases);
      if constexpr (Stream)
        Vector::stream(to, register_of(bases, k));
      else
        Vector::store(to, register_of(bases, k));
    }
  }
  classes += i;
  store_all<Element, Stream>(n - i, 4, values_at, out + 4 * i);
}
