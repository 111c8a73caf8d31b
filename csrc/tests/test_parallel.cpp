#include <atomic>
#include <stdexcept>
#include <vector>

#include "check.hpp"
#include "gxfast/parallel.hpp"

namespace {

void every_index_once() {
  for (const std::int64_t n : {0, 1, 2, 7, 64, 1000})
    for (const std::int64_t block : {0, 1, 3, 5000})
      for (const int n_threads : {-1, 0, 1, 2, 5, 40}) {
        std::vector<int> visits(static_cast<std::size_t>(n), 0);
        gxfast::parallel_for(n, block, n_threads, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i)
            ++visits[static_cast<std::size_t>(i)];
        });
        CHECK_IN(visits == std::vector<int>(static_cast<std::size_t>(n), 1),
                 "n " + std::to_string(n) + " threads " + std::to_string(n_threads));
      }
}

void blocks_start_at_multiples() {
  std::atomic<bool> aligned{true};
  gxfast::parallel_for(103, 10, 3, [&](std::int64_t begin, std::int64_t end) {
    if (begin % 10 != 0 || (end - begin != 10 && end != 103))
      aligned = false;
  });
  CHECK(aligned);
}

void exceptions_reach_the_caller() {
  for (const int n_threads : {1, 4}) {
    std::string message;
    try {
      gxfast::parallel_for(1000, 1, n_threads, [](std::int64_t begin, std::int64_t end) {
        if (begin <= 500 && 500 < end)
          throw std::runtime_error("element 500");
      });
    } catch (const std::runtime_error &error) {
      message = error.what();
    }
    CHECK(message == "element 500");
  }
}

} // namespace

int main() {
  every_index_once();
  blocks_start_at_multiples();
  exceptions_reach_the_caller();
  return failures();
}
