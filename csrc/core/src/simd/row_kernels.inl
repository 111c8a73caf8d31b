// The row kernels, written once for every kind of Lanes.

#include GXFAST_OF_SET(lanes)

/// R rows times P panels. Accumulators stay in registers over the whole depth.
template <int R, int P>
void tile(const float *const *in, std::int64_t depth, const float *matrix, float *const *out) {
  Lanes sum[R][P];
  GXFAST_UNROLL
  for (int r = 0; r < R; ++r)
    GXFAST_UNROLL
  for (int p = 0; p < P; ++p)
    sum[r][p] = Lanes::load(out[r] + p * kLanes);
  const std::int64_t panel = depth * kLanes;
  for (std::int64_t k = 0; k < depth; ++k) {
    Lanes column[P];
    GXFAST_UNROLL
    for (int p = 0; p < P; ++p)
      column[p] = Lanes::load(matrix + p * panel + k * kLanes);
    GXFAST_UNROLL
    for (int r = 0; r < R; ++r) {
      const Lanes x = Lanes::fill(in[r][k]);
      GXFAST_UNROLL
      for (int p = 0; p < P; ++p)
        sum[r][p] = Lanes::fused(x, column[p], sum[r][p]);
    }
  }
  GXFAST_UNROLL
  for (int r = 0; r < R; ++r)
    GXFAST_UNROLL
  for (int p = 0; p < P; ++p)
    sum[r][p].store(out[r] + p * kLanes);
}

/// The tile of so many rows and panels, at most R and P.
template <int R = kTileRows, int P = kTilePanels>
void tile_of(int rows, int panels, const float *const *in, std::int64_t depth, const float *matrix,
             float *const *out) {
  if constexpr (P > 1)
    if (panels < P)
      return tile_of<R, P - 1>(rows, panels, in, depth, matrix, out);
  if constexpr (R > 1)
    if (rows < R)
      return tile_of<R - 1, P>(rows, panels, in, depth, matrix, out);
  tile<R, P>(in, depth, matrix, out);
}

inline void multiply(const float *in, std::int64_t in_stride, std::int64_t depth, const float *matrix,
                     std::int64_t panels, float *out, std::int64_t out_stride, const std::int32_t *from,
                     const std::int32_t *to, std::int64_t n) {
  // Tiles of nearly equal height: seven rows are four and three, not six and one.
  const std::int64_t n_tiles = (n + kTileRows - 1) / kTileRows;
  const std::int64_t groups = (panels + kTilePanels - 1) / kTilePanels;
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t first = g * panels / groups, last = (g + 1) * panels / groups;
    for (std::int64_t t = 0; t < n_tiles; ++t) {
      const std::int64_t a = t * n / n_tiles, b = (t + 1) * n / n_tiles;
      const float *rows_in[kTileRows];
      float *rows_out[kTileRows];
      for (std::int64_t i = a; i < b; ++i) {
        rows_in[i - a] = in + from[i] * in_stride;
        rows_out[i - a] = out + to[i] * out_stride + first * kLanes;
      }
      tile_of(static_cast<int>(b - a), static_cast<int>(last - first), rows_in, depth,
              matrix + first * depth * kLanes, rows_out);
    }
  }
}

/// Within 2 units in the last place; 2^127 at most.
inline Lanes exponential(Lanes x) {
  x = Lanes::max(Lanes::fill(-87.0F), Lanes::min(Lanes::fill(88.0F), x));
  const Lanes n = Lanes::round(x * Lanes::fill(1.44269504F));
  Lanes r = Lanes::fused(n, Lanes::fill(-0.693359375F), x);
  r = Lanes::fused(n, Lanes::fill(2.12194440e-4F), r);
  // Taylor's series to the seventh power: |r| <= ln(2) / 2, so the rest is below 6e-9.
  Lanes sum = Lanes::fill(1.0F / 5040);
  for (const float coefficient : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F})
    sum = Lanes::fused(sum, r, Lanes::fill(coefficient));
  return Lanes::times_power(sum, n);
}

inline Lanes absolute(Lanes x) { return Lanes::max(x, Lanes::fill(0.0F) - x); }

inline Lanes sigmoid(Lanes x) {
  const Lanes one = Lanes::fill(1.0F);
  return one / (one + exponential(Lanes::fill(0.0F) - x));
}

inline Lanes hyperbolic_tangent(Lanes x) {
  const Lanes one = Lanes::fill(1.0F), e = exponential(Lanes::fill(-2.0F) * absolute(x));
  const Lanes value = (one - e) / (one + e);
  return Lanes::where_positive(x, value, Lanes::fill(0.0F) - value);
}

/// Abramowitz and Stegun 7.1.26: within 1.5e-7.
inline Lanes error_function(Lanes x) {
  const Lanes one = Lanes::fill(1.0F), a = absolute(x);
  const Lanes t = one / Lanes::fused(Lanes::fill(0.3275911F), a, one);
  Lanes sum = Lanes::fill(1.061405429F);
  for (const float coefficient : {-1.453152027F, 1.421413741F, -0.284496736F, 0.254829592F})
    sum = Lanes::fused(sum, t, Lanes::fill(coefficient));
  const Lanes value = one - sum * t * exponential(Lanes::fill(0.0F) - a * a);
  return Lanes::where_positive(x, value, Lanes::fill(0.0F) - value);
}

