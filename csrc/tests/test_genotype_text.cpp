#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "gxfast/genotype_text.hpp"

namespace {

struct Calls {
  int largest;
  std::vector<std::int8_t> calls;
  std::vector<std::uint8_t> unphased;
};

Calls read(const std::string &text, std::size_t n, std::int64_t n_fields = 3) {
  // Just enough memory for the line, so that the sanitizers see any read past it.
  const std::vector<char> line(text.begin(), text.end());
  Calls found{0, std::vector<std::int8_t>(2 * n, 9), std::vector<std::uint8_t>(n, 9)};
  found.largest = gxfast::read_plain_calls(line.data(), static_cast<std::int64_t>(line.size()),
                                           static_cast<std::int64_t>(n), n_fields, found.calls.data(),
                                           found.unphased.data());
  return found;
}

void hand_worked() {
  const Calls pairs = read("0|1\t1|1\t0|0", 3);
  CHECK(pairs.largest == 1);
  CHECK((pairs.calls == std::vector<std::int8_t>{0, 1, 1, 1, 0, 0}));
  CHECK((pairs.unphased == std::vector<std::uint8_t>{0, 0, 0}));
  const Calls mixed = read("0/1:9:x\t.|2\t1/1:3\t./.", 4);
  CHECK(mixed.largest == 2);
  CHECK((mixed.calls == std::vector<std::int8_t>{0, 1, -1, 2, 1, 1, -1, -1}));
  CHECK((mixed.unphased == std::vector<std::uint8_t>{1, 0, 0, 0}));
  CHECK(read("0/1", 1).unphased[0] == 1);
  CHECK(read("0|1:5", 1, 2).largest == 1);
  CHECK(read("0|1:5", 1, 1).largest == -1);
  for (const char *odd : {"0\t0|1", "0|1", "0|1\t0|1\t0|1", "10|0\t0|1", "0|1\t0|10", "0|1|1\t0|1",
                          "a|1\t0|0", "0|1\t", "\t0|1", "0|1\t0", "", "0|1 0|1", "0|1\t0|1\t", "0|1\t0|1x"})
    CHECK_IN(read(odd, 2).largest == -1, odd);
}

void fixed_columns() {
  gxfast::PlainLine found;
  std::string kept; // what was found points into the line
  const auto split = [&](const std::string &line) {
    kept = line;
    return gxfast::split_plain_line(kept.data(), static_cast<std::int64_t>(kept.size()), found);
  };
  CHECK(split("1\t10\t.\tAC\tG,T\t.\tPASS\tAC=1\tGT:DS\t0|1:0.1"));
  CHECK(found.position == 9 && found.ref_length == 2 && found.alt_length == 3 && found.passed);
  CHECK(std::string(found.samples, static_cast<std::size_t>(found.samples_length)) == "0|1:0.1");
  CHECK(split("1\t10\t.\tA\t.\t.\tq10\t.\tGT\t0|0"));
  CHECK(found.alt_length == 0 && !found.passed && !found.phase.any());
  CHECK(split("1\t10\t.\tA\tG\t.\t.\t.\tGT:PGT:PID:DP:PS\t0|1"));
  CHECK(found.phase.pgt == 1 && found.phase.pid == 2 && found.phase.ps == 4 && found.phase.psl == -1);
  for (const char *odd :
       {"1\t10\t.\tA\t<DEL>\t.\t.\t.\tGT\t0|1", "1\t10\t.\tA\tG\t.\t.\tDP=3;END=20\tGT\t0|1",
        "1\t10\t.\tA\tG\t.\t.\t.\tDS:GT\t0|1", "1\t10\t.\tA\tG\t.\t.\t.\tGTX\t0|1",
        "1\t10\t.\tA\tG\t.\t.\t.\tGT:GT\t0|1:0|1", "1\tx\t.\tA\tG\t.\t.\t.\tGT\t0|1",
        "1\t\t.\tA\tG\t.\t.\t.\tGT\t0|1", "1\t10\t.\tA\tG\t.\t.\t.\tGT", "1\t10\t.\t\tG\t.\t.\t.\tGT\t0|1",
        "1\t12345678901234567\t.\tA\tG\t.\t.\t.\tGT\t0|1", ""})
    CHECK_IN(!split(odd), odd);
  CHECK(!gxfast::split_plain_line(nullptr, 0, found));
}

void phase_sets() {
  const auto set = [](const std::string &text) {
    return gxfast::phase_set_of(text.data(), static_cast<std::int64_t>(text.size()));
  };
  CHECK(set("") == 0 && set(".") == 0 && set(".,.") == 0);
  CHECK(set("980") == 981 && set("0") == 1 && set("980,980") == 981 && set(".,980") == 981);
  CHECK(set("980_G_T") < 0 && set("980_G_T") != set("980_G_A") && set("a,b") < 0 && set("-5") < 0);
  CHECK(gxfast::phase_set_of(980) == set("980") && gxfast::phase_set_of(-5) == set("-5"));

  const std::string text = "0|1:0|1:a:7\t0/1:1|0:a:.\t0/1:1|0:.:.\t1|1:0|1:a:7\t0|1\t2/0:0|1:b";
  gxfast::PhaseFields fields;
  fields.pgt = 1, fields.pid = 2, fields.ps = 3;
  Calls found = read(text, 6, 4);
  std::vector<std::int64_t> sets(6, 9);
  gxfast::read_phase_sets(text.data(), static_cast<std::int64_t>(text.size()), 6, fields, found.calls.data(),
                          found.unphased.data(), sets.data());
  CHECK((sets == std::vector<std::int64_t>{8, set("a"), 0, 0, 0, set("b")}));
  CHECK((found.calls == std::vector<std::int8_t>{0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 2}));
  CHECK((found.unphased == std::vector<std::uint8_t>{0, 0, 1, 0, 0, 0}));
}

void random_cases() {
  std::mt19937 random(3);
  for (int k = 0; k < 3000; ++k) {
    const std::size_t n = 1 + random() % 90;
    const bool common = random() % 2 == 0;
    std::string text;
    std::vector<std::int8_t> calls;
    std::vector<std::uint8_t> unphased, bcf;
    int largest = 0;
    for (std::size_t s = 0; s < n; ++s) {
      const bool phased = common || random() % 4 != 0;
      int pair[2];
      for (int &allele : pair)
        allele = common ? static_cast<int>(random() % 2) : static_cast<int>(random() % 11) - 1;
      for (const int &allele : pair) {
        calls.push_back(static_cast<std::int8_t>(allele));
        text += allele < 0 ? '.' : static_cast<char>('0' + allele);
        text += &allele == pair ? (phased ? '|' : '/') : '\t';
        largest = std::max(largest, allele);
      }
      bcf.push_back(static_cast<std::uint8_t>((pair[0] + 1) << 1));
      bcf.push_back(static_cast<std::uint8_t>((pair[1] + 1) << 1 | (phased ? 1 : 0)));
      unphased.push_back(!phased && pair[0] != pair[1]);
    }
    text.pop_back();
    const Calls found = read(text, n);
    CHECK_IN(found.largest >= largest && found.calls == calls && found.unphased == unphased, text);
    std::vector<std::int8_t> from_bcf(2 * n);
    std::vector<std::uint8_t> bcf_unphased(n);
    const int bcf_largest = gxfast::read_plain_calls_bcf(bcf.data(), static_cast<std::int64_t>(n),
                                                         from_bcf.data(), bcf_unphased.data());
    CHECK_IN(bcf_largest == largest && from_bcf == calls && bcf_unphased == unphased, text);
    bcf[random() % bcf.size()] = 0x81; // the end of a haploid call
    CHECK(gxfast::read_plain_calls_bcf(bcf.data(), static_cast<std::int64_t>(n), from_bcf.data(),
                                       bcf_unphased.data()) == -1);
  }
}

} // namespace

int main() {
  hand_worked();
  fixed_columns();
  phase_sets();
  random_cases();
  return failures();
}
