#include "kernels.hpp"

#define GXFAST_SPACE gxfast::stats
#define GXFAST_KERNELS "moments.inl"
#include "../simd/variants.inl"

const gxfast::stats::StatsKernels &gxfast::stats::stats_kernels() { return chosen_kernels(); }
