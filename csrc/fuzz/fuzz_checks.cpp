// The first letter outside a set, and what keeps an array from being one-hot, against one look at a time.

#include "gxfast/checks.hpp"

#include <algorithm>

#include "input.hpp"

namespace {

using namespace gxfast;

void compare_letters(fuzz::Input &input) {
  std::vector<std::uint8_t> letters(input.size(0, 9)), text(input.size(0, 9000));
  for (std::uint8_t &letter : letters)
    letter = input.byte();
  // Letters of the set, and a few others anywhere.
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = letters.empty() ? std::uint8_t{7} : letters[i % letters.size()];
  for (std::size_t n = text.empty() ? 0 : input.size(0, 3); n > 0; --n)
    text[input.size(0, text.size() - 1)] = input.byte();
  const auto known = [&](std::uint8_t letter) {
    return std::find(letters.begin(), letters.end(), letter) != letters.end();
  };
  const auto found = std::find_if_not(text.begin(), text.end(), known);
  const std::int64_t expected = found == text.end() ? -1 : found - text.begin();
  EXPECT(first_outside(text.data(), static_cast<std::int64_t>(text.size()), letters.data(),
                       static_cast<std::int64_t>(letters.size())) == expected);
}

template <class Element> void compare_faults(fuzz::Input &input, Element one, Element sign) {
  const std::int64_t n = input.between(0, 2), channels = input.between(0, 6),
                     length = input.flag() ? input.between(0, 20) : input.between(4090, 4100);
  const bool positions_first = input.flag();
  const std::int64_t step = input.between(1, 2), channel = positions_first ? step : step * length,
                     position = positions_first ? step * channels : step;
  std::vector<Element> values(static_cast<std::size_t>(n * channels * length * step) + 1, Element{0});
  const auto at = [&](std::int64_t r, std::int64_t c, std::int64_t i) -> Element & {
    return values[static_cast<std::size_t>(r * channels * length * step + c * channel + i * position)];
  };
  const std::int64_t all_known = input.between(0, 1);
  for (std::int64_t r = 0; channels > 0 && all_known != 0 && r < n; ++r)
    for (std::int64_t i = 0; i < length; ++i)
      at(r, (r + i) % channels, i) = one;
  for (std::size_t changes = values.size() > 1 ? input.size(0, 4) : 0; changes > 0; --changes) {
    const std::uint8_t kind = input.byte();
    values[input.size(0, values.size() - 2)] = kind % 4 == 0   ? static_cast<Element>(input.any())
                                               : kind % 4 == 1 ? sign
                                               : kind % 4 == 2 ? Element{0}
                                                               : one;
  }
  OneHotFaults expected;
  for (std::int64_t r = 0; r < n; ++r)
    for (std::int64_t i = 0; i < length; ++i) {
      int ones = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        const Element value = at(r, c, i);
        expected.other_value |= value != one && static_cast<Element>(value & ~sign) != 0;
        ones += value == one ? 1 : 0;
      }
      expected.several |= ones > 1;
      expected.unknown |= ones == 0;
    }
  const OneHotFaults found = one_hot_faults<Element>(
      {values.data(), n, channels, length, channels * length * step, channel, position}, one, sign);
  EXPECT(found.other_value == expected.other_value && found.several == expected.several &&
         found.unknown == expected.unknown);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  gxfast::fuzz::Input input(data, size);
  compare_letters(input);
  switch (input.byte() % 4) {
  case 0:
    compare_faults<std::uint8_t>(input, 1, 0);
    break;
  case 1:
    compare_faults<std::uint16_t>(input, 0x3C00, 0x8000);
    break;
  case 2:
    compare_faults<std::uint32_t>(input, 0x3F800000U, 0x80000000U);
    break;
  default:
    compare_faults<std::uint64_t>(input, 1, 0);
  }
  return 0;
}
