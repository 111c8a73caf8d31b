// One-hot rows and translation, for every element size, layout and instruction set, against single look-ups.

#include "gxfast/one_hot.hpp"
#include "input.hpp"
#include "one_hot_reference.hpp"

namespace {

using namespace gxfast;

/// Like those of alphabets (one value in one channel, another in all four), or of any bytes.
template <class Element> std::vector<Element> draw_table(fuzz::Input &input) {
  std::vector<Element> table(1024, 0);
  const bool any = input.byte() % 4 == 0;
  const auto one = static_cast<Element>(input.any()), unknown = static_cast<Element>(input.byte());
  if (any) {
    for (std::size_t n = input.size(0, 60); n > 0; --n)
      table[input.size(0, 1023)] = static_cast<Element>(input.any());
    return table;
  }
  for (std::size_t i = 0; i < 1024; ++i)
    table[i] = unknown;
  for (std::size_t n = input.size(0, 12); n > 0; --n) {
    const std::size_t letter = input.byte(), channel = input.size(0, 3);
    for (std::size_t c = 0; c < 4; ++c)
      table[4 * letter + c] = c == channel ? one : Element{0};
  }
  return table;
}

template <class Element>
void compare(fuzz::Input &input, const std::vector<std::uint8_t> &letters, std::size_t n,
             std::size_t length) {
  const std::vector<Element> table = draw_table<Element>(input);
  const bool channels_first = input.flag(), reverse = input.flag(), stream = input.flag();
  const Layout layout = channels_first ? Layout::NCL : Layout::NLC;
  std::vector<Element> out(n * length * 4, Element{7});
  one_hot<Element>(letters.data(), static_cast<std::int64_t>(n), static_cast<std::int64_t>(length),
                   table.data(), layout, reverse, stream, out.data(), input.threads());
  const std::vector<Element> expected =
      reference::one_hot(letters, n, length, table, channels_first, reverse);
  EXPECT(out == expected);
  if (n == 0)
    return;
  // A stretch of one sequence leaves the rest alone.
  const std::int64_t begin = input.between(0, static_cast<std::int64_t>(length)),
                     end = input.between(begin, static_cast<std::int64_t>(length));
  std::vector<Element> part(length * 4, Element{7});
  OneHotTable<Element>(table.data())
      .encode(letters.data(), static_cast<std::int64_t>(length), begin, end, layout, reverse, stream,
              part.data());
  if (stream)
    finish_streaming();
  for (std::size_t k = 0; k < part.size(); ++k) {
    const auto position = static_cast<std::int64_t>(channels_first ? k % length : k / 4);
    EXPECT(part[k] == (begin <= position && position < end ? expected[k] : Element{7}));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t width = input.byte() % 4;
  const std::size_t n = input.size(0, 3), length = input.flag() ? input.size(0, 70) : input.size(0, 600);
  const bool few_letters = input.flag();
  std::vector<std::uint8_t> letters(n * length);
  const std::uint8_t step = input.byte();
  for (std::size_t i = 0; i < letters.size(); ++i) {
    // Behind the end of the input letters go on in a pattern.
    const auto byte = input.left() > 64 ? input.byte() : static_cast<std::uint8_t>(i * step + i / 7);
    letters[i] = few_letters ? static_cast<std::uint8_t>("ACGTNacgtn"[byte % 10]) : byte;
  }
  if (width == 0)
    compare<std::uint8_t>(input, letters, n, length);
  else if (width == 1)
    compare<std::uint16_t>(input, letters, n, length);
  else if (width == 2)
    compare<std::uint32_t>(input, letters, n, length);
  else
    compare<std::uint64_t>(input, letters, n, length);

  std::vector<std::uint8_t> table(256, input.byte()), out(letters.size());
  for (std::size_t k = input.size(0, 40); k > 0; --k)
    table[input.byte()] = input.byte();
  const bool reverse = input.flag();
  translate(letters.data(), static_cast<std::int64_t>(n), static_cast<std::int64_t>(length), table.data(),
            reverse, out.data(), input.threads());
  for (std::size_t i = 0; i < out.size(); ++i)
    EXPECT(out[i] == table[letters[reverse ? i / length * length + length - 1 - i % length : i]]);
  return 0;
}
