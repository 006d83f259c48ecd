// What a program costs, for scripts/bench_clients: runs it again and again until it has used some seconds of CPU time,
// so that one short run, its start and the clock's grain do not decide. The kernel's own account of each process
// (wait4) is added up: precise to the nanosecond in sum, and without whoever starts it or reads its output.
//   cpu_of SECONDS INPUT COMMAND [word...]     standard input is the file, standard output a pipe that is drained
//                                              here; prints runs, microseconds of CPU of all, peak memory in KiB
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern char** environ;

namespace {

std::int64_t microseconds(const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

void drain(int fd) {
    static std::vector<char> block(64 * 1024);
    while (read(fd, block.data(), block.size()) > 0) {
    }
}

// False: it could not be run, or failed.
bool run(const char* input, char** command, rusage& usage) {
    int output[2];
    if (pipe2(output, O_CLOEXEC) != 0) return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    pid_t child = 0;
    const int error = posix_spawnp(&child, *command, &actions, nullptr, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(output[1]);
    if (error == 0) drain(output[0]);
    close(output[0]);
    int status = 0;
    return error == 0 && wait4(child, &status, 0, &usage) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: cpu_of SECONDS INPUT COMMAND [word...]\n");
        return 1;
    }
    const double wanted = std::atof(argv[1]) * 1e6;
    std::int64_t used = 0;
    long peak = 0;
    int runs = 0;
    do {
        rusage usage{};
        if (!run(argv[2], argv + 3, usage)) {
            std::fprintf(stderr, "cpu_of: %s failed\n", argv[3]);
            return 1;
        }
        used += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
        peak = std::max(peak, usage.ru_maxrss);
        ++runs;
    } while (static_cast<double>(used) < wanted);
    std::printf("%d %lld %ld\n", runs, static_cast<long long>(used), peak);
}
