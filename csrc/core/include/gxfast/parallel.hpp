#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace gxfast {

/// Calls `body(begin, end)` on consecutive blocks of [0, n). One thread is a plain loop; otherwise threads
/// take blocks from a counter. Bodies write disjoint outputs, so the result does not depend on n_threads.
/// The first exception is rethrown in the caller; none leaves a worker.
template <class Body> void parallel_for(std::int64_t n, std::int64_t block, int n_threads, const Body &body) {
  if (n <= 0)
    return;
  block = std::max<std::int64_t>(block, 1);
  const std::int64_t n_blocks = (n + block - 1) / block;
  const int workers = static_cast<int>(std::min<std::int64_t>(n_threads, n_blocks));
  if (workers <= 1) {
    body(std::int64_t{0}, n);
    return;
  }
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_lock;
  const auto work = [&] {
    for (std::int64_t i = next.fetch_add(1); i < n_blocks; i = next.fetch_add(1)) {
      try {
        body(i * block, std::min(n, (i + 1) * block));
      } catch (...) {
        const std::lock_guard<std::mutex> guard(failure_lock);
        if (!failure)
          failure = std::current_exception();
        next.store(n_blocks);
      }
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(workers - 1));
  for (int i = 1; i < workers; ++i)
    threads.emplace_back(work);
  work();
  for (auto &thread : threads)
    thread.join();
  if (failure)
    std::rethrow_exception(failure);
}

} // namespace gxfast
