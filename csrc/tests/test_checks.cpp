#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "gxfast/checks.hpp"

namespace {

std::int64_t outside(const std::string &text, const std::string &letters) {
  return gxfast::first_outside(
      reinterpret_cast<const std::uint8_t *>(text.data()), static_cast<std::int64_t>(text.size()),
      reinterpret_cast<const std::uint8_t *>(letters.data()), static_cast<std::int64_t>(letters.size()));
}

void letters_by_hand() {
  CHECK(outside("", "ACGT") == -1);
  CHECK(outside("ACGTN", "ACGTN") == -1);
  CHECK(outside("ACGTN", "ACGT") == 4);
  CHECK(outside("aCGT", "ACGT") == 0);
  CHECK(outside("A", "") == 0);
  CHECK(outside("ACGTNRYKM", "ACGTNRYK") == 8);
  // In blocks, with letters that are compared and with letters that are looked up.
  for (const std::string letters : {"A", "ACGTN", "ACGTNX", "ACGTNXY"})
    for (const std::size_t at : {0U, 63U, 4095U, 4096U, 9998U}) {
      std::string text(9999, 'A');
      CHECK(outside(text, letters) == -1);
      text[at] = 'r';
      CHECK_IN(outside(text, letters) == static_cast<std::int64_t>(at), letters);
    }
}

template <class Value, class Element>
gxfast::OneHotFaults faults(const std::vector<Value> &values, std::int64_t n, std::int64_t channels,
                            std::int64_t length, bool positions_first, Element sign) {
  static_assert(sizeof(Value) == sizeof(Element));
  std::vector<Element> bits(values.size());
  if (!values.empty())
    std::memcpy(bits.data(), values.data(), values.size() * sizeof(Element));
  Element one{};
  const Value number_one{1};
  std::memcpy(&one, &number_one, sizeof one);
  const std::int64_t channel = positions_first ? 1 : length, position = positions_first ? channels : 1;
  return gxfast::one_hot_faults<Element>(
      {bits.data(), n, channels, length, channels * length, channel, position}, one, sign);
}

void one_hot_by_hand() {
  const auto found = [](const std::vector<float> &values) {
    const gxfast::OneHotFaults of = faults<float, std::uint32_t>(values, 1, 2, 2, false, 0x80000000U);
    return std::string(of.other_value ? "o" : "") + (of.several ? "s" : "") + (of.unknown ? "u" : "");
  };
  CHECK(found({1, 0, 0, 1}).empty());
  CHECK(found({1, -0.0F, -0.0F, 1}).empty());
  CHECK(found({1, 0, 0, 0}) == "u");
  CHECK(found({1, 0, 1, 1}) == "s");
  CHECK(found({1, 0, 1, 0}) == "su");
  CHECK(found({-1, 0, 0, 1}).find('o') != std::string::npos);
  CHECK(found({0.5F, 0, 0, 1}).find('o') != std::string::npos);
}

/// Against sums over one position at a time, in both orders of axes and over the border of a block.
void one_hot_random() {
  std::mt19937 random(5);
  for (int trial = 0; trial < 400; ++trial) {
    const std::int64_t n = 1 + random() % 3, channels = 1 + random() % 5,
                       length = random() % 40 == 0 ? 4100 : random() % 20;
    std::vector<std::int8_t> values(static_cast<std::size_t>(n * channels * length), 0);
    for (std::int64_t i = 0; i < n * length; ++i)
      values[static_cast<std::size_t>(i * channels + random() % static_cast<unsigned>(channels))] = 1;
    for (auto changes = random() % 3; changes > 0 && !values.empty(); --changes)
      values[random() % values.size()] = static_cast<std::int8_t>(random() % 4 == 0 ? 2 : random() % 2);
    bool other = false, several = false, unknown = false;
    for (std::int64_t i = 0; i < n * length; ++i) {
      int ones = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        const int value = values[static_cast<std::size_t>(i * channels + c)];
        other |= value != 0 && value != 1;
        ones += value == 1 ? 1 : 0;
      }
      several |= ones > 1;
      unknown |= ones == 0;
    }
    const auto same = [&](const gxfast::OneHotFaults &of) {
      return of.other_value == other && of.several == several && of.unknown == unknown;
    };
    CHECK(same(faults<std::int8_t, std::uint8_t>(values, n, channels, length, true, 0)));
    std::vector<std::int8_t> turned(values.size());
    for (std::int64_t r = 0; r < n; ++r)
      for (std::int64_t i = 0; i < length; ++i)
        for (std::int64_t c = 0; c < channels; ++c)
          turned[static_cast<std::size_t>((r * channels + c) * length + i)] =
              values[static_cast<std::size_t>((r * length + i) * channels + c)];
    CHECK(same(faults<std::int8_t, std::uint8_t>(turned, n, channels, length, false, 0)));
    const std::vector<double> wide(turned.begin(), turned.end());
    CHECK(same(faults<double, std::uint64_t>(wide, n, channels, length, false, std::uint64_t{1} << 63)));
  }
}

} // namespace

int main() {
  letters_by_hand();
  one_hot_by_hand();
  one_hot_random();
  return failures();
}
