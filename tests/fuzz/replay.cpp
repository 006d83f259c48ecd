// A main for the fuzz targets without libFuzzer: feeds them every seed and some thousand mutations of it,
// the same ones on every run. Used by scripts/test under AddressSanitizer; no target may depend on it.
//   <target>_fuzz folder-or-file...
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;
constexpr int kMutationsPerSeed = 2'000;

class Random {
public:
    std::uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }

private:
    std::uint64_t state_ = 0x9E3779B97F4A7C15;
};

// One edit: a flipped bit, a telling byte, an insertion, a removal, or a cut at the end.
void mutate(Input& input, Random& random) {
    static constexpr std::uint8_t kTelling[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xC0, 0xED, '+', '#'};
    if (input.empty()) {
        input.push_back(static_cast<std::uint8_t>(random.next()));
        return;
    }
    const std::size_t at = random.below(input.size());
    const auto position = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random.below(5)) {
    case 0: *position = static_cast<std::uint8_t>(*position ^ (1U << random.below(8))); break;
    case 1: *position = kTelling[random.below(std::size(kTelling))]; break;
    case 2: input.insert(position, static_cast<std::uint8_t>(random.next())); break;
    case 3: input.erase(position); break;
    default: input.resize(at); break;
    }
}

// A copy of exactly the right size, so that a read past the end is seen.
void feed(const Input& input) {
    const Input exact(input);
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void replay(const Input& seed) {
    feed(seed);
    Random random;
    for (int i = 0; i < kMutationsPerSeed; ++i) {
        Input input = seed;
        for (std::size_t edits = 1 + random.below(4); edits > 0; --edits)
            mutate(input, random);
        feed(input);
    }
}

Input read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return Input(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace

int main(int argc, char** argv) {
    namespace fs = std::filesystem;
    std::size_t seeds = 1;
    replay({});
    for (int i = 1; i < argc; ++i) {
        if (fs::is_regular_file(argv[i])) {
            replay(read_file(argv[i]));
            ++seeds;
        } else if (fs::is_directory(argv[i])) {
            for (const auto& entry : fs::recursive_directory_iterator(argv[i])) {
                if (!entry.is_regular_file()) continue;
                replay(read_file(entry.path()));
                ++seeds;
            }
        }
    }
    std::printf("%zu seeds, %d mutations each\n", seeds, kMutationsPerSeed);
    return 0;
}
