#pragma once

// Slow and readable: the shortest digits of a number by trying 1 digit, 2 digits, ..., laid out as Python's
// repr does.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace gxfast::reference {

inline std::string number_text(double value) {
  if (std::isnan(value))
    return "";
  const std::string sign = std::signbit(value) ? "-" : "";
  const double size = std::fabs(value);
  if (std::isinf(value))
    return sign + "inf";
  if (size == 0)
    return sign + "0.0";
  char text[40];
  std::string digits;
  int exponent = 0;
  for (int precision = 0; precision < 17 && digits.empty(); ++precision) {
    std::snprintf(text, sizeof text, "%.*e", precision, size);
    std::string found = text;
    const std::size_t e = found.find('e');
    const int last = std::atoi(found.c_str() + e + 1) - precision; // power of ten of the last digit
    const long long number = std::atoll((found.substr(0, 1) + (e > 2 ? found.substr(2, e - 2) : "")).c_str());
    // Numbers next to a power of two: the rounded digits may not read back where their neighbours do.
    for (const long long near : {number, number + 1, number - 1}) {
      found = std::to_string(near);
      if (digits.empty() && near > 0 &&
          std::strtod((found + "e" + std::to_string(last)).c_str(), nullptr) == size) {
        exponent = last + static_cast<int>(found.size()) - 1;
        digits = found.substr(0, found.find_last_not_of('0') + 1);
      }
    }
  }
  const int n = static_cast<int>(digits.size());
  if (exponent < -4 || exponent > 15) {
    std::snprintf(text, sizeof text, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
    return sign + digits.substr(0, 1) + (n > 1 ? "." + digits.substr(1) : "") + text;
  }
  if (exponent < 0)
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (exponent + 1 >= n)
    return sign + digits + std::string(static_cast<std::size_t>(exponent + 1 - n), '0') + ".0";
  digits.insert(static_cast<std::size_t>(exponent) + 1, ".");
  return sign + digits;
}

} // namespace gxfast::reference
