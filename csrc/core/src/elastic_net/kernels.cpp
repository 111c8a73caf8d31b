#include "kernels.hpp"

#define GXFAST_SPACE gxfast::elastic_net
#define GXFAST_KERNELS "dense.inl"
#include "../simd/variants.inl"

const gxfast::elastic_net::Kernels &gxfast::elastic_net::kernels() { return chosen_kernels(); }
