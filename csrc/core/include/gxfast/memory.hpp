#pragma once

#include <cstdint>

namespace gxfast {

/// Plain or streaming (past the caches) stores of one value, and a copy: the physical limits that the
/// benchmarks hold the kernels against.
void fill_bytes(std::uint8_t *out, std::int64_t n, std::uint8_t value, bool stream);
void copy_bytes(const std::uint8_t *from, std::int64_t n, std::uint8_t *out, bool stream);

} // namespace gxfast
