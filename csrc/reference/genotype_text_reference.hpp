#pragma once

// VCF lines cut into strings, field by field.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace gxfast::reference {

/// The parts between separators; with `most`, the last one keeps what is left.
inline std::vector<std::string> split(const std::string &text, char separator, std::size_t most = SIZE_MAX) {
  std::vector<std::string> parts(1);
  for (const char letter : text)
    if (letter == separator && parts.size() < most)
      parts.emplace_back();
    else
      parts.back() += letter;
  return parts;
}

inline bool is_whole_number(const std::string &text, std::size_t shorter_than) {
  return !text.empty() && text.size() < shorter_than && text.find_first_not_of("0123456789") == text.npos;
}

/// The name of a phase set as it counts: empty if missing, a number without leading zeros, or all letters.
inline std::string set_name(const std::string &text) {
  std::vector<std::string> parts = split(text, ',');
  if (parts.size() > 1 && parts.back().empty())
    parts.pop_back();
  std::vector<std::string> named;
  for (const std::string &part : parts)
    if (part != ".")
      named.push_back(part);
  const bool one =
      std::all_of(named.begin(), named.end(), [&](const auto &part) { return part == named[0]; });
  const std::string name = named.empty() ? "" : one ? named[0] : text;
  return is_whole_number(name, 18) ? std::to_string(std::stoll(name)) : name;
}

struct Line {
  std::vector<std::string> columns; ///< CHROM to FORMAT, and the samples in one
  bool plain;                       ///< whether no header is needed to read it
};

inline Line split_line(const std::string &text) {
  Line line{split(text, '\t', 10), false};
  if (line.columns.size() < 10)
    return line;
  const std::vector<std::string> format = split(line.columns[8], ':');
  line.plain = is_whole_number(line.columns[1], 16) && format[0] == "GT" &&
               std::count(format.begin(), format.end(), "GT") == 1 && !line.columns[3].empty() &&
               line.columns[4].find('<') == std::string::npos &&
               line.columns[7].find("END=") == std::string::npos;
  return line;
}

struct Calls {
  bool plain = false;
  int largest = 0;
  std::vector<int> alleles; ///< two for each sample
  std::vector<bool> unphased;
};

inline Calls plain_calls(const std::string &text, std::size_t n_samples, std::size_t n_fields) {
  Calls found;
  const std::vector<std::string> samples = split(text, '\t');
  if (samples.size() != n_samples)
    return found;
  for (const std::string &sample : samples) {
    const std::vector<std::string> fields = split(sample, ':');
    const std::string &call = fields[0];
    const auto is_allele = [](char letter) { return letter == '.' || (letter >= '0' && letter <= '9'); };
    if (fields.size() > n_fields || call.size() != 3 || !is_allele(call[0]) || !is_allele(call[2]) ||
        (call[1] != '|' && call[1] != '/'))
      return found;
    for (const char letter : {call[0], call[2]}) {
      found.alleles.push_back(letter == '.' ? -1 : letter - '0');
      found.largest = std::max(found.largest, found.alleles.back());
    }
    found.unphased.push_back(call[1] == '/' && call[0] != call[2]);
  }
  found.plain = true;
  return found;
}

} // namespace gxfast::reference
