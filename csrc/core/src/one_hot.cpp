#include "gxfast/one_hot.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "gxfast/cpu.hpp"
#include "gxfast/parallel.hpp"

#if GXFAST_X86
#include <immintrin.h>
#endif

namespace gxfast {
namespace {

constexpr std::int64_t kChannels = 4;
// Enough work per block that handing it to a thread is free beside it.
constexpr std::int64_t kBasesPerBlock = 1 << 16;
// A block of one channel stays in L1 while the four channel planes are written from the same input.
constexpr std::int64_t kPlaneBlock = 4096;

template <class Element> using Plane = std::array<Element, 256>;

template <class Element>
void rows_nlc(const std::uint8_t *sequence, std::int64_t length, const Element *table, bool reverse,
              Element *out) {
  const std::uint8_t *read = reverse ? sequence + length - 1 : sequence;
  const std::ptrdiff_t step = reverse ? -1 : 1;
  for (std::int64_t i = 0; i < length; ++i, read += step, out += kChannels)
    std::memcpy(out, table + kChannels * *read, kChannels * sizeof(Element));
}

template <class Element>
void planes_ncl(const std::uint8_t *sequence, std::int64_t length,
                const std::array<Plane<Element>, kChannels> &planes, bool reverse, Element *out) {
  for (std::int64_t begin = 0; begin < length; begin += kPlaneBlock) {
    const std::int64_t end = std::min(length, begin + kPlaneBlock);
    for (std::int64_t c = 0; c < kChannels; ++c) {
      const Plane<Element> &plane = planes[static_cast<std::size_t>(c)];
      Element *row = out + c * length;
      if (reverse)
        for (std::int64_t i = begin; i < end; ++i)
          row[i] = plane[sequence[length - 1 - i]];
      else
        for (std::int64_t i = begin; i < end; ++i)
          row[i] = plane[sequence[i]];
    }
  }
}

std::int64_t sequences_per_block(std::int64_t length) {
  return std::max<std::int64_t>(1, kBasesPerBlock / std::max<std::int64_t>(length, 1));
}

void translate_row(const std::uint8_t *sequence, std::int64_t length, const std::uint8_t *table, bool reverse,
                   std::uint8_t *out) {
  if (reverse)
    for (std::int64_t k = 0; k < length; ++k)
      out[k] = table[sequence[length - 1 - k]];
  else
    for (std::int64_t k = 0; k < length; ++k)
      out[k] = table[sequence[k]];
}

#if GXFAST_X86
/// The whole 256-byte table sits in four registers; one look-up translates 64 bases.
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) void
translate_row_avx512(const std::uint8_t *sequence, std::int64_t length, const std::uint8_t *table,
                     bool reverse, std::uint8_t *out) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  alignas(64) std::uint8_t backwards[64];
  for (int i = 0; i < 64; ++i)
    backwards[i] = static_cast<std::uint8_t>(63 - i);
  const __m512i flip = _mm512_load_si512(backwards);
  std::int64_t k = 0;
  for (; k + 64 <= length; k += 64) {
    __m512i bases = _mm512_loadu_si512(sequence + (reverse ? length - 64 - k : k));
    if (reverse)
      bases = _mm512_maskz_permutexvar_epi8(~0ULL, flip, bases); // maskz: GCC 12 warns of the plain form
    const __m512i low = _mm512_permutex2var_epi8(t0, bases, t1);
    const __m512i high = _mm512_permutex2var_epi8(t2, bases, t3);
    _mm512_storeu_si512(out + k, _mm512_mask_blend_epi8(_mm512_movepi8_mask(bases), low, high));
  }
  translate_row(reverse ? sequence : sequence + k, length - k, table, reverse, out + k);
}
#endif

using TranslateRow = void (*)(const std::uint8_t *, std::int64_t, const std::uint8_t *, bool, std::uint8_t *);

TranslateRow translate_row_for_this_cpu() {
#if GXFAST_X86
  static const bool fast = __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw");
  if (fast)
    return translate_row_avx512;
#endif
  return translate_row;
}

} // namespace

template <class Element>
void one_hot(const std::uint8_t *sequences, std::int64_t n, std::int64_t length, const Element *table,
             Layout layout, bool reverse, Element *out, int n_threads) {
  if (length == 0)
    return;
  std::array<Plane<Element>, kChannels> planes;
  for (std::size_t byte = 0; byte < 256; ++byte)
    for (std::size_t c = 0; c < kChannels; ++c)
      planes[c][byte] = table[byte * kChannels + c];
  parallel_for(n, sequences_per_block(length), n_threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint8_t *sequence = sequences + i * length;
      Element *target = out + i * length * kChannels;
      if (layout == Layout::NLC)
        rows_nlc(sequence, length, table, reverse, target);
      else
        planes_ncl(sequence, length, planes, reverse, target);
    }
  });
}

void translate(const std::uint8_t *sequences, std::int64_t n, std::int64_t length, const std::uint8_t *table,
               bool reverse, std::uint8_t *out, int n_threads) {
  const auto row = translate_row_for_this_cpu();
  parallel_for(n, sequences_per_block(length), n_threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      row(sequences + i * length, length, table, reverse, out + i * length);
  });
}

template void one_hot(const std::uint8_t *, std::int64_t, std::int64_t, const std::uint8_t *, Layout, bool,
                      std::uint8_t *, int);
template void one_hot(const std::uint8_t *, std::int64_t, std::int64_t, const std::uint16_t *, Layout, bool,
                      std::uint16_t *, int);
template void one_hot(const std::uint8_t *, std::int64_t, std::int64_t, const std::uint32_t *, Layout, bool,
                      std::uint32_t *, int);
template void one_hot(const std::uint8_t *, std::int64_t, std::int64_t, const std::uint64_t *, Layout, bool,
                      std::uint64_t *, int);

} // namespace gxfast
