// A fuzz target without a fuzzer: runs the files of the folders given, and then random inputs, with any
// compiler.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

constexpr int kRandom = 300;
using Bytes = std::vector<std::uint8_t>;

/// With each choice of the first byte, which is that of the instruction set; just enough memory each time.
void run(Bytes bytes) {
  for (std::uint8_t set = 0; set < 3; ++set) {
    if (!bytes.empty())
      bytes[0] = set;
    const Bytes exact(bytes.begin(), bytes.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  }
}

} // namespace

int main(int argc, char **argv) {
  std::vector<Bytes> found;
  for (int i = 1; i < argc; ++i)
    for (const auto &entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      found.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  if (argc > 1 && found.empty()) {
    std::fprintf(stderr, "no inputs in %s\n", argv[1]);
    return 1;
  }
  for (const Bytes &bytes : found)
    run(bytes);
  std::mt19937 random(1);
  for (int k = 0; k < kRandom; ++k) {
    Bytes bytes(random() % 600);
    if (k % 2 == 0 && !found.empty()) // a known input with a few bytes changed
      bytes = found[random() % found.size()];
    for (std::size_t i = 0; i < bytes.size(); ++i)
      if (k % 2 != 0 || found.empty() || random() % 16 == 0)
        bytes[i] = static_cast<std::uint8_t>(random());
    run(bytes);
  }
  return 0;
}
