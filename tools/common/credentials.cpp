// See credentials.hpp.
#include "common/credentials.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <vector>

extern char** environ;

namespace tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestPassword = 65'535;

std::string first_line(std::string text) {
    text.resize(std::min(text.find('\n'), text.size()));
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

std::string read_password_file(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!file || !std::getline(file, line)) {
        throw UsageError("cannot read the password file '" + path + "'");
    }
    return first_line(std::move(line));
}

// A program that is run by /bin/sh with standard output in a pipe, and nothing to read: our standard input may be the
// messages. Ended when it is left behind.
class Command {
public:
    Command(const std::string& text, std::vector<std::string> variables) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw UsageError("cannot make a pipe");
        output_ = ends[0];
        std::vector<char*> environment;
        for (char** entry = environ; *entry != nullptr; ++entry)
            environment.push_back(*entry);
        for (std::string& variable : variables)
            environment.push_back(variable.data());
        environment.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawnattr_t attributes;
        ::posix_spawnattr_init(&attributes);
        sigset_t defaults;  // we ignore SIGPIPE, a shell's pipelines need it
        ::sigemptyset(&defaults);
        ::sigaddset(&defaults, SIGPIPE);
        ::posix_spawnattr_setsigdefault(&attributes, &defaults);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        std::string shell = "sh";
        std::string flag = "-c";
        std::string script = text;
        std::array<char*, 4> arguments{shell.data(), flag.data(), script.data(), nullptr};
        const int failed = ::posix_spawn(&pid_, "/bin/sh", &actions, &attributes, arguments.data(),
                                         environment.data());
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
        ::close(ends[1]);
        if (failed != 0) pid_ = -1;
    }
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;
    ~Command() {
        ::close(output_);
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        wait();
    }

    // All that it prints; false when the time is over before its end.
    bool read(std::string& text, Clock::time_point deadline) {
        std::array<char, 4096> block{};
        while (text.size() <= kLongestPassword) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
            pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
            if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0) {
                return false;
            }
            const ssize_t n = ::read(output_, block.data(), block.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) break;
            text.append(block.data(), static_cast<std::size_t>(n));
        }
        return true;
    }

    int wait() {
        int status = -1;
        while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return status;
    }

private:
    pid_t pid_ = -1;
    int output_ = -1;
};

}  // namespace

std::string run_password_command(const ConnectSettings& settings,
                                 const mqtt::ConnectOptions& options) {
    Command command(
        *settings.password_command,
        {"MQTT_HOST=" + options.endpoint.host, "MQTT_PORT=" + std::to_string(options.endpoint.port),
         "MQTT_USERNAME=" + options.user_name.value_or(""), "MQTT_CLIENT_ID=" + options.client_id});
    std::string text;
    if (!command.read(text, Clock::now() + settings.connect_timeout)) {
        throw UsageError("the password command did not end in time");
    }
    if (text.size() > kLongestPassword) {  // it may go on for ever
        throw UsageError("the password command printed more than a password can have");
    }
    const int status = command.wait();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw UsageError("the password command failed with " +
                         (WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                            : "signal " + std::to_string(WTERMSIG(status))));
    }
    std::string password = first_line(std::move(text));
    if (password.empty()) throw UsageError("the password command printed nothing");
    return password;
}

std::string ask_password(const std::string& prompt) {
    const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    termios before{};
    if (terminal < 0 || ::tcgetattr(terminal, &before) != 0) {
        if (terminal >= 0) ::close(terminal);
        throw UsageError("option '--ask-password' needs a terminal");
    }
    termios hidden = before;
    // Ctrl-C comes as a character, so that the terminal is never left without echo.
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    ::tcsetattr(terminal, TCSAFLUSH, &hidden);
    std::string password;
    bool cancelled = ::write(terminal, prompt.data(), prompt.size()) < 0;
    constexpr char interrupt = 3;
    constexpr char end_of_input = 4;
    constexpr char backspace = 8;
    constexpr char delete_key = 127;
    for (char c = 0; !cancelled && ::read(terminal, &c, 1) == 1 && c != '\n' && c != '\r';) {
        if (c == interrupt || c == end_of_input) cancelled = true;
        if (c == backspace || c == delete_key) {
            if (!password.empty()) password.pop_back();
        } else {
            password += c;
        }
    }
    ::tcsetattr(terminal, TCSAFLUSH, &before);
    if (::write(terminal, "\n", 1) < 0) cancelled = true;
    ::close(terminal);
    if (cancelled) throw UsageError("no password was given");
    return password;
}

void obtain_password(const ConnectSettings& settings, mqtt::ConnectOptions& options) {
    if (settings.password_command) {
        options.password = run_password_command(settings, options);
    } else if (settings.password_file) {
        options.password = read_password_file(*settings.password_file);
    } else if (settings.ask_password) {
        options.password = ask_password("Password for " + options.user_name.value_or("") + "@" +
                                        options.endpoint.host + ": ");
    }
}

std::function<std::string(mqtt::ConnectOptions&)> password_refresher(
    const ConnectSettings& settings) {
    if (!settings.password_command && !settings.password_file) return nullptr;
    return [&settings, has_one = true](mqtt::ConnectOptions& options) mutable -> std::string {
        if (std::exchange(has_one, false)) return {};
        try {
            obtain_password(settings, options);
            return {};
        } catch (const UsageError& error) {
            return error.what();
        }
    };
}

}  // namespace tools
