#include "gxfast/one_hot.hpp"

#include <algorithm>
#include <cstring>

#include "gxfast/parallel.hpp"
#include "one_hot_kernels.hpp"

namespace gxfast {
namespace {

constexpr std::int64_t kChannels = 4;
// Enough work per block that handing it to a thread is free beside it.
constexpr std::int64_t kBasesPerBlock = 1 << 16;
constexpr std::int64_t kFewLetters = 512;

std::int64_t sequences_per_block(std::int64_t length) {
  return std::max<std::int64_t>(1, kBasesPerBlock / std::max<std::int64_t>(length, 1));
}

/// Channel that alone is not 0, kUnknownClass if all four are alike, -1 for anything else.
template <class Element> int class_of_row(const Element *row) {
  if (std::all_of(row, row + kChannels, [&](Element value) { return value == row[0]; }))
    return kUnknownClass;
  int channel = -1;
  for (int c = 0; c < kChannels; ++c)
    if (row[c] != 0) {
      if (channel >= 0)
        return -1;
      channel = c;
    }
  return channel;
}

} // namespace

template <class Element> OneHotTable<Element>::OneHotTable(const Element *table) {
  std::copy(table, table + table_.size(), table_.begin());
  has_classes_ = find_classes();
}

template <class Element> bool OneHotTable<Element>::find_classes() {
  bool one_known = false, unknown_known = false;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const Element *of_byte = table_.data() + kChannels * byte;
    const int found = class_of_row(of_byte);
    if (found < 0)
      return false;
    class_of_[byte] = static_cast<std::uint8_t>(found);
    const bool is_unknown = found == kUnknownClass;
    Element &value = is_unknown ? unknown_ : one_;
    bool &known = is_unknown ? unknown_known : one_known;
    const Element here = is_unknown ? of_byte[0] : of_byte[found];
    if (known && value != here)
      return false;
    value = here;
    known = true;
  }
  return true;
}

template <class Element>
void OneHotTable<Element>::encode(const std::uint8_t *sequence, std::int64_t length, std::int64_t begin,
                                  std::int64_t end, Layout layout, bool reverse, bool stream,
                                  Element *out) const {
  for (; begin < end; begin += kBlock) {
    const std::int64_t n = std::min(kBlock, end - begin);
    encode_piece(sequence + (reverse ? length - begin - n : begin), n, begin, length, layout, reverse, stream,
                 out);
  }
}

template <class Element>
void OneHotTable<Element>::encode_piece(const std::uint8_t *letters, std::int64_t n, std::int64_t position,
                                        std::int64_t length, Layout layout, bool reverse, bool stream,
                                        Element *out) const {
  const KernelSet &kernels = kernel_set();
  const ClassKernels<Element> &expand = kernels.of<Element>();
  if (!has_classes_ || expand.rows == nullptr)
    return encode_any(letters, n, position, length, layout, reverse, out);
  alignas(64) std::uint8_t classes[kBlock + kReadPast];
  kernels.translate(letters, n, class_of_.data(), reverse, classes);
  std::memset(classes + n, 0, kReadPast);
  if (layout == Layout::NLC)
    expand.rows(classes, n, one_, unknown_, stream, out + kChannels * position);
  else
    for (std::uint8_t c = 0; c < kChannels; ++c)
      expand.plane(classes, n, c, one_, unknown_, stream, out + c * length + position);
}

template <class Element>
void OneHotTable<Element>::encode_any(const std::uint8_t *letters, std::int64_t n, std::int64_t position,
                                      std::int64_t length, Layout layout, bool reverse, Element *out) const {
  const auto values_at = [&](std::int64_t i) { return row(letters[reverse ? n - 1 - i : i]); };
  if (layout == Layout::NLC)
    for (std::int64_t i = 0; i < n; ++i)
      std::memcpy(out + kChannels * (position + i), values_at(i), kChannels * sizeof(Element));
  else
    for (std::int64_t c = 0; c < kChannels; ++c)
      for (std::int64_t i = 0; i < n; ++i)
        out[c * length + position + i] = values_at(i)[c];
}

template <class Element>
void one_hot(const std::uint8_t *sequences, std::int64_t n, std::int64_t length, const Element *table,
             Layout layout, bool reverse, bool stream, Element *out, int n_threads) {
  if (n == 0 || length == 0)
    return;
  // A few letters cost less than the preparation of the table.
  if (n * length <= kFewLetters && layout == Layout::NLC && !reverse) {
    for (std::int64_t i = 0; i < n * length; ++i)
      std::memcpy(out + kChannels * i, table + kChannels * sequences[i], kChannels * sizeof(Element));
    return;
  }
  const OneHotTable<Element> encoder(table);
  // Long sequences are cut, so that one of them still keeps all threads busy and can be interrupted.
  const std::int64_t pieces = (length + kBasesPerBlock - 1) / kBasesPerBlock;
  parallel_for(
      n * pieces, sequences_per_block(length), n_threads, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t k = first; k < last; ++k) {
          const std::int64_t i = k / pieces, begin = k % pieces * kBasesPerBlock;
          encoder.encode(sequences + i * length, length, begin, std::min(length, begin + kBasesPerBlock),
                         layout, reverse, stream, out + i * length * kChannels);
        }
        if (stream)
          finish_streaming();
      });
}

void translate(const std::uint8_t *sequences, std::int64_t n, std::int64_t length, const std::uint8_t *table,
               bool reverse, std::uint8_t *out, int n_threads) {
  const auto row = kernel_set().translate;
  parallel_for(n, sequences_per_block(length), n_threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      row(sequences + i * length, length, table, reverse, out + i * length);
  });
}

#define GXFAST_INSTANTIATE(Element)                                                                          \
  template class OneHotTable<Element>;                                                                       \
  template void one_hot(const std::uint8_t *, std::int64_t, std::int64_t, const Element *, Layout, bool,     \
                        bool, Element *, int);
GXFAST_INSTANTIATE(std::uint8_t)
GXFAST_INSTANTIATE(std::uint16_t)
GXFAST_INSTANTIATE(std::uint32_t)
GXFAST_INSTANTIATE(std::uint64_t)
#undef GXFAST_INSTANTIATE

} // namespace gxfast
