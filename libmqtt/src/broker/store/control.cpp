// See control.hpp.
#include "broker/store/control.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>

namespace mqtt::broker::store {
namespace {

constexpr int kPatience = 5000;  // milliseconds for a request to arrive
constexpr std::size_t kLongestRequest = 8192;

bool fill(sockaddr_un& address, const std::string& path) {
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return true;
}

std::string problem(const std::string& path) {
    return "'" + path + "': " + std::strerror(errno);
}

bool send_all(int socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

// Who may connect is decided before anybody can: the mode of a socket is that of its making.
std::string Control::start(const std::string& path) {
    sockaddr_un address{};
    if (!fill(address, path)) return "'" + path + "' is too long for the name of a socket";
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::unlink(path.c_str());
    if (listener_ < 0 || ::fchmod(listener_, 0600) != 0 ||
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), 0600) != 0 || ::listen(listener_, 4) != 0 ||
        ::pipe2(stopping_, O_CLOEXEC) != 0) {
        const std::string text = problem(path);
        if (listener_ >= 0) ::close(std::exchange(listener_, -1));
        return text;
    }
    path_ = path;
    thread_ = std::thread([this] { run(); });
    return {};
}

void Control::stop() {
    if (listener_ < 0) return;
    ::close(std::exchange(stopping_[1], -1));
    thread_.join();
    ::close(std::exchange(stopping_[0], -1));
    ::close(std::exchange(listener_, -1));
    ::unlink(path_.c_str());
}

void Control::run() {
    while (true) {
        pollfd ready[] = {{listener_, POLLIN, 0}, {stopping_[0], POLLIN, 0}};
        if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
        if (ready[1].revents != 0) return;
        if (ready[0].revents == 0) continue;
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) continue;
        serve(connection);
        ::close(connection);
    }
}

void Control::serve(int connection) {
    std::string request;
    while (request.find('\n') == std::string::npos && request.size() < kLongestRequest) {
        pollfd ready[] = {{connection, POLLIN, 0}, {stopping_[0], POLLIN, 0}};
        if (::poll(ready, 2, kPatience) <= 0 || ready[1].revents != 0) return;
        char bytes[1024];
        const ssize_t n = ::recv(connection, bytes, sizeof bytes, 0);
        if (n <= 0) return;
        request.append(bytes, static_cast<std::size_t>(n));
    }
    request.resize(std::min(request.find('\n'), request.size()));
    send_all(connection, answer(request));
}

std::string Control::answer(const std::string& request) {
    constexpr std::string_view kBackup = "backup ";
    if (request.starts_with(kBackup)) return back_up(request.substr(kBackup.size()));
    if (request == "figures") {
        const Writer::Figures figures = writer_.figures();
        return "commits " + std::to_string(figures.commits) + "\nfailed commits " +
               std::to_string(figures.failures) + "\nmicroseconds of the last commit " +
               std::to_string(figures.last_commit_us) + "\nok\n";
    }
    return "error the broker knows no request '" + request + "'\n";
}

std::string Control::back_up(const std::string& to) {
    if (!to.starts_with('/')) return "error '" + to + "' is no absolute path\n";
    std::promise<Fault> done;
    writer_.copy(to, [&done](const Fault& fault) { done.set_value(fault); });
    const Fault fault = done.get_future().get();
    return fault ? "error " + fault.text + "\n" : "ok\n";
}

bool ask_broker(const std::string& path, const std::string& request, std::string& text) {
    sockaddr_un address{};
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    text.clear();
    if (!fill(address, path) ||
        ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        text = "its control socket does not answer: " + problem(path);
        ::close(socket);
        return false;
    }
    bool is_whole = send_all(socket, request + "\n");
    char bytes[4096];
    for (ssize_t n = 0; is_whole && (n = ::recv(socket, bytes, sizeof bytes, 0)) > 0;)
        text.append(bytes, static_cast<std::size_t>(n));
    ::close(socket);
    constexpr std::string_view kOk = "ok\n";
    constexpr std::string_view kError = "error ";
    if (text.ends_with(kOk)) {
        text.resize(text.size() - kOk.size());
        return true;
    }
    if (text.starts_with(kError) && text.ends_with('\n'))
        text = text.substr(kError.size(), text.size() - kError.size() - 1);
    else
        text = "the broker ended while it was asked";
    return false;
}

}  // namespace mqtt::broker::store
