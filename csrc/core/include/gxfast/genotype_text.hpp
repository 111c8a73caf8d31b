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

/// Where FORMAT names what says which calls are phased with each other; -1 where it does not.
struct PhaseFields {
  std::int64_t ps = -1, psl = -1, pid = -1, pgt = -1;

  bool any() const { return ps >= 0 || psl >= 0 || pid >= 0; }
};

/// The fixed columns of a VCF line that need no header to be understood. Points into the line.
struct PlainLine {
  std::int64_t position; ///< 0-based
  const char *ref;
  std::int64_t ref_length;
  const char *alt;         ///< alleles separated by commas
  std::int64_t alt_length; ///< 0 where there is none (`.`)
  bool passed;             ///< FILTER is PASS or `.`
  std::int64_t n_fields;   ///< of FORMAT
  PhaseFields phase;
  const char *samples;
  std::int64_t samples_length;
};

/// The number of a phase set from its text (PS, one entry of PSL, PID): 0 where it is missing, one more than
/// a whole number, and a negative number made of all letters for other names. Equal entries of a list are one
/// name.
std::int64_t phase_set_of(const char *text, std::int64_t length);

/// The same for a number.
std::int64_t phase_set_of(std::int64_t number);

/// Puts a heterozygous call of the reference and one other allele into the order of GATK's PGT (`0|1`,
/// `1|0`). Returns whether PGT gave one.
bool order_by_pgt(const char *text, std::int64_t length, std::int8_t *call);

/// The phase set of every heterozygous call of a line that read_plain_calls() has read; 0 for all other
/// calls. A call without order that PGT orders within a set is given that order, and is no longer unphased.
void read_phase_sets(const char *text, std::int64_t length, std::int64_t n_samples, const PhaseFields &fields,
                     std::int8_t *calls, std::uint8_t *unphased, std::int64_t *sets);

/// Splits a line. False if it says anything that htslib should decide: symbolic alleles, an END, other
/// FORMATs than GT first, or a position that is no plain number.
bool split_plain_line(const char *line, std::int64_t length, PlainLine &out);

/// read_plain_calls() for the GT values of a BCF record stored as two int8 per sample.
int read_plain_calls_bcf(const std::uint8_t *values, std::int64_t n_samples, std::int8_t *calls,
                         std::uint8_t *unphased);

} // namespace gxfast
