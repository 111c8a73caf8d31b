// Run-time choices made template arguments: streaming or not, unknown bases zero or not. After rows_of,
// plane_of.

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
  stream = stream && reinterpret_cast<std::uintptr_t>(out) % sizeof(Element) == 0;
  if (stream)
    unknown ? plane_of<Element, true, true>(classes, n, channel, one, unknown, out)
            : plane_of<Element, true, false>(classes, n, channel, one, unknown, out);
  else
    unknown ? plane_of<Element, false, true>(classes, n, channel, one, unknown, out)
            : plane_of<Element, false, false>(classes, n, channel, one, unknown, out);
}
