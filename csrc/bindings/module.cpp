#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "gxfast/cpu.hpp"
#include "gxfast/parallel.hpp"

namespace gxfast::bindings {
void bind_one_hot(pybind11::module_ &module);
void bind_haplotype(pybind11::module_ &module);
void bind_mutagenesis(pybind11::module_ &module);
void bind_memory(pybind11::module_ &module);
void bind_delta(pybind11::module_ &module);
void bind_stats(pybind11::module_ &module);
void bind_elastic_net(pybind11::module_ &module);
void bind_association(pybind11::module_ &module);
void bind_table_text(pybind11::module_ &module);
void bind_checks(pybind11::module_ &module);

/// Runs Python's signal handlers, so that Ctrl-C ends a long call.
void check_signals() {
  const pybind11::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0)
    throw pybind11::error_already_set();
}

/// As in gxfast::InstructionSet.
constexpr const char *kInstructionSets[] = {"portable", "avx2", "avx512"};

std::vector<std::string> instruction_sets() {
  return {kInstructionSets, kInstructionSets + static_cast<int>(instruction_set()) + 1};
}

void limit_to(const std::string &name) {
  for (int k = 0; k < 3; ++k)
    if (name == kInstructionSets[k])
      return limit_instruction_set(static_cast<InstructionSet>(k));
  throw pybind11::value_error("limit_instruction_set: portable, avx2 or avx512");
}

} // namespace gxfast::bindings

PYBIND11_MODULE(_kernels, module, pybind11::mod_gil_not_used()) {
  module.doc() = "Compiled kernels of gxfast. Use gxfast.kernels, which checks arguments.";
  module.attr("__version__") = GXFAST_VERSION;
  gxfast::set_interrupt_check(&gxfast::bindings::check_signals);
  module.def("cpu_features", &gxfast::cpu_features);
  module.def("instruction_sets", &gxfast::bindings::instruction_sets);
  module.def("limit_instruction_set", &gxfast::bindings::limit_to, pybind11::arg("most"));
  gxfast::bindings::bind_one_hot(module);
  gxfast::bindings::bind_haplotype(module);
  gxfast::bindings::bind_mutagenesis(module);
  gxfast::bindings::bind_memory(module);
  gxfast::bindings::bind_delta(module);
  gxfast::bindings::bind_stats(module);
  gxfast::bindings::bind_elastic_net(module);
  gxfast::bindings::bind_association(module);
  gxfast::bindings::bind_table_text(module);
  gxfast::bindings::bind_checks(module);
}
