#include "row_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

// Accumulators are registers only in loops that are gone.
#define GXFAST_UNROLL _Pragma("GCC unroll 8")

#define GXFAST_SPACE gxfast::delta
#define GXFAST_KERNELS "row_kernels.inl"
#include "../simd/variants.inl"

const gxfast::delta::RowKernels &gxfast::delta::row_kernels() { return chosen_kernels(); }
