// See child.hpp.
#include "mqtt-sub/command/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

extern char** environ;

namespace mqtt_sub {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr int kSignalled = 128;

[[noreturn]] void fail(int error, const char* what) {
    throw std::system_error(error, std::generic_category(), what);
}

// A pipe whose ends close themselves.
struct Pipe {
    Pipe() {
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "cannot make a pipe");
    }
    ~Pipe() {
        for (const int end : ends) {
            if (end >= 0) ::close(end);
        }
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    int take(std::size_t end) {
        ::fcntl(ends[end], F_SETFL, O_NONBLOCK);
        return std::exchange(ends[end], -1);
    }
    std::array<int, 2> ends{-1, -1};
};

// Writes what the pipe has room for.
std::size_t fill(const Pipe& pipe, std::string_view bytes) {
    ::fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK);
    const ssize_t written = bytes.empty() ? 0 : ::write(pipe.ends[1], bytes.data(), bytes.size());
    return written > 0 ? static_cast<std::size_t>(written) : 0;
}

std::vector<char*> environment_of(const Environment& extra) {
    std::vector<char*> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (!std::string_view(*entry).starts_with("MQTT_")) all.push_back(*entry);
    }
    for (const std::string& entry : extra)
        all.push_back(const_cast<char*>(entry.c_str()));
    all.push_back(nullptr);
    return all;
}

// Children start with the signals that a shell expects, not with ours.
void reset_signals(posix_spawnattr_t& attributes) {
    sigset_t defaults;
    ::sigemptyset(&defaults);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD})
        ::sigaddset(&defaults, signal);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

}  // namespace

ChildReaper::ChildReaper(asio::io_context& context) : signals_(context, SIGCHLD) {
    arm();
}

void ChildReaper::arm() {
    signals_.async_wait([this](std::error_code error, int) {
        if (error) return;
        reap();
        arm();
    });
}

void ChildReaper::watch(pid_t pid, Exit on_exit) {
    waiting_.emplace(pid, std::move(on_exit));
}

void ChildReaper::stop() {
    std::error_code ignored;
    signals_.cancel(ignored);
}

// Only our own: the process may have children of others.
void ChildReaper::reap() {
    std::vector<std::pair<Exit, int>> ended;
    for (auto entry = waiting_.begin(); entry != waiting_.end();) {
        int status = 0;
        if (::waitpid(entry->first, &status, WNOHANG) != entry->first) {
            ++entry;
            continue;
        }
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
        ended.emplace_back(std::move(entry->second), code);
        entry = waiting_.erase(entry);
    }
    for (auto& [on_exit, code] : ended)
        on_exit(code);
}

ChildPipes start_child(const std::string& command, const Environment& extra, bool captures_output,
                       std::string_view first_input) {
    Pipe input, output;
    ChildPipes child;
    child.given = fill(input, first_input);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input.ends[0], STDIN_FILENO);
    if (captures_output) {
        ::posix_spawn_file_actions_adddup2(&actions, output.ends[1], STDOUT_FILENO);
    }
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    // A group of its own: the terminal's Ctrl-C is for us, who let commands finish.
    reset_signals(attributes);
    std::array<char*, 4> words{const_cast<char*>("sh"), const_cast<char*>("-c"),
                               const_cast<char*>(command.c_str()), nullptr};
    std::vector<char*> environment = environment_of(extra);
    const int error = ::posix_spawn(&child.pid, "/bin/sh", &actions, &attributes, words.data(),
                                    environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0) fail(error, "cannot start a command");
    child.input = input.take(1);
    if (captures_output) child.output = output.take(0);
    return child;
}

ChildWriter::ChildWriter(asio::io_context& context, int descriptor)
    : descriptor_(context, descriptor) {}

void ChildWriter::write_and_close(std::string bytes) {
    bytes_ = std::move(bytes);
    asio::async_write(descriptor_, asio::buffer(bytes_),
                      [self = shared_from_this()](std::error_code, std::size_t) {
                          std::error_code ignored;
                          self->descriptor_.close(ignored);
                      });
}

ChildReader::ChildReader(asio::io_context& context, int descriptor, std::size_t limit_bytes)
    : limit_bytes_(limit_bytes)
    , descriptor_(context, descriptor) {}

void ChildReader::read_all(Done done) {
    done_ = std::move(done);
    read_more();
}

void ChildReader::read_more() {
    const std::size_t size = output_.size();
    output_.resize(size + kReadBytes);
    descriptor_.async_read_some(
        asio::buffer(output_.data() + size, kReadBytes),
        [self = shared_from_this(), size](std::error_code error, std::size_t n) {
            self->output_.resize(size + n);
            if (!error && self->output_.size() < self->limit_bytes_) return self->read_more();
            std::error_code ignored;
            self->descriptor_.close(ignored);
            self->done_(std::move(self->output_));
        });
}

}  // namespace mqtt_sub
