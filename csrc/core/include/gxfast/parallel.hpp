#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace gxfast {

/// Asked now and then on the calling thread while kernels run; throws to end them. Null: never asked.
using InterruptCheck = void (*)();
void set_interrupt_check(InterruptCheck check);
InterruptCheck interrupt_check();

namespace detail {

/// Asks at most every 20 ms, so that asking costs nothing and Ctrl-C is answered at once.
class Patience {
public:
  void check() {
    const auto now = std::chrono::steady_clock::now();
    if (check_ == nullptr || now - last_ < std::chrono::milliseconds(20))
      return;
    last_ = now;
    check_();
  }

private:
  InterruptCheck check_ = interrupt_check();
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

} // namespace detail

/// Calls `body(begin, end)` on consecutive blocks of [0, n), taken from a counter by the caller's thread and
/// `n_threads - 1` more. Bodies write disjoint outputs, so the result does not depend on n_threads. The first
/// exception is rethrown in the caller; none leaves a worker. Between blocks the caller can be interrupted.
template <class Body> void parallel_for(std::int64_t n, std::int64_t block, int n_threads, const Body &body) {
  if (n <= 0)
    return;
  block = std::max<std::int64_t>(block, 1);
  const std::int64_t n_blocks = (n + block - 1) / block;
  const int workers = static_cast<int>(std::min<std::int64_t>(n_threads, n_blocks));
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_lock;
  const auto work = [&](detail::Patience *patience) {
    for (std::int64_t i = next.fetch_add(1); i < n_blocks; i = next.fetch_add(1)) {
      try {
        body(i * block, std::min(n, (i + 1) * block));
        if (patience != nullptr)
          patience->check();
      } catch (...) {
        const std::lock_guard<std::mutex> guard(failure_lock);
        if (!failure)
          failure = std::current_exception();
        next.store(n_blocks);
      }
    }
  };
  std::vector<std::thread> threads;
  try {
    threads.reserve(static_cast<std::size_t>(std::max(workers - 1, 0)));
    for (int i = 1; i < workers; ++i)
      threads.emplace_back(work, nullptr);
  } catch (const std::system_error &) {
    // No more threads are to be had: those that are there do the work.
  } catch (const std::bad_alloc &) {
    // Nor memory for one.
  }
  detail::Patience patience;
  work(&patience);
  for (auto &thread : threads)
    thread.join();
  if (failure)
    std::rethrow_exception(failure);
}

} // namespace gxfast
