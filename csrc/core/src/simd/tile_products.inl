// Products of kTile SNPs, as 8 numbers at a time.

#include GXFAST_OF_SET(numbers)

inline void widen(const std::int8_t *dosages, std::int64_t people, std::int64_t stride, double *wide) {
  for (std::int64_t t = 0; t < kTile; ++t, dosages += people, wide += stride) {
    std::int64_t s = 0;
    // not left to the compiler, whose steps from 8 to 64 bits take five times as long
    for (; s + kLanes <= people; s += kLanes)
      store(load(dosages + s), wide + s);
    for (; s < people; ++s)
      wide[s] = static_cast<double>(dosages[s]);
  }
}

inline void sums(const std::int8_t *dosages, std::int64_t people, std::int32_t *sum, std::int32_t *squares) {
  std::int32_t all = 0, square = 0;
  for (std::int64_t s = 0; s < people; ++s) {
    all += dosages[s];
    square += dosages[s] * dosages[s];
  }
  *sum = all;
  *squares = square;
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
inline void tile(const double *wide, std::int64_t stride, std::int64_t people, const double *panel,
                 double *out) {
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

template <int kGenes, class T>
inline void dots_of(const T *rows, std::int64_t between, std::int64_t stride, const double *const *y,
                    double *out) {
  Numbers sums[kGenes][kTile];
  for (auto &row : sums)
    for (auto &sum : row)
      sum = zero();
  for (std::int64_t s = 0; s < stride; s += kLanes) {
    Numbers values[kGenes];
    for (int g = 0; g < kGenes; ++g)
      values[g] = load(y[g] + s);
    for (int t = 0; t < kTile; ++t) {
      const Numbers genotypes = load(rows + t * between + s);
      for (int g = 0; g < kGenes; ++g)
        sums[g][t] = multiply_add(genotypes, values[g], sums[g][t]);
    }
  }
  for (int g = 0; g < kGenes; ++g)
    for (int t = 0; t < kTile; ++t) {
      double v[kLanes];
      store(sums[g][t], v);
      out[g * kTile + t] = ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
    }
}

inline void dots(const double *wide, std::int64_t stride, const double *y, double *out) {
  dots_of<1>(wide, stride, stride, &y, out);
}

inline void two_dots(const double *wide, std::int64_t stride, const double *y, const double *z, double *out) {
  const double *both[2] = {y, z};
  dots_of<2>(wide, stride, stride, both, out);
}

inline void count_dots(const std::int8_t *dosages, std::int64_t people, std::int64_t stride, const double *y,
                       double *out) {
  dots_of<1>(dosages, people, stride, &y, out);
}

inline void count_sum(const std::int8_t *dosages, std::int64_t people, std::int64_t stride,
                      const double *weight, double *out) {
  Numbers weights[kTile];
  for (int t = 0; t < kTile; ++t)
    weights[t] = fill(weight[t]);
  for (std::int64_t s = 0; s < stride; s += kLanes) {
    Numbers sum = load(out + s);
    for (int t = 0; t < kTile; ++t)
      sum = multiply_add(load(dosages + t * people + s), weights[t], sum);
    store(sum, out + s);
  }
}

/// `kRows` SNPs with one panel of permutations.
template <int kRows>
inline void largest_of(const float *unit, std::int64_t people, const float *panel, float *best) {
  Floats sums[3][kRows];
  for (auto &row : sums)
    for (auto &sum : row)
      sum = zero_floats();
  for (std::int64_t s = 0; s < people; ++s) {
    Floats values[3];
    for (int k = 0; k < 3; ++k)
      values[k] = load(panel + s * kPanel + k * kFloats);
    for (int t = 0; t < kRows; ++t) {
      const Floats genotype = fill(unit[t * people + s]);
      for (int k = 0; k < 3; ++k)
        sums[k][t] = multiply_add(genotype, values[k], sums[k][t]);
    }
  }
  for (int k = 0; k < 3; ++k) {
    Floats most = load(best + k * kFloats);
    for (int t = 0; t < kRows; ++t)
      most = larger(sums[k][t], most);
    store(most, best + k * kFloats);
  }
}

inline void largest(const float *unit, std::int64_t rows, std::int64_t people, const float *panel,
                    float *best) {
  std::int64_t v = 0;
  for (; v + kRowsTogether <= rows; v += kRowsTogether)
    largest_of<kRowsTogether>(unit + v * people, people, panel, best);
  for (; v < rows; ++v)
    largest_of<1>(unit + v * people, people, panel, best);
}

constexpr Kernels kKernels = {widen,    sums,       one_panel, three_panels, dots,
                              two_dots, count_dots, count_sum, largest};
