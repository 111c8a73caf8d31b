#pragma once

// Tables of variants made of records, and haplotypes as letters and positions: for tests and fuzz targets.

#include <cstdint>
#include <string>
#include <vector>

#include "gxfast/haplotype.hpp"
#include "haplotype_reference.hpp"

namespace gxfast::tests {

using reference::Record;

/// Owns what a VariantTable points at.
struct Table {
  std::vector<std::int64_t> position, ref_length, first_allele{0}, allele_offset{0};
  std::string letters;
  std::vector<std::uint8_t> bases;

  explicit Table(const std::vector<Record> &records) {
    for (const Record &record : records) {
      position.push_back(record.position);
      ref_length.push_back(record.ref_length);
      for (const std::string &allele : record.alleles) {
        letters += allele;
        allele_offset.push_back(static_cast<std::int64_t>(letters.size()));
      }
      first_allele.push_back(static_cast<std::int64_t>(allele_offset.size()) - 1);
    }
    bases.assign(letters.begin(), letters.end());
  }

  gxfast::VariantTable view() const {
    return {static_cast<std::int64_t>(position.size()),
            position.data(),
            ref_length.data(),
            first_allele.data(),
            allele_offset.data(),
            bases.data()};
  }
};

/// The allele indices that a row of allele numbers stands for.
inline std::vector<std::int32_t> indices(const Table &table, const std::vector<std::int8_t> &alleles) {
  std::vector<std::int32_t> found;
  for (std::size_t v = 0; v < alleles.size(); ++v)
    if (alleles[v] > 0)
      found.push_back(static_cast<std::int32_t>(table.first_allele[v] + alleles[v]));
  return found;
}

struct Built {
  std::string letters;
  std::vector<std::int64_t> positions;
  bool operator==(const Built &other) const {
    return letters == other.letters && positions == other.positions;
  }
};

inline Built write(const gxfast::HaplotypeLayout &layout) {
  const auto length = static_cast<std::size_t>(gxfast::total_length(layout));
  std::vector<std::uint8_t> bases(length);
  Built built{std::string(length, '.'), std::vector<std::int64_t>(length)};
  gxfast::write_bases(layout, bases.data());
  gxfast::write_positions(layout, built.positions.data());
  built.letters.assign(bases.begin(), bases.end());
  return built;
}

inline Built flatten(const std::vector<gxfast::reference::Base> &bases) {
  Built built;
  for (const auto &base : bases) {
    built.letters += base.letter;
    built.positions.push_back(base.position);
  }
  return built;
}

} // namespace gxfast::tests
