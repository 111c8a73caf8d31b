#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels.hpp"

namespace gxfast::association {

inline std::int64_t whole(std::int64_t n, std::int64_t group) { return (n + group - 1) / group * group; }

/// Tiles of SNPs as double, the last one filled up with SNPs that nobody carries.
class Tiles {
public:
  Tiles(const std::int8_t *dosages, std::int64_t snps, std::int64_t people)
      : dosages_(dosages), snps_(snps), people_(people), stride_(whole(people, kLanes)),
        room_(static_cast<std::size_t>((kTile + 1) * stride_)), wide_(aligned(room_.data())) {}

  const double *at(std::int64_t snp) {
    kernels().widen(counts(snp), people_, stride_, wide_);
    return wide_;
  }
  /// Dosages of a tile, kLanes more to read behind it.
  const std::int8_t *counts(std::int64_t snp) {
    const std::int8_t *from = dosages_ + snp * people_;
    if (snp + kTile < snps_ && people_ >= kLanes)
      return from;
    rest_.assign(static_cast<std::size_t>(kTile * people_ + kLanes), 0);
    std::copy(from, dosages_ + std::min(snp + kTile, snps_) * people_, rest_.begin());
    return rest_.data();
  }
  std::int64_t stride() const { return stride_; }

private:
  /// At 64 bytes: a store that spans two lines of the cache takes as long as four.
  static double *aligned(double *from) {
    return from + (64 - reinterpret_cast<std::uintptr_t>(from) % 64) % 64 / sizeof(double);
  }

  const std::int8_t *dosages_;
  std::int64_t snps_, people_, stride_;
  std::vector<double> room_;
  double *wide_;
  std::vector<std::int8_t> rest_;
};

} // namespace gxfast::association
