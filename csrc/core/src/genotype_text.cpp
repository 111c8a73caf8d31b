#include "gxfast/genotype_text.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "gxfast/cpu.hpp"

namespace gxfast {
namespace {

// "0|0\t" and its kin as one little-endian word: everything but the lowest bit of the two digits is fixed.
constexpr std::uint32_t kPhasedPair = 0x09307C30U, kDigitBits = 0x00010001U;

/// Phased 0/1 calls of one byte each, tab after every one of them: the line of nearly every phased file.
/// Returns 0 if that is what stood there.
GXFAST_CLONES std::uint32_t read_pairs(const char *text, std::int64_t n, std::int8_t *calls) {
  std::uint32_t odd = 0;
  for (std::int64_t s = 0; s < n; ++s) {
    std::uint32_t word;
    std::memcpy(&word, text + 4 * s, sizeof word);
    odd |= (word & ~kDigitBits) ^ kPhasedPair;
    const auto pair = static_cast<std::uint16_t>((word & 1U) | (word >> 8 & 0x100U));
    std::memcpy(calls + 2 * s, &pair, sizeof pair);
  }
  return odd;
}

int digit_of(char letter) { return letter == '.' ? -1 : letter >= '0' && letter <= '9' ? letter - '0' : -2; }

/// One call at the start of `text`; its largest allele number (or -1 for none), or -2 if it is not plain.
int read_call(const char *text, std::int8_t *call, std::uint8_t *unphased) {
  const int first = digit_of(text[0]), second = digit_of(text[2]);
  if (first == -2 || second == -2 || (text[1] != '|' && text[1] != '/'))
    return -2;
  call[0] = static_cast<std::int8_t>(first);
  call[1] = static_cast<std::int8_t>(second);
  *unphased = text[1] == '/' && first != second;
  return std::max(first, second);
}

GXFAST_CLONES int bcf_pairs(const std::uint8_t *values, std::int64_t n, std::int8_t *calls,
                            std::uint8_t *unphased) {
  std::uint8_t all_bits = 0, largest = 0;
  for (std::int64_t s = 0; s < n; ++s) {
    const std::uint8_t first = values[2 * s], second = values[2 * s + 1];
    all_bits |= static_cast<std::uint8_t>(first | second);
    const auto a = static_cast<std::uint8_t>((first >> 1) - 1),
               b = static_cast<std::uint8_t>((second >> 1) - 1);
    largest = std::max(largest, std::max(first, second));
    calls[2 * s] = static_cast<std::int8_t>(a);
    calls[2 * s + 1] = static_cast<std::int8_t>(b);
    unphased[s] = static_cast<std::uint8_t>((a != b) & ~second & 1U);
  }
  // The top bit marks missing haplotypes (haploid calls) and the reserved values.
  return (all_bits & 0x80U) != 0 ? -1 : std::max(0, (largest >> 1) - 1);
}

/// The part of `text` before `separator`, which is taken off with it.
std::string_view cut(std::string_view &text, char separator) {
  const auto at = text.find(separator);
  const auto part = text.substr(0, at);
  text = at == text.npos ? std::string_view() : text.substr(at + 1);
  return part;
}

PhaseFields phase_fields(std::string_view format) {
  PhaseFields found;
  if (format.size() == 2) // GT alone
    return found;
  for (std::int64_t i = 0; !format.empty(); ++i) {
    const auto name = cut(format, ':');
    found.ps = name == "PS" ? i : found.ps;
    found.psl = name == "PSL" ? i : found.psl;
    found.pid = name == "PID" ? i : found.pid;
    found.pgt = name == "PGT" ? i : found.pgt;
  }
  return found;
}

/// A list of equal names is that name; what is missing in it says nothing.
std::string_view one_name(std::string_view text) {
  if (text.find(',') == text.npos)
    return text;
  std::string_view rest = text, only = ".";
  while (!rest.empty()) {
    const auto name = cut(rest, ',');
    if (name != "." && only != "." && name != only)
      return text;
    only = name == "." ? only : name;
  }
  return only;
}

/// The phase set of one sample's column, whose fields are counted from 0; `pgt` is set to its text.
std::int64_t set_in(std::string_view column, const PhaseFields &fields, std::string_view &pgt) {
  std::int64_t ps = 0, psl = 0, pid = 0;
  for (std::int64_t i = 0; !column.empty(); ++i) {
    const auto field = cut(column, ':');
    if (i == fields.pgt)
      pgt = field;
    else if (i == fields.ps || i == fields.psl || i == fields.pid)
      (i == fields.ps    ? ps
       : i == fields.psl ? psl
                         : pid) = phase_set_of(field.data(), static_cast<std::int64_t>(field.size()));
  }
  return ps != 0 ? ps : psl != 0 ? psl : pid;
}

} // namespace

std::int64_t phase_set_of(const char *text, std::int64_t length) {
  constexpr std::uint64_t kOffset = 14695981039346656037U, kPrime = 1099511628211U; // FNV-1a
  const auto name = one_name({text, static_cast<std::size_t>(length)});
  if (name.empty() || name == ".")
    return 0;
  if (name.size() < 18 && name.find_first_not_of("0123456789") == name.npos)
    return std::stoll(std::string(name)) + 1;
  std::uint64_t hash = kOffset;
  for (const char letter : name)
    hash = (hash ^ static_cast<std::uint8_t>(letter)) * kPrime;
  return static_cast<std::int64_t>(hash | 1ULL << 63U);
}

std::int64_t phase_set_of(std::int64_t number) {
  const std::string text = std::to_string(number);
  return phase_set_of(text.data(), static_cast<std::int64_t>(text.size()));
}

bool order_by_pgt(const char *text, std::int64_t length, std::int8_t *call) {
  const std::string_view pgt(text, static_cast<std::size_t>(length));
  const std::int8_t other = std::max(call[0], call[1]);
  if ((pgt != "0|1" && pgt != "1|0") || std::min(call[0], call[1]) != 0)
    return false;
  call[pgt == "0|1" ? 0 : 1] = 0;
  call[pgt == "0|1" ? 1 : 0] = other;
  return true;
}

void read_phase_sets(const char *text, std::int64_t length, std::int64_t n_samples, const PhaseFields &fields,
                     std::int8_t *calls, std::uint8_t *unphased, std::int64_t *sets) {
  std::string_view rest(text, static_cast<std::size_t>(length));
  for (std::int64_t s = 0; s < n_samples; ++s) {
    const auto column = cut(rest, '\t');
    sets[s] = 0;
    if (calls[2 * s] == calls[2 * s + 1] || calls[2 * s + 1] == -2)
      continue;
    std::string_view pgt;
    const std::int64_t set = set_in(column, fields, pgt);
    const auto n = static_cast<std::int64_t>(pgt.size());
    if (unphased[s] != 0 && set != 0 && order_by_pgt(pgt.data(), n, calls + 2 * s))
      unphased[s] = 0;
    sets[s] = unphased[s] != 0 ? 0 : set;
  }
}

int read_plain_calls(const char *text, std::int64_t length, std::int64_t n_samples, std::int64_t n_fields,
                     std::int8_t *calls, std::uint8_t *unphased) {
  if (n_samples <= 0)
    return -1;
  if (length == 4 * n_samples - 1 && read_pairs(text, n_samples - 1, calls) == 0) {
    const char *last = text + 4 * (n_samples - 1);
    std::memset(unphased, 0, static_cast<std::size_t>(n_samples));
    const int largest = read_call(last, calls + 2 * (n_samples - 1), unphased + n_samples - 1);
    return largest == -2 ? -1 : std::max(largest, 1);
  }
  const char *const end = text + length;
  int largest = 0;
  for (std::int64_t s = 0; s < n_samples; ++s) {
    if (end - text < 3)
      return -1;
    const int found = read_call(text, calls + 2 * s, unphased + s);
    const bool whole = end - text == 3 || text[3] == '\t' || text[3] == ':';
    if (found == -2 || !whole)
      return -1;
    largest = std::max(largest, found);
    const auto *tab =
        static_cast<const char *>(std::memchr(text, '\t', static_cast<std::size_t>(end - text)));
    if ((tab == nullptr) != (s == n_samples - 1))
      return -1;
    if (std::count(text, tab == nullptr ? end : tab, ':') >= n_fields)
      return -1;
    text = tab == nullptr ? end : tab + 1;
  }
  return largest;
}

bool split_plain_line(const char *line, std::int64_t length, PlainLine &out) {
  constexpr int kFixed = 9; // CHROM to FORMAT
  if (length <= 0)
    return false;
  const char *column[kFixed + 1];
  std::int64_t size[kFixed];
  column[0] = line;
  for (int c = 0; c < kFixed; ++c) {
    const std::int64_t rest = length - (column[c] - line);
    const auto *tab = static_cast<const char *>(std::memchr(column[c], '\t', static_cast<std::size_t>(rest)));
    if (tab == nullptr)
      return false;
    size[c] = tab - column[c];
    column[c + 1] = tab + 1;
  }
  const auto text = [&](int c) { return std::string_view(column[c], static_cast<std::size_t>(size[c])); };
  const std::string_view position = text(1), alt = text(4), filter = text(6), format = text(8);
  const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
  const bool is_number =
      !position.empty() && position.size() < 16 && std::all_of(position.begin(), position.end(), is_digit);
  const bool twice =
      format.find(":GT:") != format.npos || (format.size() > 3 && format.substr(format.size() - 3) == ":GT");
  const bool has_gt_first = (format == "GT" || format.substr(0, 3) == "GT:") && !twice;
  if (!is_number || !has_gt_first || alt.find('<') != alt.npos || text(7).find("END=") != alt.npos)
    return false;
  out.position = -1;
  std::int64_t value = 0;
  for (const char digit : position)
    value = 10 * value + (digit - '0');
  out.position += value;
  out.ref = column[3];
  out.ref_length = size[3];
  out.alt = column[4];
  out.alt_length = alt == "." ? 0 : size[4];
  out.passed = filter == "PASS" || filter == ".";
  out.n_fields = std::count(format.begin(), format.end(), ':') + 1;
  out.phase = phase_fields(format);
  out.samples = column[kFixed];
  out.samples_length = length - (column[kFixed] - line);
  return out.ref_length > 0;
}

int read_plain_calls_bcf(const std::uint8_t *values, std::int64_t n_samples, std::int8_t *calls,
                         std::uint8_t *unphased) {
  return bcf_pairs(values, n_samples, calls, unphased);
}

} // namespace gxfast
