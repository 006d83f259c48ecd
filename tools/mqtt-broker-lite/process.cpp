// See process.hpp.
#include "mqtt-broker-lite/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "mqtt/store.hpp"

namespace tools::broker_lite {

sigset_t block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGRTMIN, SIGUSR1, SIGUSR2})
        sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return set;
}

void write_lines(const std::string& path, const std::vector<std::string>& lines,
                 std::string_view place) {
    const std::string temporary = path + ".new";
    std::FILE* file = std::fopen(temporary.c_str(), "w");
    bool good = file != nullptr;
    if (good) {
        for (const std::string& line : lines)
            good = std::fprintf(file, "%s\n", line.c_str()) > 0 && good;
        good = std::fclose(file) == 0 && good;
    }
    if (!good || std::rename(temporary.c_str(), path.c_str()) != 0) {
        throw ToolError(kExitOutput,
                        fmt::format("{}cannot write {}: {} (its folder must be there, and the user "
                                    "that starts the broker able to write to it)",
                                    place, path, std::strerror(errno)));
    }
}

namespace {

// Who root is to become; null: nobody else.
const passwd* next_user(const std::string& name, std::string_view place) {
    if (::geteuid() != 0 || name == "root") return nullptr;
    const passwd* user = ::getpwnam(name.c_str());
    if (user == nullptr && name != "mosquitto") {
        throw ToolError(kExitUsage, fmt::format("{}: user: there is no user {}: make it (useradd "
                                                "-r {}), or name another one",
                                                place, name, name));
    }
    if (user == nullptr) user = ::getpwnam("nobody");
    if (user == nullptr) {
        throw ToolError(kExitUsage, "cannot run as user " + name + "; say user root to stay root");
    }
    return user;
}

// By descriptor, for the folder may be the user's, who could put something else in its place; by one that only
// names the file, since closing any other would end the locks that this process has on it.
void give_file(const std::string& path, const passwd& user) {
    const int fd = ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return;
    struct stat file {};
    const bool is_ours = ::fstat(fd, &file) == 0 && file.st_uid == 0 && file.st_nlink == 1 &&
                         (S_ISREG(file.st_mode) || S_ISSOCK(file.st_mode));
    if (is_ours)
        static_cast<void>(::fchownat(fd, "", user.pw_uid, user.pw_gid, AT_EMPTY_PATH) == 0);
    ::close(fd);
}

}  // namespace

void give_store(const std::string& file, const std::string& name, std::string_view place) {
    const passwd* user = next_user(name, place);
    if (user == nullptr) return;
    give_file(file, *user);  // first: what SQLite makes beside it from now on gets the same owner
    give_file(file + "-wal", *user);
    give_file(mqtt::store_control_path(file), *user);
}

std::string drop_privileges(const std::string& name, std::string_view place) {
    const passwd* user = next_user(name, place);
    if (user == nullptr) return {};
    if (::initgroups(user->pw_name, user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 ||
        ::setuid(user->pw_uid) != 0) {
        throw ToolError(kExitUsage, "cannot run as user " + name + "; say user root to stay root");
    }
    return user->pw_name;
}

void Background::enter() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw ToolError(kExitUsage, "cannot go to the background");
    const pid_t child = ::fork();
    if (child < 0) throw ToolError(kExitUsage, "cannot go to the background");
    if (child > 0) {
        ::close(ends[1]);
        char byte = 0;
        const bool is_ready = ::read(ends[0], &byte, 1) == 1;
        ::_exit(is_ready ? kExitDone : kExitUsage);
    }
    ::close(ends[0]);
    pipe_ = ends[1];
    ::setsid();
}

void Background::ready() {
    if (pipe_ < 0) return;
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
            ::dup2(null, standard);
        ::close(null);
    }
    [[maybe_unused]] const ssize_t told = ::write(pipe_, "!", 1);
    ::close(pipe_);
    pipe_ = -1;
}

}  // namespace tools::broker_lite
