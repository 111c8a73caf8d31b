// One 64-byte register under the names that the kernels use. Included inside namespace avx512, with
// AVX-512 F, BW, VL and VBMI on.

struct Vector {
  using Register = __m512i;
  static constexpr int kBytes = 64;

  static Register load(const void *from) { return _mm512_loadu_si512(from); }
  static void store(void *to, Register v) { _mm512_storeu_si512(to, v); }
  /// The first n lanes of Size bytes.
  template <int Size> static void store_some(void *to, Register v, int n) {
    const std::uint64_t bits = n * Size >= kBytes ? ~0ULL : (1ULL << n) - 1;
    if constexpr (Size == 1)
      _mm512_mask_storeu_epi8(to, bits, v);
    else if constexpr (Size == 2)
      _mm512_mask_storeu_epi16(to, static_cast<__mmask32>(bits), v);
    else if constexpr (Size == 4)
      _mm512_mask_storeu_epi32(to, static_cast<__mmask16>(bits), v);
    else
      _mm512_mask_storeu_epi64(to, static_cast<__mmask8>(bits), v);
  }
  static void stream(void *to, Register v) { _mm512_stream_si512(static_cast<__m512i *>(to), v); }
  static Register fill8(std::uint8_t value) { return _mm512_set1_epi8(static_cast<char>(value)); }
  static Register fill16(std::uint16_t value) { return _mm512_set1_epi16(static_cast<short>(value)); }
  static Register fill32(std::uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }
  static Register fill64(std::uint64_t value) { return _mm512_set1_epi64(static_cast<long long>(value)); }
  static Register fill128(const std::uint8_t *from) {
    return _mm512_maskz_broadcast_i32x4(static_cast<__mmask16>(-1),
                                        _mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
  }
  /// Bytes picked within each 16-byte lane; an index with its top bit set gives 0.
  static Register shuffle(Register bytes, Register index) { return _mm512_shuffle_epi8(bytes, index); }
  static Register reverse(Register bytes) {
    alignas(64) std::uint8_t backwards[64];
    for (int i = 0; i < 64; ++i)
      backwards[i] = static_cast<std::uint8_t>(63 - i);
    // The masked forms are used because GCC 12 warns of an uninitialised register in the plain ones.
    return _mm512_maskz_permutexvar_epi8(~0ULL, _mm512_load_si512(backwards), bytes);
  }
  /// `value` in the lanes of Size bytes where a == b, else 0.
  template <int Size> static Register where_equal(Register a, Register b, Register value) {
    if constexpr (Size == 1)
      return _mm512_maskz_mov_epi8(_mm512_cmpeq_epi8_mask(a, b), value);
    else if constexpr (Size == 2)
      return _mm512_maskz_mov_epi16(_mm512_cmpeq_epi16_mask(a, b), value);
    else if constexpr (Size == 4)
      return _mm512_maskz_mov_epi32(_mm512_cmpeq_epi32_mask(a, b), value);
    else
      return _mm512_maskz_mov_epi64(_mm512_cmpeq_epi64_mask(a, b), value);
  }
  static Register either(Register a, Register b) { return _mm512_or_si512(a, b); }
};
