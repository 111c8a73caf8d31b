#include "gxfast/cpu.hpp"

namespace gxfast {

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

} // namespace gxfast
