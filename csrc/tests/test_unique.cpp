#include <random>

#include "check.hpp"
#include "gxfast/unique.hpp"
#include "unique_reference.hpp"

namespace {

void hand_worked() {
  // Columns: 01, 11, 01, 10, 11
  const std::vector<std::int8_t> calls = {0, 1, 0, 1, 1, 1, 1, 1, 0, 1};
  const gxfast::UniqueColumns found = gxfast::unique_columns(calls.data(), 2, 5);
  CHECK((found.index == std::vector<std::int32_t>{0, 1, 0, 2, 1}));
  CHECK((found.first == std::vector<std::int64_t>{0, 1, 3}));
  CHECK((found.columns == std::vector<std::int8_t>{0, 1, 1, 1, 1, 0}));
}

void no_rows_or_no_columns() {
  const gxfast::UniqueColumns all_equal = gxfast::unique_columns(nullptr, 0, 3);
  CHECK((all_equal.index == std::vector<std::int32_t>{0, 0, 0}));
  CHECK((all_equal.first == std::vector<std::int64_t>{0}));
  CHECK(all_equal.columns.empty());
  CHECK(gxfast::unique_columns(nullptr, 3, 0).index.empty());
}

void random_cases() {
  std::mt19937 random(21);
  for (int k = 0; k < 2000; ++k) {
    const std::size_t n_rows = random() % (k % 4 == 0 ? 80 : 5), n_columns = random() % 70;
    std::vector<std::int8_t> calls(n_rows * n_columns);
    for (auto &call : calls)
      call = static_cast<std::int8_t>(
          random() % (k % 3 == 0 ? 40 : 10) == 0 ? static_cast<int>(random() % 4) - 1 : 0);
    const gxfast::UniqueColumns found = gxfast::unique_columns(
        calls.data(), static_cast<std::int64_t>(n_rows), static_cast<std::int64_t>(n_columns));
    const std::vector<std::size_t> expected = gxfast::reference::first_equal_column(calls, n_rows, n_columns);
    bool equal = found.index.size() == n_columns && found.columns.size() == found.first.size() * n_rows;
    std::size_t seen = 0;
    for (std::size_t i = 0; equal && i < n_columns; ++i) {
      const auto id = static_cast<std::size_t>(found.index[i]);
      equal = id <= seen && static_cast<std::size_t>(found.first[id]) == expected[i];
      seen += id == seen ? 1 : 0;
      for (std::size_t r = 0; r < n_rows; ++r)
        equal = equal && found.columns[id * n_rows + r] == calls[r * n_columns + i];
    }
    CHECK_IN(equal && seen == found.first.size(), "case " + std::to_string(k));
  }
}

} // namespace

int main() {
  hand_worked();
  no_rows_or_no_columns();
  random_cases();
  return failures();
}
