#include "gxfast/parallel.hpp"

namespace gxfast {
namespace {

std::atomic<InterruptCheck> installed{nullptr};

} // namespace

void set_interrupt_check(InterruptCheck check) { installed.store(check); }

InterruptCheck interrupt_check() { return installed.load(); }

} // namespace gxfast
