// A client that keeps the last value of a few $SYS topics.
#include "mqtt-bench/sys_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "mqtt-bench/text.hpp"
#include "mqtt/client.hpp"

namespace mqtt::bench {
namespace {

enum Topic : std::size_t { kVersion, kReceived, kSent, kDropped, kTopics };
constexpr std::array<std::string_view, kTopics> kNames{
    "$SYS/broker/version", "$SYS/broker/publish/messages/received",
    "$SYS/broker/publish/messages/sent", "$SYS/broker/publish/messages/dropped"};
// Longer than a broker on the same continent takes for a retained message.
constexpr std::chrono::milliseconds kRetained{500};

}  // namespace

class SysWatch::Watcher {
public:
    Watcher(const ConnectOptions& connect, bool counters)
        : client_(context_, options_for(connect)) {
        client_.set_message_handler([this](const IncomingMessage& message) {
            take(message.publish.topic, as_text(message.publish.payload));
            return AckDecision::now();
        });
        client_.connect([this, counters](std::error_code error, const ConnectReport&) {
            if (error) return close();
            std::vector<Subscription> wanted;
            for (std::size_t i = 0; i < (counters ? kTopics : kVersion + 1); ++i)
                wanted.emplace_back(std::string(kNames[i]));
            client_.subscribe(std::move(wanted), [this](std::error_code failed, SubscribeResult) {
                if (failed) close();
            });
        });
        thread_ = std::thread([this] { context_.run(); });
    }
    ~Watcher() { stop(); }

    void stop() {
        if (!thread_.joinable()) return;
        asio::post(context_, [this] { close(); });
        thread_.join();
    }
    // True when `ready` became true in time.
    template <class Ready>
    bool wait(std::chrono::milliseconds patience, Ready ready) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return closed_ || ready(); }) && ready();
    }
    // Within wait() only.
    std::uint64_t updates_of(Topic topic) const { return updates_[topic]; }

    struct Values {
        std::array<std::string, kTopics> text;
        std::array<std::uint64_t, kTopics> updates{};
        std::uint64_t messages = 0;  // of $SYS that came here
    };
    Values values() {
        const std::lock_guard lock(mutex_);
        return {text_, updates_, messages_};
    }
    Values at_start;

private:
    static ClientOptions options_for(const ConnectOptions& connect) {
        ClientOptions options;
        options.connect = connect;
        options.connect.client_id.clear();
        options.connect.clean_start = true;
        options.connect.will.reset();
        options.reconnect.enabled = false;
        options.disconnect_timeout = std::chrono::milliseconds(500);
        return options;
    }
    static std::string_view as_text(Bytes bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    void take(std::string_view topic, std::string_view payload) {
        const std::lock_guard lock(mutex_);
        ++messages_;
        for (std::size_t i = 0; i < kTopics; ++i) {
            if (topic != kNames[i]) continue;
            text_[i] = payload;
            ++updates_[i];
        }
        changed_.notify_all();
    }
    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            changed_.notify_all();
        }
        client_.disconnect([](std::error_code) {});
    }

    asio::io_context context_{1};
    Client client_;
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::array<std::string, kTopics> text_;
    std::array<std::uint64_t, kTopics> updates_{};
    std::uint64_t messages_ = 0;
    bool closed_ = false;
};

namespace {

std::optional<std::uint64_t> number(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end == text.data()) return std::nullopt;
    return value;
}

std::string difference(std::string_view what, std::uint64_t theirs, std::uint64_t ours) {
    const auto by = static_cast<std::int64_t>(theirs - ours);
    return fmt::format("{} {} ({}{} against ours)", what,
                       with_commas(static_cast<std::int64_t>(theirs)), by > 0 ? "+" : "",
                       with_commas(by));
}

}  // namespace

SysWatch::SysWatch(const ConnectOptions& connect, bool counters, std::chrono::milliseconds patience)
    : watcher_(std::make_unique<Watcher>(connect, counters)) {
    watcher_->wait(std::min(patience, kRetained),
                   [&] { return watcher_->updates_of(kVersion) > 0; });
    // The retained counters may be as old as the broker's interval: the next ones are of now. (The
    // one that counts what is sent changes with every publication of $SYS, so it always comes.)
    if (counters) watcher_->wait(patience, [&] { return watcher_->updates_of(kSent) > 1; });
    watcher_->at_start = watcher_->values();
    if (!counters) watcher_->stop();
}

SysWatch::~SysWatch() = default;

const std::string& SysWatch::version() const {
    return watcher_->at_start.text[kVersion];
}

std::optional<SysCounts> SysWatch::finish(std::chrono::milliseconds patience) {
    const Watcher::Values& before = watcher_->at_start;
    if (before.updates[kVersion] == 0 && before.updates[kReceived] == 0) return std::nullopt;
    SysCounts out;
    out.version = before.text[kVersion];
    if (before.updates[kReceived] == 0 || before.updates[kSent] == 0) return out;
    // What comes at once may have been under way when the last delivery came.
    watcher_->wait(std::chrono::milliseconds(100), [] { return false; });
    const std::uint64_t seen = watcher_->values().updates[kSent];
    watcher_->wait(patience, [&] { return watcher_->updates_of(kSent) > seen; });
    const Watcher::Values after = watcher_->values();
    const auto since = [&](Topic topic) {
        const auto a = number(before.text[topic]);
        const auto b = number(after.text[topic]);
        return a && b && *b >= *a ? *b - *a : 0;
    };
    out.counted = after.updates[kSent] > before.updates[kSent] ||
                  after.updates[kReceived] > before.updates[kReceived];
    out.received = since(kReceived);
    out.sent = since(kSent);
    out.dropped = since(kDropped);
    out.own = after.messages - before.messages;
    return out;
}

std::string sys_agreement(const SysCounts& sys, std::uint64_t sent, std::uint64_t received) {
    if (!sys.counted) return "no counters were published during the run";
    // The counters' own publications count, too: those that came here, and those under way.
    const std::uint64_t slack = sys.own + 2 * kTopics;
    std::string out;
    const auto differs = [&](std::uint64_t theirs, std::uint64_t ours) {
        return theirs < ours || theirs > ours + slack;
    };
    if (differs(sys.received, sent)) out += difference("received", sys.received, sent);
    if (differs(sys.sent, received)) {
        out += (out.empty() ? "" : ", ") + difference("sent", sys.sent, received);
    }
    if (sys.dropped > 0) {
        out += fmt::format("{}dropped {}", out.empty() ? "" : ", ",
                           with_commas(static_cast<std::int64_t>(sys.dropped)));
    }
    return out.empty() ? fmt::format("agrees (received {}, sent {})",
                                     with_commas(static_cast<std::int64_t>(sys.received)),
                                     with_commas(static_cast<std::int64_t>(sys.sent)))
                       : "says: " + out;
}

}  // namespace mqtt::bench
