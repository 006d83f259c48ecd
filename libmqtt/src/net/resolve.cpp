// getaddrinfo cannot be cancelled, so it runs on a thread of its own that nobody waits for: Asio's
// resolver would hold up the end of the process as long as a dead name server does.
#include "net/resolve.hpp"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

namespace mqtt::net {

namespace {

void append(std::vector<SocketAddress>& out, const addrinfo& info) {
    SocketAddress address;
    std::memcpy(&address.storage, info.ai_addr, info.ai_addrlen);
    address.size = info.ai_addrlen;
    out.push_back(address);
}

// v6 v4 v6 v4 ...: a family that does not work costs one attempt, not all [RFC 8305 section 4].
std::vector<SocketAddress> interleave(const std::vector<SocketAddress>& in) {
    std::vector<SocketAddress> first;
    std::vector<SocketAddress> second;
    for (const SocketAddress& address : in) {
        (address.family() == in.front().family() ? first : second).push_back(address);
    }
    std::vector<SocketAddress> out;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) out.push_back(first[i]);
        if (i < second.size()) out.push_back(second[i]);
    }
    return out;
}

Resolved look_up(const char* host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    const std::string service = std::to_string(port);
    addrinfo* found = nullptr;
    Resolved out;
    out.error = ::getaddrinfo(host, service.c_str(), &hints, &found);
    if (out.error != 0) return out;
    for (const addrinfo* info = found; info; info = info->ai_next)
        append(out.addresses, *info);
    ::freeaddrinfo(found);
    out.addresses = interleave(out.addresses);
    return out;
}

bool answer_at_once(const std::string& host, std::uint16_t port, Resolved& out) {
    SocketAddress address;
    if (host == "localhost") {
        for (const char* loopback : {"127.0.0.1", "::1"}) {
            if (make_numeric_address(loopback, port, address)) out.addresses.push_back(address);
        }
        return true;
    }
    if (!make_numeric_address(host, port, address)) return false;
    out.addresses.push_back(address);
    return true;
}

// What the look-up thread and the waiting coroutine share. The coroutine clears `timer` under the
// lock when it stops waiting; nothing of its loop is touched after that.
struct LookUp {
    std::mutex mutex;
    asio::steady_timer* timer = nullptr;
    bool is_done = false;
    Resolved result;
};

void run_look_up(const std::shared_ptr<LookUp>& shared, const std::string& host,
                 std::uint16_t port) {
    Resolved result = look_up(host.c_str(), port, AI_ADDRCONFIG);
    const std::lock_guard lock(shared->mutex);
    shared->result = std::move(result);
    shared->is_done = true;
    if (!shared->timer) return;
    asio::post(shared->timer->get_executor(), [shared] {
        const std::lock_guard again(shared->mutex);
        if (shared->timer) shared->timer->cancel();
    });
}

struct StopWaiting {
    explicit StopWaiting(std::shared_ptr<LookUp> s) : shared(std::move(s)) {}
    StopWaiting(const StopWaiting&) = delete;
    StopWaiting& operator=(const StopWaiting&) = delete;
    ~StopWaiting() {
        const std::lock_guard lock(shared->mutex);
        shared->timer = nullptr;
    }
    std::shared_ptr<LookUp> shared;
};

}  // namespace

Resolved resolve_now(const std::string& host, std::uint16_t port) {
    Resolved out;
    if (answer_at_once(host, port, out)) return out;
    return host.empty() ? look_up(nullptr, port, AI_PASSIVE) : look_up(host.c_str(), port, 0);
}

Resolved interface_addresses(const std::string& name, const std::string& any, std::uint16_t port) {
    Resolved out;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return out;
    for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
        if (i->ifa_addr == nullptr || name != i->ifa_name) continue;
        const int family = i->ifa_addr->sa_family;
        const bool is_wanted =
            (family == AF_INET && any != "::") || (family == AF_INET6 && any != "0.0.0.0");
        if (!is_wanted) continue;
        SocketAddress address;
        address.size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        std::memcpy(&address.storage, i->ifa_addr, address.size);
        address.set_port(port);
        out.addresses.push_back(address);
    }
    ::freeifaddrs(list);
    return out;
}

asio::awaitable<Resolved> resolve(std::string host, std::uint16_t port, TimePoint deadline) {
    Resolved out;
    if (answer_at_once(host, port, out)) co_return out;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_at(deadline);
    auto shared = std::make_shared<LookUp>();
    shared->timer = &timer;
    const StopWaiting guard(shared);
    std::thread([shared, host, port] { run_look_up(shared, host, port); }).detach();
    std::error_code error;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    const std::lock_guard lock(shared->mutex);
    if (shared->is_done) co_return std::move(shared->result);
    out.timed_out = true;
    co_return out;
}

}  // namespace mqtt::net
