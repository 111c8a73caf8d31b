// Lines of a VCF, letters as they come or words of the format, against the same line cut into strings.

#include <cstring>

#include "genotype_text_reference.hpp"
#include "gxfast/genotype_text.hpp"
#include "input.hpp"

namespace {

using namespace gxfast;

constexpr const char *kWords[] = {"\t",
                                  ":",
                                  "0|1",
                                  "1|0",
                                  "0/1",
                                  "1|1",
                                  "0|0",
                                  ".|.",
                                  "./.",
                                  "2|10",
                                  ".",
                                  ",",
                                  "GT",
                                  ":PS",
                                  ":PGT",
                                  ":PID",
                                  ":PSL",
                                  "PASS",
                                  "A",
                                  "<DEL>",
                                  "END=5",
                                  "17",
                                  "0",
                                  "|",
                                  "/",
                                  "chr1\t10\t.\tA\tC\t.\tPASS\t.\tGT:PS:PGT:PID:PSL\t",
                                  "1\t5\t.\tA\tC,G\t.\t.\tAC=1\tGT\t",
                                  "0|0\t0|1\t1|0\t1|1\t",
                                  "007",
                                  "a",
                                  "-5",
                                  "99999999999999999"};

std::string draw_text(fuzz::Input &input) {
  const bool words = input.flag();
  std::string text;
  while (input.left() > 0) {
    const std::uint8_t byte = input.byte();
    if (words)
      text += kWords[byte % (sizeof kWords / sizeof *kWords)];
    else
      text += static_cast<char>(byte);
  }
  return text;
}

/// What a column holds in the field of a number; empty if there is none.
std::string field(const std::vector<std::string> &fields, std::int64_t number) {
  return number >= 0 && number < static_cast<std::int64_t>(fields.size())
             ? fields[static_cast<std::size_t>(number)]
             : "";
}

void check_set(const std::string &text, std::int64_t set) {
  const std::string name = reference::set_name(text);
  if (name.empty())
    EXPECT(set == 0);
  else if (reference::is_whole_number(name, 18))
    EXPECT(set == std::stoll(name) + 1);
  else
    EXPECT(set < 0 && set == phase_set_of(name.data(), static_cast<std::int64_t>(name.size())));
}

void check_samples(const std::string &text, std::size_t n, std::size_t n_fields, const PhaseFields &phase) {
  const std::vector<char> exact(text.begin(), text.end());
  const auto length = static_cast<std::int64_t>(exact.size());
  std::vector<std::int8_t> calls(2 * n);
  std::vector<std::uint8_t> unphased(n);
  const int largest = read_plain_calls(exact.data(), length, static_cast<std::int64_t>(n),
                                       static_cast<std::int64_t>(n_fields), calls.data(), unphased.data());
  const reference::Calls expected = reference::plain_calls(text, n, n_fields);
  EXPECT((largest >= 0) == expected.plain);
  if (!expected.plain)
    return;
  // The quick way says 1 for a line of zeros.
  EXPECT(largest == expected.largest || (largest == 1 && expected.largest == 0));
  for (std::size_t i = 0; i < calls.size(); ++i)
    EXPECT(calls[i] == expected.alleles[i]);
  for (std::size_t s = 0; s < n; ++s)
    EXPECT((unphased[s] != 0) == expected.unphased[s]);

  std::vector<std::int64_t> sets(n);
  read_phase_sets(exact.data(), length, static_cast<std::int64_t>(n), phase, calls.data(), unphased.data(),
                  sets.data());
  const std::vector<std::string> samples = reference::split(text, '\t');
  for (std::size_t s = 0; s < n; ++s) {
    const std::vector<std::string> fields = reference::split(samples[s], ':');
    const int a = expected.alleles[2 * s], b = expected.alleles[2 * s + 1];
    std::string name;
    for (const std::int64_t number : {phase.pid, phase.psl, phase.ps})
      if (!reference::set_name(field(fields, number)).empty())
        name = field(fields, number);
    const std::string pgt = field(fields, phase.pgt);
    const bool ordered = expected.unphased[s] && std::min(a, b) == 0 && !reference::set_name(name).empty() &&
                         (pgt == "0|1" || pgt == "1|0");
    const int first = !ordered ? a : pgt == "0|1" ? 0 : std::max(a, b);
    EXPECT(calls[2 * s] == first && calls[2 * s + 1] == a + b - first);
    EXPECT((unphased[s] != 0) == (expected.unphased[s] && !ordered));
    check_set(a == b || unphased[s] != 0 ? "" : name, sets[s]);
  }
}

void check_bcf(const std::vector<std::uint8_t> &values) {
  const std::size_t n = values.size() / 2;
  std::vector<std::int8_t> calls(2 * n);
  std::vector<std::uint8_t> unphased(n);
  const int largest =
      read_plain_calls_bcf(values.data(), static_cast<std::int64_t>(n), calls.data(), unphased.data());
  int expected = 0;
  bool odd = false;
  for (std::size_t i = 0; i < 2 * n; ++i) {
    odd = odd || values[i] >= 0x80;
    expected = std::max(expected, values[i] / 2 - 1);
  }
  EXPECT(largest == (odd ? -1 : expected));
  for (std::size_t i = 0; i < 2 * n && !odd; ++i)
    EXPECT(calls[i] == values[i] / 2 - 1);
  for (std::size_t s = 0; s < n && !odd; ++s)
    EXPECT((unphased[s] != 0) == (calls[2 * s] != calls[2 * s + 1] && values[2 * s + 1] % 2 == 0));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t kind = input.byte();
  const std::size_t n = input.size(1, 6), n_fields = input.size(1, 6);
  if (kind % 4 == 3) {
    std::vector<std::uint8_t> values(2 * (input.left() / 2));
    for (std::uint8_t &value : values)
      value = static_cast<std::uint8_t>(input.byte() % (kind < 128 ? 8 : 256));
    check_bcf(values);
    return 0;
  }
  if (kind % 4 == 2) {
    PhaseFields phase;
    phase.ps = input.between(-1, 4), phase.psl = input.between(-1, 4), phase.pid = input.between(-1, 4);
    const bool apart = phase.ps != phase.psl && phase.ps != phase.pid && phase.psl != phase.pid;
    phase.pgt = input.between(-1, 4);
    const std::string text = draw_text(input);
    if (apart && phase.pgt != phase.ps && phase.pgt != phase.psl && phase.pgt != phase.pid)
      check_samples(text, n, n_fields, phase);
    check_set(text, phase_set_of(text.data(), static_cast<std::int64_t>(text.size())));
    return 0;
  }
  const std::string text = draw_text(input);
  const std::vector<char> exact(text.begin(), text.end());
  PlainLine found{};
  const bool plain = split_plain_line(exact.data(), static_cast<std::int64_t>(exact.size()), found);
  const reference::Line line = reference::split_line(text);
  EXPECT(plain == line.plain);
  if (!plain)
    return 0;
  const auto cut = [](const char *from, std::int64_t length) { return std::string(from, from + length); };
  EXPECT(found.position == std::stoll(line.columns[1]) - 1);
  EXPECT(cut(found.ref, found.ref_length) == line.columns[3]);
  EXPECT(cut(found.alt, found.alt_length) == (line.columns[4] == "." ? "" : line.columns[4]));
  EXPECT(found.passed == (line.columns[6] == "PASS" || line.columns[6] == "."));
  const std::vector<std::string> format = reference::split(line.columns[8], ':');
  EXPECT(found.n_fields == static_cast<std::int64_t>(format.size()));
  const auto at = [&](std::int64_t number) { return field(format, number); };
  const auto named = [&](const char *name) { return std::count(format.begin(), format.end(), name) > 0; };
  EXPECT(named("PS") ? at(found.phase.ps) == "PS" : found.phase.ps == -1);
  EXPECT(named("PSL") ? at(found.phase.psl) == "PSL" : found.phase.psl == -1);
  EXPECT(named("PID") ? at(found.phase.pid) == "PID" : found.phase.pid == -1);
  EXPECT(named("PGT") ? at(found.phase.pgt) == "PGT" : found.phase.pgt == -1);
  EXPECT(cut(found.samples, found.samples_length) == line.columns[9]);
  check_samples(line.columns[9], n, format.size(), found.phase);
  check_samples(line.columns[9], reference::split(line.columns[9], '\t').size(), format.size(), found.phase);
  return 0;
}
