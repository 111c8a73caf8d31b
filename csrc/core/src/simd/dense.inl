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

/// Four at a time: y is read and written once.
inline void axpy4(double *__restrict y, const double *const *x, const double *a, std::int64_t n) {
  const double *__restrict x0 = x[0], *__restrict x1 = x[1], *__restrict x2 = x[2], *__restrict x3 = x[3];
  for (std::int64_t k = 0; k < n; ++k)
    y[k] += (a[0] * x0[k] + a[1] * x1[k]) + (a[2] * x2[k] + a[3] * x3[k]);
}

inline void axpy4_counts(double *__restrict y, const float *const *x, const double *a, std::int64_t n) {
  const float *__restrict x0 = x[0], *__restrict x1 = x[1], *__restrict x2 = x[2], *__restrict x3 = x[3];
  for (std::int64_t k = 0; k < n; ++k)
    y[k] += (a[0] * static_cast<double>(x0[k]) + a[1] * static_cast<double>(x1[k])) +
            (a[2] * static_cast<double>(x2[k]) + a[3] * static_cast<double>(x3[k]));
}

/// Four sums of products, each over lanes that are added up in pairs at the end.
inline void dot4(double *__restrict out, const double *__restrict x, const double *const *with,
                 std::int64_t n) {
  const double *x0 = with[0], *x1 = with[1], *x2 = with[2], *x3 = with[3];
  double s0[kLanes] = {}, s1[kLanes] = {}, s2[kLanes] = {}, s3[kLanes] = {};
  for (std::int64_t k = 0; k < n; k += kLanes)
    for (std::int64_t l = 0; l < kLanes; ++l) {
      s0[l] += x[k + l] * x0[k + l];
      s1[l] += x[k + l] * x1[k + l];
      s2[l] += x[k + l] * x2[k + l];
      s3[l] += x[k + l] * x3[k + l];
    }
  for (std::int64_t width = kLanes / 2; width > 0; width /= 2)
    for (std::int64_t l = 0; l < width; ++l) {
      s0[l] += s0[l + width];
      s1[l] += s1[l + width];
      s2[l] += s2[l + width];
      s3[l] += s3[l + width];
    }
  out[0] = s0[0];
  out[1] = s1[0];
  out[2] = s2[0];
  out[3] = s3[0];
}

inline void add_bytes(std::uint8_t *__restrict sums, const std::uint8_t *__restrict x, std::uint8_t times,
                      std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k)
    sums[k] = static_cast<std::uint8_t>(sums[k] + static_cast<std::uint8_t>(x[k] << (times - 1)));
}

inline void flush_bytes(std::int32_t *__restrict sums, std::uint8_t *__restrict bytes, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k) {
    sums[k] += bytes[k];
    bytes[k] = 0;
  }
}

inline void subtract(float *__restrict out, const std::int32_t *__restrict all,
                     const std::int32_t *__restrict part, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k)
    out[k] = static_cast<float>(all[k] - part[k]);
}

constexpr Kernels kKernels = {axpy, axpy4,     axpy_counts, axpy4_counts, axpy_dosages,
                              dot4, add_bytes, flush_bytes, subtract};
