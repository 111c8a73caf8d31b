#pragma once

#include <cstdint>

namespace gxfast {

/// Index of the first byte of `text` that is none of the `letters`, or -1.
std::int64_t first_outside(const std::uint8_t *text, std::int64_t n, const std::uint8_t *letters,
                           std::int64_t n_letters);

/// A view of (n, channels, length) with strides in elements.
template <class Element> struct OneHotView {
  const Element *data;
  std::int64_t n, channels, length;
  std::int64_t row_stride, channel_stride, position_stride;
};

/// What keeps an array from being one-hot.
struct OneHotFaults {
  bool other_value = false; ///< Something is neither 0 nor 1; then the two others say nothing.
  bool several = false;     ///< A position has more than one 1.
  bool unknown = false;     ///< A position has no 1.
};

/// Elements are bit patterns: `one` is that of 1, `sign` that of the bit in which 0 and -0 differ (0 for
/// integers). At most 255 channels.
template <class Element>
OneHotFaults one_hot_faults(const OneHotView<Element> &view, Element one, Element sign);

} // namespace gxfast
