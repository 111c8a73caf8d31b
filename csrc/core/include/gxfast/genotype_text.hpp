#pragma once

#include <cstdint>

namespace gxfast {

/// Reads the sample columns of a VCF line whose first FORMAT field is GT, when every call is one of the
/// common kinds: two alleles of one digit (or `.`), separated by `|` or `/`. text: from the first sample's
/// first letter to the end of the line. calls: (n_samples, 2), -1 missing; unphased: (n_samples), 1 where two
/// different alleles have no order. Returns the largest allele number, or -1 if anything else is found: then
/// the caller has to parse the line in full, and what was written is to be ignored.
int read_plain_calls(const char *text, std::int64_t length, std::int64_t n_samples, std::int64_t n_fields,
                     std::int8_t *calls, std::uint8_t *unphased);

/// The fixed columns of a VCF line that need no header to be understood. Points into the line.
struct PlainLine {
  std::int64_t position; ///< 0-based
  const char *ref;
  std::int64_t ref_length;
  const char *alt;         ///< alleles separated by commas
  std::int64_t alt_length; ///< 0 where there is none (`.`)
  bool passed;             ///< FILTER is PASS or `.`
  std::int64_t n_fields;   ///< of FORMAT
  const char *samples;
  std::int64_t samples_length;
};

/// Splits a line. False if it says anything that htslib should decide: symbolic alleles, an END, other
/// FORMATs than GT first, or a position that is no plain number.
bool split_plain_line(const char *line, std::int64_t length, PlainLine &out);

/// read_plain_calls() for the GT values of a BCF record stored as two int8 per sample.
int read_plain_calls_bcf(const std::uint8_t *values, std::int64_t n_samples, std::int8_t *calls,
                         std::uint8_t *unphased);

} // namespace gxfast
