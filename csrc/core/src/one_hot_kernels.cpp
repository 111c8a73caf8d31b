#include "one_hot_kernels.hpp"

#include <algorithm>
#include <cstring>

#include "gxfast/memory.hpp"
#include "gxfast/one_hot.hpp"

#define GXFAST_SPACE gxfast
#define GXFAST_KERNELS "one_hot.inl"
#include "simd/variants.inl"

namespace gxfast {

const KernelSet &kernel_set() { return chosen_kernels(); }

void fill_bytes(std::uint8_t *out, std::int64_t n, std::uint8_t value, bool stream) {
  kernel_set().fill_bytes(out, n, value, stream);
  finish_streaming();
}

void copy_bytes(const std::uint8_t *from, std::int64_t n, std::uint8_t *out, bool stream) {
  kernel_set().copy_bytes(from, n, out, stream);
  finish_streaming();
}

void finish_streaming() {
#if GXFAST_X86
  _mm_sfence();
#endif
}

} // namespace gxfast
