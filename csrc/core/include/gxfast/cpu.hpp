#pragma once

#include <string>
#include <vector>

// GCC compiles a marked function once per instruction set and picks one when the library is loaded.
// clang 14 cannot link such clones from a static library, and other processors have no x86 names.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define GXFAST_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define GXFAST_HAS_CLONES 1
#else
#define GXFAST_CLONES
#define GXFAST_HAS_CLONES 0
#endif

// Hand-written variants (intrinsics) exist for x86-64 only and are chosen at run time.
#if defined(__x86_64__) && defined(__GNUC__)
#define GXFAST_X86 1
#else
#define GXFAST_X86 0
#endif

namespace gxfast {

/// Instruction sets of this CPU that gxfast has code for, e.g. {"avx2", "avx512bw", "avx512vbmi"}.
std::vector<std::string> cpu_features();

} // namespace gxfast