/// max(x, 0) + log(1 + exp(-|x|)), the logarithm as 2 artanh(t / (2 + t)), of which the argument is at most
/// 1/3.
inline Lanes softplus(Lanes x) {
  const Lanes t = exponential(Lanes::fill(0.0F) - absolute(x)), s = t / (Lanes::fill(2.0F) + t),
              squared = s * s;
  Lanes sum = Lanes::fill(2.0F / 15);
  for (const float coefficient : {2.0F / 13, 2.0F / 11, 2.0F / 9, 2.0F / 7, 2.0F / 5, 2.0F / 3, 2.0F})
    sum = Lanes::fused(sum, squared, Lanes::fill(coefficient));
  return Lanes::fused(sum, s, Lanes::max(x, Lanes::fill(0.0F)));
}

/// Element by element, where there is no form for whole registers.
template <class F> Lanes each(Lanes x, Lanes y, const F &f) {
  float a[kLanes], b[kLanes];
  x.store(a), y.store(b);
  for (std::int64_t i = 0; i < kLanes; ++i)
    a[i] = f(a[i], b[i]);
  return Lanes::load(a);
}
template <class F> Lanes each(Lanes x, const F &f) {
  return each(x, x, [&](float a, float) { return f(a); });
}

template <Function F> Lanes value_of(Lanes x, Lanes first, Lanes second) {
  const Lanes zero = Lanes::fill(0.0F), half = Lanes::fill(0.5F), one = Lanes::fill(1.0F);
  (void)first, (void)second, (void)half, (void)one;
  if constexpr (F == Function::Relu)
    return Lanes::max(x, zero);
  else if constexpr (F == Function::LeakyRelu)
    return Lanes::where_positive(x, x, x * first);
  else if constexpr (F == Function::Clip)
    return Lanes::min(Lanes::max(x, first), second);
  else if constexpr (F == Function::Sigmoid)
    return sigmoid(x);
  else if constexpr (F == Function::Tanh)
    return hyperbolic_tangent(x);
  else if constexpr (F == Function::Exp)
    return exponential(x);
  else if constexpr (F == Function::Elu)
    return Lanes::where_positive(x, x, first * (exponential(Lanes::min(x, zero)) - one));
  else if constexpr (F == Function::Softplus)
    return softplus(x);
  else if constexpr (F == Function::Erf)
    return error_function(x);
  else if constexpr (F == Function::Gelu)
    return half * x * (one + error_function(x * Lanes::fill(0.70710678F)));
  else if constexpr (F == Function::GeluTanh)
    return half * x *
           (one + hyperbolic_tangent(Lanes::fill(0.79788456F) *
                                     Lanes::fused(Lanes::fill(0.044715F) * x * x, x, x)));
  else if constexpr (F == Function::Swish)
    return x * sigmoid(first * x);
  else if constexpr (F == Function::Celu)
    return Lanes::where_positive(x, x, first * (exponential(Lanes::min(x, zero) / first) - one));
  else if constexpr (F == Function::Selu)
    return second * Lanes::where_positive(x, x, first * (exponential(Lanes::min(x, zero)) - one));
  else if constexpr (F == Function::HardSigmoid)
    return Lanes::min(Lanes::max(first * x + second, zero), one);
  else if constexpr (F == Function::HardSwish)
    return x * Lanes::min(Lanes::max(x / Lanes::fill(6.0F) + half, zero), one);
  else if constexpr (F == Function::Mish)
    return x * hyperbolic_tangent(softplus(x));
  else if constexpr (F == Function::Softsign)
    return x / (one + absolute(x));
  else if constexpr (F == Function::ThresholdedRelu)
    return Lanes::where_positive(x - first, x, zero);
  else if constexpr (F == Function::Shrink)
    return Lanes::where_positive(x - first, x - second,
                                 Lanes::where_positive(zero - first - x, x + second, zero));
  else if constexpr (F == Function::Abs)
    return absolute(x);
  else if constexpr (F == Function::Sign)
    return Lanes::where_positive(x, one, Lanes::where_positive(zero - x, zero - one, zero));
  else if constexpr (F == Function::Round)
    return Lanes::round(x);
  else if constexpr (F == Function::Min)
    return Lanes::min(x, first);
  else if constexpr (F == Function::Max)
    return Lanes::max(x, first);
  else if constexpr (F == Function::Over)
    return first / x;
  else if constexpr (F == Function::Power)
    return each(x, first, [](float a, float b) { return std::pow(a, b); });
  else if constexpr (F == Function::Raise)
    return each(x, first, [](float a, float b) { return std::pow(b, a); });
  else if constexpr (F == Function::Sqrt)
    return each(x, [](float a) { return std::sqrt(a); });
  else if constexpr (F == Function::Log)
    return each(x, [](float a) { return std::log(a); });
  else if constexpr (F == Function::Floor)
    return each(x, [](float a) { return std::floor(a); });
  else if constexpr (F == Function::Ceil)
    return each(x, [](float a) { return std::ceil(a); });
  else if constexpr (F == Function::Sin)
    return each(x, [](float a) { return std::sin(a); });
  else if constexpr (F == Function::Cos)
    return each(x, [](float a) { return std::cos(a); });
  else if constexpr (F == Function::Tan)
    return each(x, [](float a) { return std::tan(a); });
  else if constexpr (F == Function::Asin)
    return each(x, [](float a) { return std::asin(a); });
  else if constexpr (F == Function::Acos)
    return each(x, [](float a) { return std::acos(a); });
  else if constexpr (F == Function::Atan)
    return each(x, [](float a) { return std::atan(a); });
  else if constexpr (F == Function::Sinh)
    return each(x, [](float a) { return std::sinh(a); });
  else if constexpr (F == Function::Cosh)
    return each(x, [](float a) { return std::cosh(a); });
  else if constexpr (F == Function::Asinh)
    return each(x, [](float a) { return std::asinh(a); });
  else if constexpr (F == Function::Acosh)
    return each(x, [](float a) { return std::acosh(a); });
  else if constexpr (F == Function::Atanh)
    return each(x, [](float a) { return std::atanh(a); });
}

