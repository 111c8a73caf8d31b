// One channel of a one-hot encoding by widening and comparing. After rows.inl.

template <class Element, bool Stream, bool HasUnknown>
void plane_of(const std::uint8_t *classes, std::int64_t n, std::uint8_t channel, Element one, Element unknown,
              Element *out) {
  constexpr int size = static_cast<int>(sizeof(Element));
  const auto channels = fill(Element{channel});
  const auto ones = fill(one), unknowns = fill(unknown), unknown_class = fill(Element{kUnknownClass});
  const auto values_at = [&](std::int64_t i) {
    const auto lanes = Vector::widen<size>(classes + i);
    auto values = Vector::where_equal<size>(lanes, channels, ones);
    if constexpr (HasUnknown)
      values = Vector::either(values, Vector::where_equal<size>(lanes, unknown_class, unknowns));
    return values;
  };
  store_all<Element, Stream>(n, 1, values_at, out);
}
