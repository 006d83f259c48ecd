// See live_view.hpp: --stat, and --top where there is no terminal.
#include <asio/steady_timer.hpp>

#include "common/output.hpp"
#include "mqtt-sub/top/live_view.hpp"
#include "mqtt-sub/top/stat_line.hpp"

namespace mqtt_sub {
namespace {

class LiveStat : public LiveView {
public:
    LiveStat(asio::io_context& context, const Options& options, LiveHooks hooks)
        : hooks_(std::move(hooks))
        , interval_(options.stat_interval.value_or(std::chrono::seconds(1)))
        , is_json_(options.style.json)
        , timer_(context) {}

    void start() override {
        if (!is_json_) output_.buffer() += StatLine::kHeading;
        last_ = TopClock::now();
        wait(last_ + std::chrono::duration_cast<TopClock::duration>(interval_));
    }
    void on_message(const mqtt::Publish& message) override {
        table_.add(message, TopClock::time_point());
    }
    bool note(std::string_view) override { return false; }
    void stop() override { timer_.cancel(); }

private:
    void wait(TopClock::time_point when) {
        timer_.expires_at(when);
        timer_.async_wait([this, when](std::error_code error) {
            if (error) return;
            const auto now = TopClock::now();
            clock_.refresh();
            line_.append(output_.buffer(), table_,
                         std::chrono::duration<double>(now - last_).count(), is_json_, clock_);
            last_ = now;
            if (!output_.flush()) return hooks_.cannot_write(output_.errno_value());
            wait(when + std::chrono::duration_cast<TopClock::duration>(interval_));
        });
    }

    LiveHooks hooks_;
    std::chrono::nanoseconds interval_;
    bool is_json_;
    asio::steady_timer timer_;
    TopicTable table_;
    StatLine line_;
    tools::MessageClock clock_;
    tools::Output output_;
    TopClock::time_point last_;
};

}  // namespace

std::unique_ptr<LiveView> make_live_stat(asio::io_context& context, const Options& options,
                                         LiveHooks hooks) {
    return std::make_unique<LiveStat>(context, options, std::move(hooks));
}

}  // namespace mqtt_sub
