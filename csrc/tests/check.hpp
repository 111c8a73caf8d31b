#pragma once

#include <cstdio>
#include <exception>
#include <string>

// All the test framework there is: CHECK counts failures, main returns `failures()`.
inline int &failure_count() {
  static int count = 0;
  return count;
}

inline void check(bool holds, const char *what, const char *file, int line, const std::string &context = "") {
  if (holds)
    return;
  if (++failure_count() <= 20)
    std::fprintf(stderr, "%s:%d: failed: %s %s\n", file, line, what, context.c_str());
}

inline int failures() { return failure_count() == 0 ? 0 : 1; }

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define CHECK_IN(condition, context) check((condition), #condition, __FILE__, __LINE__, (context))
