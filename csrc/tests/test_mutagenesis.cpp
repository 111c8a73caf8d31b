#include <algorithm>
#include <random>
#include <vector>

#include "check.hpp"
#include "gxfast/mutagenesis.hpp"

namespace {

std::vector<std::uint8_t> letters(const std::string &text) { return {text.begin(), text.end()}; }

void hand_worked() {
  const auto sequence = letters("ANG");
  std::vector<std::int64_t> positions(12, -7);
  std::vector<std::uint8_t> bases(12, '.');
  const auto n = gxfast::list_saturation_edits(sequence.data(), 0, 3, positions.data(), bases.data());
  CHECK(n == 10);
  CHECK((positions == std::vector<std::int64_t>{0, 0, 0, 1, 1, 1, 1, 2, 2, 2, -7, -7}));
  CHECK(bases == letters("CGTACGTACT.."));
  CHECK(gxfast::list_saturation_edits(sequence.data(), 2, 2, positions.data(), bases.data()) == 0);

  std::vector<std::uint8_t> out(9);
  const std::vector<std::int64_t> at = {0, 2, 1};
  gxfast::write_mutants(sequence.data(), 3, at.data(), letters("TCA").data(), 3, out.data(), 1);
  CHECK(out == letters("TNGANCAAG"));
}

void random_cases() {
  std::mt19937 random(11);
  for (int k = 0; k < 2000; ++k) {
    const std::size_t length = 1 + random() % 50;
    std::vector<std::uint8_t> sequence(length);
    for (auto &letter : sequence)
      letter = static_cast<std::uint8_t>("ACGTNR"[random() % 6]);
    const std::size_t start = random() % length, end = start + random() % (length - start + 1);
    std::vector<std::int64_t> positions(4 * (end - start));
    std::vector<std::uint8_t> bases(4 * (end - start));
    const auto n =
        gxfast::list_saturation_edits(sequence.data(), static_cast<std::int64_t>(start),
                                      static_cast<std::int64_t>(end), positions.data(), bases.data());
    std::vector<std::vector<std::uint8_t>> expected;
    for (std::size_t i = start; i < end; ++i)
      for (const char base : std::string("ACGT"))
        if (sequence[i] != static_cast<std::uint8_t>(base)) {
          expected.push_back(sequence);
          expected.back()[i] = static_cast<std::uint8_t>(base);
        }
    std::vector<std::uint8_t> out(static_cast<std::size_t>(n) * length);
    gxfast::write_mutants(sequence.data(), static_cast<std::int64_t>(length), positions.data(), bases.data(),
                          n, out.data(), static_cast<int>(1 + random() % 3));
    bool equal = expected.size() == static_cast<std::size_t>(n);
    for (std::size_t row = 0; equal && row < expected.size(); ++row)
      equal = std::equal(expected[row].begin(), expected[row].end(),
                         out.begin() + static_cast<std::ptrdiff_t>(row * length));
    CHECK_IN(equal, "case " + std::to_string(k));
  }
}

} // namespace

int main() {
  hand_worked();
  random_cases();
  return failures();
}
