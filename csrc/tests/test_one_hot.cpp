#include <algorithm>
#include <random>

#include "check.hpp"
#include "gxfast/cpu.hpp"
#include "gxfast/one_hot.hpp"
#include "one_hot_reference.hpp"

namespace {

using gxfast::Layout;

void hand_worked() {
  std::vector<std::uint8_t> table(1024, 0);
  for (std::size_t c = 0; c < 4; ++c)
    table[std::size_t{4} * static_cast<std::uint8_t>("ACGT"[c]) + c] = 1;
  const std::vector<std::uint8_t> sequence = {'T', 'N', 'A'};
  std::vector<std::uint8_t> out(12, 9);
  gxfast::one_hot<std::uint8_t>(sequence.data(), 1, 3, table.data(), Layout::NLC, false, false, out.data(),
                                1);
  CHECK((out == std::vector<std::uint8_t>{0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0}));
  gxfast::one_hot<std::uint8_t>(sequence.data(), 1, 3, table.data(), Layout::NCL, false, false, out.data(),
                                1);
  CHECK((out == std::vector<std::uint8_t>{0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0}));
  gxfast::one_hot<std::uint8_t>(sequence.data(), 1, 3, table.data(), Layout::NCL, true, false, out.data(), 1);
  CHECK((out == std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

/// Anything at all, or (two of three times) what the vector kernels take: one set channel, or four alike.
template <class Element> std::vector<Element> random_table(std::mt19937 &random) {
  std::vector<Element> table(1024);
  const auto kind = random() % 3;
  const auto one = static_cast<Element>(random() | 1U);
  const auto unknown = static_cast<Element>(kind == 1 ? 0U : random());
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const auto channel = random() % 5;
    for (std::size_t c = 0; c < 4; ++c)
      table[4 * byte + c] = kind == 0      ? static_cast<Element>(random())
                            : channel == 4 ? unknown
                            : c == channel ? one
                                           : Element{0};
  }
  return table;
}

template <class Element> void random_cases(unsigned seed, int n_cases) {
  std::mt19937 random(seed);
  for (int k = 0; k < n_cases; ++k) {
    // Every tenth case is longer than the internal block of 4096 bases.
    const std::size_t n = random() % 5, length = k % 10 == 0 ? 4000 + random() % 300 : random() % 40;
    std::vector<std::uint8_t> sequences(n * length);
    for (auto &byte : sequences)
      byte = static_cast<std::uint8_t>(random() % 256);
    const std::vector<Element> table = random_table<Element>(random);
    const bool channels_first = random() % 2 == 1, reverse = random() % 2 == 1, stream = random() % 2 == 1;
    const int n_threads = static_cast<int>(1 + random() % 3);
    std::vector<Element> out(n * length * 4);
    gxfast::one_hot<Element>(
        sequences.data(), static_cast<std::int64_t>(n), static_cast<std::int64_t>(length), table.data(),
        channels_first ? Layout::NCL : Layout::NLC, reverse, stream, out.data(), n_threads);
    CHECK_IN(out == gxfast::reference::one_hot(sequences, n, length, table, channels_first, reverse),
             "seed " + std::to_string(seed) + " case " + std::to_string(k));
  }
}

void many_blocks_do_not_depend_on_threads() {
  const std::size_t n = 50, length = 20000;
  std::mt19937 random(5);
  std::vector<std::uint8_t> sequences(n * length);
  for (auto &byte : sequences)
    byte = static_cast<std::uint8_t>("ACGTN"[random() % 5]);
  std::vector<std::uint16_t> table(1024);
  for (auto &value : table)
    value = static_cast<std::uint16_t>(random());
  std::vector<std::uint16_t> one(n * length * 4), four(n * length * 4);
  gxfast::one_hot<std::uint16_t>(sequences.data(), n, length, table.data(), Layout::NCL, true, true,
                                 one.data(), 1);
  gxfast::one_hot<std::uint16_t>(sequences.data(), n, length, table.data(), Layout::NCL, true, false,
                                 four.data(), 4);
  CHECK(one == four);
}

void random_translations(unsigned seed, int n_cases) {
  std::mt19937 random(seed);
  for (int k = 0; k < n_cases; ++k) {
    std::vector<std::uint8_t> table(256), sequence(random() % 300), out(sequence.size());
    const bool sparse = random() % 2 == 1, reverse = random() % 2 == 1;
    for (std::size_t byte = 0; byte < 256; ++byte)
      table[byte] = static_cast<std::uint8_t>(sparse && (byte / 16) % 3 != 1 ? 7U : random());
    for (auto &byte : sequence)
      byte = static_cast<std::uint8_t>(random());
    const auto n = static_cast<std::int64_t>(sequence.size());
    gxfast::translate(sequence.data(), 1, n, table.data(), reverse, out.data(), 1);
    if (reverse)
      std::reverse(sequence.begin(), sequence.end());
    for (auto &byte : sequence)
      byte = table[byte];
    CHECK(out == sequence);
  }
}

void translates() {
  std::vector<std::uint8_t> table(256, '?');
  table['A'] = 'T';
  table['C'] = 'G';
  const std::vector<std::uint8_t> sequences = {'A', 'C', 'x', 'C', 'C', 'A'};
  std::vector<std::uint8_t> out(6);
  gxfast::translate(sequences.data(), 2, 3, table.data(), false, out.data(), 1);
  CHECK((out == std::vector<std::uint8_t>{'T', 'G', '?', 'G', 'G', 'T'}));
  gxfast::translate(sequences.data(), 2, 3, table.data(), true, out.data(), 2);
  CHECK((out == std::vector<std::uint8_t>{'?', 'G', 'T', 'T', 'G', 'G'}));
}

} // namespace

int main() {
  for (const auto most :
       {gxfast::InstructionSet::Portable, gxfast::InstructionSet::Avx2, gxfast::InstructionSet::Avx512}) {
    gxfast::limit_instruction_set(most);
    hand_worked();
    random_cases<std::uint8_t>(1, 600);
    random_cases<std::uint16_t>(2, 600);
    random_cases<std::uint32_t>(3, 600);
    random_cases<std::uint64_t>(4, 600);
    random_translations(5, 300);
  }
  many_blocks_do_not_depend_on_threads();
  translates();
  return failures();
}
