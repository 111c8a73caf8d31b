#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace gxfast::elastic_net {

/// Genotypes as the fits want them: people sorted by fold, SNPs that are equal (or complementary: 2 - x) kept
/// once. m equal columns with the same coefficient are one column of which the squared penalty is 1/m.
class Design {
public:
  Design(const std::int8_t *dosages, std::int64_t snps, std::int64_t people, const std::int32_t *folds,
         std::int64_t n_folds);

  std::int64_t people() const { return people_; }
  std::int64_t columns() const { return columns_; } ///< distinct SNPs
  std::int64_t padded() const { return padded_; }   ///< columns, in whole groups
  std::int64_t n_folds() const { return n_folds_; }
  std::int64_t fold_begin(std::int64_t fold) const { return begin_[static_cast<std::size_t>(fold)]; }
  /// Person (as given) at a place of the sorted order.
  std::int64_t person(std::int64_t place) const { return order_[static_cast<std::size_t>(place)]; }
  double copies(std::int64_t column) const { return copies_[static_cast<std::size_t>(column)]; }

  /// Dosages of one column over sorted people.
  const std::uint8_t *column(std::int64_t j) const { return by_column_.data() + j * people_; }
  /// Dosages of one person over columns, padded with 0.
  const std::uint8_t *row(std::int64_t place) const { return by_person_.data() + place * padded_; }

  /// Coefficients of columns to coefficients and intercept of SNPs as given.
  void spread(const std::vector<double> &of_columns, double intercept_of_columns, double *of_snps,
              double *intercept) const;

private:
  std::int64_t people_, columns_ = 0, padded_ = 0, n_folds_;
  std::vector<std::int64_t> order_, begin_;
  std::vector<std::int64_t> column_of_; // of each SNP; -1: the same in everybody
  std::vector<bool> flipped_;           // the column holds 2 - x
  std::vector<double> copies_;
  std::vector<std::uint8_t> by_column_, by_person_;
};

/// Products of a column with all others over the people of each fit. Whole numbers, exact as float for up to
/// 4 million people. Fit 0 has everybody, fit f + 1 everybody but fold f.
class Products {
public:
  explicit Products(const Design &design);
  /// Make those of these columns that are not there: several together read the genotypes once.
  void make(const std::vector<std::int64_t> &columns);
  const float *of(std::int64_t column, std::int64_t fit) const {
    return made_[static_cast<std::size_t>(column)].get() + fit * design_.padded();
  }

private:
  void make_batch(const std::int64_t *columns, std::int64_t n);
  const Design &design_;
  std::vector<std::unique_ptr<float[]>> made_;
  std::vector<std::int32_t> sums_;  // batch x (folds, everybody) x columns
  std::vector<std::uint8_t> bytes_; // batch x columns
};

} // namespace gxfast::elastic_net
