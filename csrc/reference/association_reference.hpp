#pragma once

// Association of one phenotype's residual with one SNP, as its definition reads.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gxfast::reference {

/// |g - mean|^2 - |basis^T g|^2 in long double.
inline double residual_square(const std::int8_t *g, std::size_t people, const std::vector<double> &basis) {
  long double sum = 0, squares = 0;
  for (std::size_t s = 0; s < people; ++s)
    sum += g[s], squares += g[s] * g[s];
  squares -= sum * sum / static_cast<long double>(people);
  for (std::size_t c = 0; c < basis.size() / people; ++c) {
    long double product = 0;
    for (std::size_t s = 0; s < people; ++s)
      product += basis[c * people + s] * g[s];
    squares -= product * product;
  }
  return static_cast<double>(squares);
}

template <class A, class B> double dot(const A *a, const B *b, std::size_t people, std::size_t step = 1) {
  long double sum = 0;
  for (std::size_t s = 0; s < people; ++s)
    sum += static_cast<long double>(a[s]) * b[s * step];
  return static_cast<double>(sum);
}

} // namespace gxfast::reference
