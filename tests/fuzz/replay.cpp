// A main for the fuzz targets without libFuzzer: feeds them every seed, then mutations of seeds for some seconds, others every
// day: of the crowd of all mutations, a part that goes round. Used by scripts/fuzz and scripts/test under AddressSanitizer;
// no target may depend on it.
//   <target>_fuzz folder-or-file...
//     MQTT_FUZZ_SECONDS   processor time for mutations [3]
//     MQTT_FUZZ_SEED      where they begin; the day if not given. A failure says its own, and leaves the input in a file.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
// Of targets that know the form of their input.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerCustomMutator(std::uint8_t*, std::size_t,
                                                                     std::size_t, unsigned);
extern "C" void __sanitizer_set_death_callback(void (*callback)());
// GCC's two sanitizers know nothing of each other: of the second one a failure is an abort.
extern "C" const char* __ubsan_default_options();

namespace {

using Input = std::vector<std::uint8_t>;
constexpr std::size_t kMostGrowth = 64;

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(0x9E3779B97F4A7C15 ^ (seed << 20)) {}
    std::uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }

private:
    std::uint64_t state_;
};

Random random_source(1);
Input under_test;
const char* failure_file = "";

// Only calls that a signal handler may make.
void leave_input() {
    const int fd = ::open(failure_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) return;
    const bool whole = ::write(fd, under_test.data(), under_test.size()) ==
                       static_cast<ssize_t>(under_test.size());
    ::close(fd);
    const char words[] = "the input is in the file crash-<target> beside this program\n";
    if (whole && ::write(2, words, sizeof words - 1) < 0) return;
}

void on_abort(int) {
    leave_input();
    std::signal(SIGABRT, SIG_DFL);
    std::raise(SIGABRT);
}

// A copy of exactly the right size, so that a read past the end is seen.
void feed(const Input& input) {
    under_test = input;
    const Input exact(input);
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

Input mutated(Input input) {
    const std::size_t size = input.size();
    input.resize(size + kMostGrowth);
    const std::size_t made =
        LLVMFuzzerCustomMutator
            ? LLVMFuzzerCustomMutator(input.data(), size, input.size(),
                                      static_cast<unsigned>(random_source.next()))
            : LLVMFuzzerMutate(input.data(), size, input.size());
    input.resize(made);
    return input;
}

// What libFuzzer found worth keeping, by the thousand: an input a line, in hex digits.
void read_hex(std::ifstream& file, std::vector<Input>& seeds) {
    for (std::string line; std::getline(file, line);) {
        Input& seed = seeds.emplace_back();
        for (std::size_t i = 0; i + 1 < line.size(); i += 2)
            seed.push_back(
                static_cast<std::uint8_t>(std::strtoul(line.substr(i, 2).c_str(), nullptr, 16)));
    }
}

void read_seeds(const std::filesystem::path& path, std::vector<Input>& seeds) {
    namespace fs = std::filesystem;
    if (fs::is_directory(path)) {
        std::vector<fs::path> files;
        for (const auto& entry : fs::recursive_directory_iterator(path))
            if (entry.is_regular_file()) files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files)
            read_seeds(file, seeds);
    } else if (fs::is_regular_file(path)) {
        std::ifstream file(path, std::ios::binary);
        if (path.extension() == ".hex") return read_hex(file, seeds);
        seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
}

std::uint64_t number(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

const char* __ubsan_default_options() {
    return "abort_on_error=1:print_stacktrace=1";
}

// Some edits: a flipped bit, a telling byte, an insertion, a removal, or a cut at the end.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most) {
    static constexpr std::uint8_t kTelling[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xC0, 0xED, '+', '#'};
    Random& random = random_source;
    for (std::size_t edits = 1 + random.below(4); edits > 0; --edits) {
        const std::size_t at = size == 0 ? 0 : random.below(size);
        const std::size_t kind = size == 0 ? 2 : random.below(5);
        if (kind == 0) data[at] = static_cast<std::uint8_t>(data[at] ^ (1U << random.below(8)));
        if (kind == 1) data[at] = kTelling[random.below(std::size(kTelling))];
        if (kind == 2 && size < most) {
            std::copy_backward(data + at, data + size, data + size + 1);
            data[at] = static_cast<std::uint8_t>(random.next());
            ++size;
        }
        if (kind == 3) {
            std::copy(data + at + 1, data + size, data + at);
            --size;
        }
        if (kind == 4 && random.below(4) == 0) size = at;
    }
    return size;
}

int main(int argc, char** argv) {
    const std::uint64_t today = static_cast<std::uint64_t>(std::time(nullptr)) / 86'400;
    const std::uint64_t seed = number("MQTT_FUZZ_SEED", today);
    const auto seconds = static_cast<std::clock_t>(number("MQTT_FUZZ_SECONDS", 3));
    const std::filesystem::path program(argv[0]);
    const std::string file = program.parent_path() / ("crash-" + program.filename().string());
    failure_file = file.c_str();
    __sanitizer_set_death_callback(leave_input);
    std::signal(SIGABRT, on_abort);
    random_source = Random(seed);

    std::vector<Input> seeds(1);  // the empty one
    for (int i = 1; i < argc; ++i)
        read_seeds(argv[i], seeds);
    std::printf("MQTT_FUZZ_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    for (const Input& one : seeds)
        feed(one);
    std::size_t mutations = 0;
    const std::clock_t end = std::clock() + seconds * CLOCKS_PER_SEC;
    while (std::clock() < end) {
        for (int i = 0; i < 20; ++i, ++mutations)
            feed(mutated(seeds[random_source.below(seeds.size())]));
    }
    std::printf("%zu seeds, %zu mutations\n", seeds.size(), mutations);
    return 0;
}
