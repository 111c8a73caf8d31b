#pragma once

#include <string>
#include <vector>

// GCC compiles a marked function once per instruction set and picks one when the library is loaded.
// clang 14 cannot link such clones from a static library, and other processors have no x86 names.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&     \
    !defined(__SANITIZE_THREAD__)
#define GXFAST_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define GXFAST_CLONES
#endif

// Hand-written variants (intrinsics) exist for x86-64 and are chosen at run time. They are switched on by
// `#pragma GCC target`, which clang ignores: there the portable code is used.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define GXFAST_X86 1
#else
#define GXFAST_X86 0
#endif

namespace gxfast {

/// Instruction sets of this CPU that gxfast has code for, e.g. {"avx2", "avx512bw", "avx512vbmi"}.
std::vector<std::string> cpu_features();

enum class InstructionSet { Portable, Avx2, Avx512 };

/// The best that this CPU has, unless limited.
InstructionSet instruction_set();

/// Uses nothing better than this from now on: for tests of the variants.
void limit_instruction_set(InstructionSet most);

/// The set of kernels for `instruction_set()`.
template <class Kernels>
const Kernels &chosen(const Kernels &portable, const Kernels &avx2, const Kernels &avx512) {
  switch (instruction_set()) {
  case InstructionSet::Avx512:
    return avx512;
  case InstructionSet::Avx2:
    return avx2;
  case InstructionSet::Portable:
    break;
  }
  return portable;
}

} // namespace gxfast
