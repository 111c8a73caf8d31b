#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#define GXFAST_SPACE gxfast::association
#define GXFAST_KERNELS "tile_products.inl"
#include "../simd/variants.inl"

const gxfast::association::Kernels &gxfast::association::kernels() { return chosen_kernels(); }
