// Lists of edits, mutants, and edited one-hot rows against sequences edited letter by letter.

#include "gxfast/edited_rows.hpp"
#include "gxfast/mutagenesis.hpp"
#include "input.hpp"
#include "one_hot_reference.hpp"

namespace {

using namespace gxfast;
using Letters = std::vector<std::uint8_t>;

void saturation(fuzz::Input &input, const Letters &sequence) {
  const auto length = static_cast<std::int64_t>(sequence.size());
  const std::int64_t start = input.between(0, length), end = input.between(start, length);
  std::vector<std::int64_t> positions(static_cast<std::size_t>(4 * (end - start)));
  Letters bases(positions.size());
  const std::int64_t n = list_saturation_edits(sequence.data(), start, end, positions.data(), bases.data());
  std::size_t k = 0;
  for (std::int64_t p = start; p < end; ++p)
    for (const char base : {'A', 'C', 'G', 'T'})
      if (sequence[static_cast<std::size_t>(p)] != static_cast<std::uint8_t>(base)) {
        EXPECT(k < static_cast<std::size_t>(n) && positions[k] == p &&
               bases[k] == static_cast<std::uint8_t>(base));
        ++k;
      }
  EXPECT(k == static_cast<std::size_t>(n));
  Letters out(k * sequence.size());
  write_mutants(sequence.data(), length, positions.data(), bases.data(), n, out.data(), input.threads());
  for (std::size_t row = 0; row < k; ++row)
    for (std::size_t i = 0; i < sequence.size(); ++i)
      EXPECT(out[row * sequence.size() + i] ==
             (static_cast<std::int64_t>(i) == positions[row] ? bases[row] : sequence[i]));
}

template <class Element> void edited_rows(fuzz::Input &input, const Letters &sequence) {
  const auto length = static_cast<std::int64_t>(sequence.size());
  std::vector<Element> table(1024);
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = static_cast<Element>(i * 7 + 1);
  const bool channels_first = input.flag();
  std::vector<std::int64_t> offset{0}, position;
  Letters base, all;
  for (std::size_t n = input.size(0, 12); n > 0; --n) {
    Letters edited = sequence;
    for (std::size_t e = input.size(0, 4); e > 0; --e) {
      position.push_back(input.between(0, length - 1));
      base.push_back(input.byte());
      edited[static_cast<std::size_t>(position.back())] = base.back();
    }
    offset.push_back(static_cast<std::int64_t>(position.size()));
    all.insert(all.end(), edited.begin(), edited.end());
  }
  const std::size_t n = offset.size() - 1, batch_rows = input.size(1, 5), row_size = 4 * sequence.size();
  const std::vector<Element> expected =
      reference::one_hot(all, n, sequence.size(), table, channels_first, false);
  const std::vector<Element> plain =
      reference::one_hot(sequence, 1, sequence.size(), table, channels_first, false);
  std::vector<Element> batch;
  for (std::size_t k = 0; k < batch_rows; ++k)
    batch.insert(batch.end(), plain.begin(), plain.end());
  const std::vector<Element> untouched = batch;
  EditedRows rows(sequence.data(), length, table.data(), sizeof(Element),
                  channels_first ? Layout::NCL : Layout::NLC,
                  {static_cast<std::int64_t>(n), offset.data(), position.data(), base.data()}, batch.data(),
                  static_cast<std::int64_t>(batch_rows));
  const std::size_t stop = input.size(0, 6);
  for (int round = 0; round < 2; ++round) {
    std::size_t done = 0;
    for (std::size_t step = 0;; ++step) {
      const auto count = static_cast<std::size_t>(rows.step());
      EXPECT(count == std::min(batch_rows, n - done));
      for (std::size_t k = 0; k < batch_rows * row_size; ++k)
        EXPECT(batch[k] == (k < count * row_size ? expected[done * row_size + k] : untouched[k]));
      done += count;
      if (count == 0 || (round == 0 && step == stop))
        break;
    }
    rows.reset();
    EXPECT(batch == untouched);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t width = input.byte() % 4;
  Letters sequence(input.size(0, 60));
  for (std::uint8_t &letter : sequence)
    letter = static_cast<std::uint8_t>("ACGTNacR"[input.byte() % 8]);
  saturation(input, sequence);
  if (sequence.empty())
    return 0;
  if (width == 0)
    edited_rows<std::uint8_t>(input, sequence);
  else if (width == 1)
    edited_rows<std::uint16_t>(input, sequence);
  else if (width == 2)
    edited_rows<std::uint32_t>(input, sequence);
  else
    edited_rows<std::uint64_t>(input, sequence);
  return 0;
}
