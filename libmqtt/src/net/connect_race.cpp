// The race: attempts in flight, a timer that a finished attempt cancels, and a coroutine that looks.
#include "net/connect_race.hpp"

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <optional>

namespace mqtt::net {

namespace {

constexpr auto kAttemptDelay = std::chrono::milliseconds(250);

using Socket = asio::generic::stream_protocol::socket;

struct Attempt {
    Attempt(const asio::any_io_executor& executor, const SocketAddress& a)
        : socket(executor)
        , address(a) {}
    Socket socket;
    SocketAddress address;
    std::optional<std::error_code> outcome;
};

// Shared with the completion handlers, which may outlive the coroutine.
struct Race {
    explicit Race(const asio::any_io_executor& executor) : event(executor) {}
    asio::steady_timer event;  // cancelled when an attempt has ended
    std::vector<std::unique_ptr<Attempt>> attempts;
};

asio::generic::stream_protocol::endpoint to_asio(const SocketAddress& address) {
    return {address.get(), address.size, IPPROTO_TCP};
}

std::error_code prepare(Attempt& attempt, const std::string& bind_address) {
    std::error_code error;
    attempt.socket.open(to_asio(attempt.address).protocol(), error);
    if (error) return error;
    if (!bind_address.empty()) {
        SocketAddress local;
        if (!make_numeric_address(bind_address, 0, local))
            return {EADDRNOTAVAIL, std::system_category()};
        if (local.family() != attempt.address.family())
            return {EAFNOSUPPORT, std::system_category()};
        // The port is chosen by connect, per destination: many connections share one.
        const int on = 1;
        (void)::setsockopt(attempt.socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                           sizeof on);
        if (::bind(attempt.socket.native_handle(), local.get(), local.size) != 0)
            return last_error();
    }
    return error;
}

void start(const std::shared_ptr<Race>& race, const SocketAddress& address,
           const std::string& bind_address) {
    race->attempts.push_back(std::make_unique<Attempt>(race->event.get_executor(), address));
    Attempt& attempt = *race->attempts.back();
    if (const std::error_code error = prepare(attempt, bind_address)) {
        attempt.outcome = error;
        return;
    }
    attempt.socket.async_connect(to_asio(address), [race, &attempt](std::error_code error) {
        // Asio's own category does not compare equal to std::errc.
        attempt.outcome.emplace(error.value(), std::system_category());
        race->event.cancel();
    });
}

// The higher, the more the failure says about what is wrong.
int weight(std::error_code error) {
    if (error == std::errc::connection_refused) return 4;
    if (error == std::errc::timed_out) return 3;
    if (error == std::errc::address_family_not_supported) return 1;
    return 2;
}

struct Standing {
    Attempt* winner = nullptr;
    Attempt* telling_failure = nullptr;
    std::size_t in_flight = 0;
};

Standing look_at(Race& race) {
    Standing out;
    for (const auto& attempt : race.attempts) {
        if (!attempt->outcome) {
            ++out.in_flight;
        } else if (!*attempt->outcome) {
            if (!out.winner) out.winner = attempt.get();
        } else if (!out.telling_failure ||
                   weight(*attempt->outcome) > weight(*out.telling_failure->outcome)) {
            out.telling_failure = attempt.get();
        }
    }
    return out;
}

RaceResult won(Attempt& winner) {
    RaceResult out;
    out.address = winner.address;
    std::error_code ignored;
    winner.socket.native_non_blocking(true, ignored);
    out.socket = UniqueFd(winner.socket.release(out.error));
    return out;
}

void close_all(Race& race) {
    std::error_code ignored;
    for (const auto& attempt : race.attempts)
        attempt->socket.close(ignored);
}

// Also when the coroutine is destroyed in the middle.
struct CloseAll {
    explicit CloseAll(std::shared_ptr<Race> r) : race(std::move(r)) {}
    CloseAll(const CloseAll&) = delete;
    CloseAll& operator=(const CloseAll&) = delete;
    ~CloseAll() { close_all(*race); }
    std::shared_ptr<Race> race;
};

}  // namespace

asio::awaitable<RaceResult> connect_race(std::vector<SocketAddress> addresses,
                                         std::string bind_address, TimePoint deadline) {
    auto race = std::make_shared<Race>(co_await asio::this_coro::executor);
    const CloseAll guard(race);
    std::size_t started = 0;
    TimePoint next_start = Clock::now();
    for (;;) {
        const TimePoint now = Clock::now();
        Standing standing = look_at(*race);
        if (standing.winner) co_return won(*standing.winner);
        const bool may_start = started < addresses.size() && now < deadline;
        if (may_start && (standing.in_flight == 0 || now >= next_start)) {
            start(race, addresses[started++], bind_address);
            next_start = now + kAttemptDelay;
            continue;
        }
        if (standing.in_flight == 0 || now >= deadline) {
            RaceResult out;
            out.address = addresses.front();
            out.error = std::make_error_code(std::errc::timed_out);
            const Attempt* failure = standing.telling_failure;
            if (failure &&
                (standing.in_flight == 0 || weight(*failure->outcome) > weight(out.error))) {
                out.address = failure->address;
                out.error = *failure->outcome;
            }
            co_return out;
        }
        race->event.expires_at(started < addresses.size() ? std::min(next_start, deadline)
                                                          : deadline);
        std::error_code woken;
        co_await race->event.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

}  // namespace mqtt::net