inline Lanes at(Given x, std::int64_t i) {
  return x.change == nullptr ? Lanes::load(x.base + i) : Lanes::load(x.base + i) + Lanes::load(x.change + i);
}

template <Function F>
void activate_as(Activation f, Given x, Given first, const float *after, std::int64_t n, float *out) {
  const Lanes one_first = Lanes::fill(f.first), second = Lanes::fill(f.second);
  for (std::int64_t i = 0; i < n; i += kLanes) {
    Lanes value = value_of<F>(at(x, i), first.base == nullptr ? one_first : at(first, i), second);
    if (after != nullptr)
      value = value - Lanes::load(after + i);
    value.store(out + i);
  }
}

inline void activate(Activation f, Given x, Given first, const float *after, std::int64_t n, float *out) {
  switch (f.function) {
#define GXFAST_CASE(function, name)                                                                          \
  case Function::function:                                                                                   \
    return activate_as<Function::function>(f, x, first, after, n, out);
    GXFAST_DELTA_FUNCTIONS(GXFAST_CASE)
#undef GXFAST_CASE
  }
}

inline void largest(const float *const *base, const float *const *change, std::int64_t n_rows, std::int64_t n,
                    float *out) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    Lanes best = Lanes::fill(-std::numeric_limits<float>::infinity());
    for (std::int64_t r = 0; r < n_rows; ++r)
      best = Lanes::max(best, at({base[r], change[r]}, i));
    best.store(out + i);
  }
}

inline void add(const float *in, float factor, std::int64_t n, float *out) {
  const Lanes times = Lanes::fill(factor);
  for (std::int64_t i = 0; i < n; i += kLanes)
    Lanes::fused(times, Lanes::load(in + i), Lanes::load(out + i)).store(out + i);
}

inline void weigh(const float *const *in, const float *const *factors, std::int64_t n_rows, std::int64_t n,
                  float *out) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    Lanes sum = Lanes::fill(0.0F);
    for (std::int64_t r = 0; r < n_rows; ++r)
      sum = Lanes::fused(Lanes::load(in[r] + i), Lanes::load(factors[r] + i), sum);
    sum.store(out + i);
  }
}

inline void scale(const float *in, const float *factors, std::int64_t n, float *out) {
  for (std::int64_t i = 0; i < n; i += kLanes)
    (Lanes::load(in + i) * Lanes::load(factors + i)).store(out + i);
}

/// (a + da)(b + db) - ab, without the difference of two large numbers.
inline void product(const float *a, const float *a_change, const float *b, const float *b_change,
                    std::int64_t n, float *out) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    Lanes sum = Lanes::fill(0.0F);
    if (a_change != nullptr) {
      sum = Lanes::load(a_change + i) * at({b, b_change}, i);
    }
    if (b_change != nullptr)
      sum = Lanes::fused(Lanes::load(a + i), Lanes::load(b_change + i), sum);
    sum.store(out + i);
  }
}

inline void attend(const float *const *x, const float *const *x_change, const float *const *logits,
                   const float *const *logits_change, std::int64_t n_rows, std::int64_t n, float *out) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    Lanes most = at({logits[0], logits_change[0]}, i);
    for (std::int64_t r = 1; r < n_rows; ++r)
      most = Lanes::max(most, at({logits[r], logits_change[r]}, i));
    Lanes sum = Lanes::fill(0.0F), weights = Lanes::fill(0.0F);
    for (std::int64_t r = 0; r < n_rows; ++r) {
      const Lanes weight = exponential(at({logits[r], logits_change[r]}, i) - most);
      sum = Lanes::fused(weight, at({x[r], x_change[r]}, i), sum);
      weights = weights + weight;
    }
    (sum / weights).store(out + i);
  }
}

constexpr RowKernels kKernels = {multiply, activate, largest, add, weigh, scale, product, attend};
