#include "gxfast/cpu.hpp"

#include <algorithm>
#include <atomic>

namespace gxfast {
namespace {

std::atomic<InstructionSet> most_allowed{InstructionSet::Avx512};

InstructionSet best_of_this_cpu() {
#if GXFAST_X86
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi"))
    return InstructionSet::Avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return InstructionSet::Avx2;
#endif
  return InstructionSet::Portable;
}

} // namespace

std::vector<std::string> cpu_features() {
  std::vector<std::string> found;
#if GXFAST_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2"))
    found.emplace_back("avx2");
  if (__builtin_cpu_supports("avx512bw"))
    found.emplace_back("avx512bw");
  if (__builtin_cpu_supports("avx512vbmi"))
    found.emplace_back("avx512vbmi");
#endif
  return found;
}

InstructionSet instruction_set() {
  static const InstructionSet best = best_of_this_cpu();
  return std::min(best, most_allowed.load());
}

void limit_instruction_set(InstructionSet most) { most_allowed.store(most); }

} // namespace gxfast
