#include "gxfast/table_text.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "check.hpp"
#include "table_text_reference.hpp"

namespace {

std::string one(double value) {
  std::string out;
  gxfast::TextColumn column;
  column.real = &value;
  gxfast::append_table_text({column}, 1, out);
  return out;
}

void hand_worked() {
  CHECK(one(0.1) == "0.1\n");
  CHECK(one(-0.0) == "-0.0\n");
  CHECK(one(1e-5) == "1e-05\n");
  CHECK(one(0.0001) == "0.0001\n");
  CHECK(one(1e15) == "1000000000000000.0\n");
  CHECK(one(1e16) == "1e+16\n");
  CHECK(one(1.5e300) == "1.5e+300\n");
  CHECK(one(5e-324) == "5e-324\n");
  CHECK(one(-std::numeric_limits<double>::max()) == "-1.7976931348623157e+308\n");
  CHECK(one(std::numeric_limits<double>::quiet_NaN()) == "\n");
  CHECK(one(-std::numeric_limits<double>::infinity()) == "-inf\n");
  CHECK(one(123.456) == "123.456\n");
  CHECK(one(std::ldexp(1.0, -1017)) == "7.120236347223045e-307\n"); // 16 digits read back, not the 16 nearest
}

void columns() {
  const std::int64_t offset[] = {0, 2, 2}, whole[] = {-7, std::numeric_limits<std::int64_t>::min()};
  const double real[] = {0.5, 2};
  gxfast::TextColumn text, number, value;
  text.text = "ab", text.offset = offset, number.whole = whole, value.real = real;
  std::string out = "header\n";
  gxfast::append_table_text({text, number, value}, 2, out);
  CHECK(out == "header\nab\t-7\t0.5\n\t-9223372036854775808\t2.0\n");
  gxfast::append_table_text({}, 0, out);
  CHECK(out.size() == 43);
}

void against_reference() {
  std::mt19937_64 random(4);
  for (int k = 0; k < 200000; ++k) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (k % 2 == 0)
      value = static_cast<double>(bits % 1000003) * std::pow(10.0, static_cast<double>(bits % 30) - 20);
    if (k % 16 == 1)
      value = std::ldexp(1.0, static_cast<int>(bits % 2097) - 1074);
    CHECK_IN(one(value) == gxfast::reference::number_text(value) + "\n", one(value));
  }
}

} // namespace

int main() {
  hand_worked();
  columns();
  against_reference();
  return failures();
}
