// One 32-byte register under the names that the kernels use. Included inside namespace avx2, with AVX2 on.

struct Vector {
  using Register = __m256i;
  static constexpr int kBytes = 32;

  static Register load(const void *from) { return _mm256_loadu_si256(static_cast<const __m256i *>(from)); }
  static void store(void *to, Register v) { _mm256_storeu_si256(static_cast<__m256i *>(to), v); }
  /// The first n lanes of Size bytes.
  template <int Size> static void store_some(void *to, Register v, int n) {
    alignas(kBytes) std::uint8_t bytes[kBytes];
    store(bytes, v);
    std::memcpy(to, bytes, static_cast<std::size_t>(n * Size));
  }
  static void stream(void *to, Register v) { _mm256_stream_si256(static_cast<__m256i *>(to), v); }
  static Register fill8(std::uint8_t value) { return _mm256_set1_epi8(static_cast<char>(value)); }
  static Register fill16(std::uint16_t value) { return _mm256_set1_epi16(static_cast<short>(value)); }
  static Register fill32(std::uint32_t value) { return _mm256_set1_epi32(static_cast<int>(value)); }
  static Register fill64(std::uint64_t value) { return _mm256_set1_epi64x(static_cast<long long>(value)); }
  static Register fill128(const std::uint8_t *from) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
  }
  /// Bytes picked within each 16-byte lane; an index with its top bit set gives 0.
  static Register shuffle(Register bytes, Register index) { return _mm256_shuffle_epi8(bytes, index); }
  static Register reverse(Register bytes) {
    const __m256i backwards =
        _mm256_broadcastsi128_si256(_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    return _mm256_permute4x64_epi64(_mm256_shuffle_epi8(bytes, backwards), 0x4E);
  }
  static Register low_nibbles(Register v) { return _mm256_and_si256(v, fill8(0x0F)); }
  static Register high_nibbles(Register v) { return _mm256_and_si256(_mm256_srli_epi16(v, 4), fill8(0x0F)); }
  /// Bytes of `yes` where a == b, else of `no`.
  static Register choose8(Register a, Register b, Register yes, Register no) {
    return _mm256_blendv_epi8(no, yes, _mm256_cmpeq_epi8(a, b));
  }
  /// `value` in the lanes of Size bytes where a == b, else 0.
  template <int Size> static Register where_equal(Register a, Register b, Register value) {
    if constexpr (Size == 1)
      return _mm256_and_si256(_mm256_cmpeq_epi8(a, b), value);
    else if constexpr (Size == 2)
      return _mm256_and_si256(_mm256_cmpeq_epi16(a, b), value);
    else if constexpr (Size == 4)
      return _mm256_and_si256(_mm256_cmpeq_epi32(a, b), value);
    else
      return _mm256_and_si256(_mm256_cmpeq_epi64(a, b), value);
  }
  static Register either(Register a, Register b) { return _mm256_or_si256(a, b); }
  /// kBytes / Size bytes, each widened to a lane of Size bytes.
  template <int Size> static Register widen(const std::uint8_t *from) {
    if constexpr (Size == 1)
      return load(from);
    else if constexpr (Size == 2)
      return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
    else if constexpr (Size == 4)
      return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(from)));
    else {
      std::uint32_t four;
      std::memcpy(&four, from, 4);
      return _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(static_cast<int>(four)));
    }
  }
};
