// Products of kTile SNPs, as 8 numbers at a time; the including namespace says what a Numbers is.

inline void widen(const std::int8_t *dosages, std::int64_t people, std::int64_t stride, double *wide) {
  for (std::int64_t t = 0; t < kTile; ++t)
    for (std::int64_t s = 0; s < people; ++s)
      wide[t * stride + s] = static_cast<double>(dosages[t * people + s]);
}

/// `kRows` SNPs with `kPanels` panels: as many sums as there are registers for.
template <int kRows, int kPanels>
inline void block(const double *wide, std::int64_t stride, std::int64_t people, const double *panel,
                  std::int64_t panel_stride, double *out, std::int64_t out_stride) {
  Numbers sums[kPanels][kRows];
  for (auto &row : sums)
    for (auto &sum : row)
      sum = zero();
  for (std::int64_t s = 0; s < people; ++s) {
    Numbers values[kPanels];
    for (int k = 0; k < kPanels; ++k)
      values[k] = load(panel + k * panel_stride + s * kLanes);
    for (int t = 0; t < kRows; ++t) {
      const Numbers dosage = fill(wide[t * stride + s]);
      for (int k = 0; k < kPanels; ++k)
        sums[k][t] = multiply_add(dosage, values[k], sums[k][t]);
    }
  }
  for (int k = 0; k < kPanels; ++k)
    for (int t = 0; t < kRows; ++t)
      store(sums[k][t], out + k * out_stride + t * kLanes);
}

template <int kPanels>
inline void tile(const double *wide, std::int64_t stride, std::int64_t people, const double *panel, double *out) {
  for (std::int64_t t = 0; t < kTile; t += kRowsTogether)
    block<kRowsTogether, kPanels>(wide + t * stride, stride, people, panel, people * kLanes, out + t * kLanes,
                                  kTile * kLanes);
}

inline void one_panel(const double *wide, std::int64_t stride, std::int64_t people, const double *panel,
                      double *out) {
  tile<1>(wide, stride, people, panel, out);
}

inline void three_panels(const double *wide, std::int64_t stride, std::int64_t people, const double *panel,
                         double *out) {
  tile<3>(wide, stride, people, panel, out);
}

inline void dots(const double *wide, std::int64_t stride, const double *y, double *out) {
  Numbers sums[kTile];
  for (auto &sum : sums)
    sum = zero();
  for (std::int64_t s = 0; s < stride; s += kLanes) {
    const Numbers values = load(y + s);
    for (int t = 0; t < kTile; ++t)
      sums[t] = multiply_add(load(wide + t * stride + s), values, sums[t]);
  }
  for (int t = 0; t < kTile; ++t) {
    double v[kLanes];
    store(sums[t], v);
    out[t] = ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
  }
}

constexpr Kernels kKernels = {widen, one_panel, three_panels, dots};
