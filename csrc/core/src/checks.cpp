#include "gxfast/checks.hpp"

#include <algorithm>
#include <array>

#include "one_hot_kernels.hpp"

namespace gxfast {
namespace {

constexpr std::int64_t kBlock = 4096;

/// Channel by channel over a stretch of positions; `step` is a constant where positions lie side by side.
template <class Element>
void scan(const Element *at, std::int64_t channels, std::int64_t n, std::int64_t channel_stride,
          std::int64_t step, Element one, Element sign, OneHotFaults &faults) {
  std::array<std::uint8_t, kBlock> ones{};
  std::uint8_t other = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const Element *values = at + c * channel_stride;
    for (std::int64_t i = 0; i < n; ++i) {
      const Element value = values[i * step];
      const auto is_one = static_cast<std::uint8_t>(value == one);
      const auto is_zero = static_cast<std::uint8_t>(static_cast<Element>(value & ~sign) == 0);
      other = static_cast<std::uint8_t>(other | (1 ^ (is_one | is_zero)));
      ones[static_cast<std::size_t>(i)] =
          static_cast<std::uint8_t>(ones[static_cast<std::size_t>(i)] + is_one);
    }
  }
  std::uint8_t several = 0, unknown = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    several = static_cast<std::uint8_t>(several | (ones[static_cast<std::size_t>(i)] > 1));
    unknown = static_cast<std::uint8_t>(unknown | (ones[static_cast<std::size_t>(i)] == 0));
  }
  faults.other_value |= other != 0;
  faults.several |= several != 0;
  faults.unknown |= unknown != 0;
}

} // namespace

std::int64_t first_outside(const std::uint8_t *text, std::int64_t n, const std::uint8_t *letters,
                           std::int64_t n_letters) {
  std::array<bool, 256> inside{};
  for (std::int64_t i = 0; i < n_letters; ++i)
    inside[letters[i]] = true;
  const bool compared = n_letters >= 1 && n_letters <= kMostLetters && n >= 64;
  const KernelSet &kernels = kernel_set();
  std::array<std::uint8_t, kMostLetters> few{};
  if (compared) {
    few.fill(letters[0]);
    std::copy(letters, letters + n_letters, few.begin());
  }
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t end = std::min(n, begin + kBlock);
    if (compared && kernels.all_inside(text + begin, end - begin, few.data()))
      continue;
    for (std::int64_t i = begin; i < end; ++i)
      if (!inside[text[i]])
        return i;
  }
  return -1;
}

template <class Element>
OneHotFaults one_hot_faults(const OneHotView<Element> &view, Element one, Element sign) {
  OneHotFaults faults;
  for (std::int64_t i = 0; i < view.n; ++i)
    for (std::int64_t begin = 0; begin < view.length; begin += kBlock) {
      const Element *at = view.data + i * view.row_stride + begin * view.position_stride;
      const std::int64_t n = std::min(kBlock, view.length - begin);
      if (view.position_stride == 1)
        scan(at, view.channels, n, view.channel_stride, 1, one, sign, faults);
      else if (view.channel_stride == 1 && view.channels == 4 && view.position_stride == 4)
        scan(at, 4, n, 1, 4, one, sign, faults);
      else
        scan(at, view.channels, n, view.channel_stride, view.position_stride, one, sign, faults);
    }
  return faults;
}

#define GXFAST_INSTANTIATE(Element)                                                                          \
  template OneHotFaults one_hot_faults(const OneHotView<Element> &, Element, Element);
GXFAST_INSTANTIATE(std::uint8_t)
GXFAST_INSTANTIATE(std::uint16_t)
GXFAST_INSTANTIATE(std::uint32_t)
GXFAST_INSTANTIATE(std::uint64_t)
#undef GXFAST_INSTANTIATE

} // namespace gxfast
