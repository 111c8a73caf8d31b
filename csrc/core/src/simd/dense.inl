// Plain loops that become vectors; sums are added in the same order for every instruction set.

inline void axpy(double *__restrict y, const double *__restrict x, double a, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k)
    y[k] += a * x[k];
}

inline void axpy_counts(double *__restrict y, const float *__restrict x, double a, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k)
    y[k] += a * static_cast<double>(x[k]);
}

inline void axpy_dosages(double *__restrict y, const std::uint8_t *__restrict x, double a, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k)
    y[k] += a * static_cast<double>(x[k]);
}

inline void count(const std::uint8_t *const *rows, std::int64_t n_rows, std::int32_t weight, std::int64_t n,
                  std::int32_t *sums) {
  for (std::int64_t from = 0; from < n; from += kGroup) {
    std::uint8_t total[kGroup] = {};
    for (std::int64_t r = 0; r < n_rows; ++r) {
      const std::uint8_t *row = rows[r] + from;
      for (std::int64_t k = 0; k < kGroup; ++k)
        total[k] = static_cast<std::uint8_t>(total[k] + row[k]);
    }
    for (std::int64_t k = 0; k < kGroup; ++k)
      sums[from + k] += weight * total[k];
  }
}

inline double dot(const double *__restrict x, const double *__restrict y, std::int64_t n) {
  double lanes[16] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (std::int64_t j = 0; j < 16; ++j)
      lanes[j] += x[i + j] * y[i + j];
  for (; i < n; ++i)
    lanes[0] += x[i] * y[i];
  for (std::int64_t width = 8; width > 0; width /= 2)
    for (std::int64_t j = 0; j < width; ++j)
      lanes[j] += lanes[j + width];
  return lanes[0];
}

constexpr Kernels kKernels = {axpy, axpy_counts, axpy_dosages, count, dot};
