#include "gxfast/cpu.hpp"

namespace gxfast {

std::vector<std::string> cpu_features() {
  std::vector<std::string> found;
#if GXFAST_HAS_CLONES
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v3"))
    found.emplace_back("x86-64-v3");
  if (__builtin_cpu_supports("x86-64-v4"))
    found.emplace_back("x86-64-v4");
#endif
  return found;
}

} // namespace gxfast
