// Loaded before a program's libraries: how long its own calls of fdatasync take. scripts/bench_store uses it.
//   MQTT_SYNC_TIMES=FILE LD_PRELOAD=sync_times.so PROGRAM      one line per call into FILE, in ns, at the end
#include <dlfcn.h>
#include <time.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t kMost = 1 << 20;
std::array<std::uint32_t, kMost> times;
std::atomic<std::size_t> calls;

std::uint64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}

struct AtTheEnd {
    ~AtTheEnd() {
        const char* path = std::getenv("MQTT_SYNC_TIMES");
        std::FILE* file = path == nullptr ? nullptr : std::fopen(path, "w");
        if (file == nullptr) return;
        for (std::size_t i = 0; i < calls && i < kMost; ++i)
            std::fprintf(file, "%u\n", times[i]);
        std::fclose(file);
    }
} at_the_end;

}  // namespace

extern "C" int fdatasync(int fd) {
    static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fdatasync"));
    const std::uint64_t began = now();
    const int result = real(fd);
    const std::size_t call = calls++;
    if (call < kMost) times[call] = static_cast<std::uint32_t>(now() - began);
    return result;
}
