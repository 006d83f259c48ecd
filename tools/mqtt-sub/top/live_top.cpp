// See live_view.hpp: --top. Timers, keys and signals of the screen around table, view and renderer.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "common/output.hpp"
#include "common/terminal.hpp"
#include "common/wait_descriptor.hpp"
#include "mqtt-sub/top/frame_diff.hpp"
#include "mqtt-sub/top/keys.hpp"
#include "mqtt-sub/top/live_view.hpp"
#include "mqtt-sub/top/terminal_session.hpp"
#include "mqtt-sub/top/top_render.hpp"

namespace mqtt_sub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The eye reads no more than a few pictures per second; keys are answered sooner. Ten per second at most.
constexpr milliseconds kDataInterval(250);
constexpr milliseconds kKeyInterval(100);
constexpr seconds kNoteTime(10);

bool has_utf8_locale() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == 0) continue;
        const std::string_view text(value);
        return contains_any_case(text, "utf-8") || contains_any_case(text, "utf8");
    }
    return false;
}

class LiveTop : public LiveView {
public:
    LiveTop(asio::io_context& context, const Options& options, LiveHooks hooks, int keyboard)
        : hooks_(std::move(hooks))
        , server_(mqtt::to_url(options.connect.endpoint))
        , has_color_(tools::wants_color(STDOUT_FILENO, options.color))
        , session_(STDOUT_FILENO, keyboard)
        , second_timer_(context)
        , draw_timer_(context)
        , signals_(context, SIGWINCH, SIGTSTP)
        , keyboard_(context, keyboard) {}
    ~LiveTop() override { stop(); }

    void start() override {
        session_.enter();
        wait_for_second(TopClock::now() + seconds(1));
        wait_for_signal();
        wait_for_keys();
        draw_within(milliseconds(0));
    }

    void on_message(const mqtt::Publish& message) override {
        table_.add(message, TopClock::now());
        if (!frozen_) draw_within(kDataInterval);
    }

    bool note(std::string_view text) override {
        note_ = text;
        note_time_ = TopClock::now();
        draw_within(kKeyInterval);
        return !is_stopped_;
    }

    // What is due already runs in spite of being cancelled, and must not draw on the screen that is given back.
    void stop() override {
        if (is_stopped_) return;
        is_stopped_ = true;
        second_timer_.cancel();
        draw_timer_.cancel();
        std::error_code ignored;
        signals_.cancel(ignored);
        keyboard_.cancel(ignored);
        session_.leave();
    }

private:
    const TopicTable& shown() const { return frozen_ ? *frozen_ : table_; }
    std::size_t page_rows() const {
        return list_rows(static_cast<std::size_t>(tools::terminal_height(STDOUT_FILENO)));
    }

    // By absolute times: seconds do not grow by the time that drawing takes.
    void wait_for_second(TopClock::time_point when) {
        second_timer_.expires_at(when);
        second_timer_.async_wait([this, when](std::error_code error) {
            if (error || is_stopped_) return;
            table_.tick();
            if (!frozen_) {
                view_.arrange(table_);
                draw_within(milliseconds(0));
            }
            wait_for_second(std::max(when + seconds(1), TopClock::now()));
        });
    }

    void wait_for_signal() {
        signals_.async_wait([this](std::error_code error, int signal) {
            if (error || is_stopped_) return;
            if (signal == SIGTSTP) {
                session_.leave();
                std::raise(SIGSTOP);
                session_.enter();
            }
            diff_.forget();
            draw_within(milliseconds(0));
            wait_for_signal();
        });
    }

    void wait_for_keys() {
        keyboard_.async_wait(
            asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
                if (error || is_stopped_) return;
                char bytes[256];
                const ssize_t n = ::read(keyboard_.native_handle(), bytes, sizeof bytes);
                if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) return hooks_.quit();
                std::vector<Key> keys;
                if (n > 0) reader_.feed({bytes, static_cast<std::size_t>(n)}, keys);
                for (const Key& key : keys)
                    press(key);
                if (!is_stopped_) wait_for_keys();
            });
    }

    void press(const Key& key) {
        switch (view_.press(key, shown(), page_rows())) {
        case TopAction::quit: return hooks_.quit();
        case TopAction::pause:
            if (frozen_) {
                frozen_.reset();
                view_.arrange(table_);
            } else {
                frozen_ = table_;
                frozen_time_ = TopClock::now();
            }
            break;
        case TopAction::clear:
            frozen_.reset();
            table_.clear();
            view_.forget_topics();
            break;
        case TopAction::redraw: diff_.forget(); break;
        case TopAction::none: break;
        }
        draw_within(kKeyInterval);
    }

    // Draws so long after the last picture, at once when that is past; at most ten times per second.
    void draw_within(milliseconds interval) {
        if (is_stopped_) return;
        const auto when = last_draw_ + std::max(interval, kKeyInterval);
        if (is_draw_due_ && draw_timer_.expiry() <= when) return;
        is_draw_due_ = true;
        draw_timer_.expires_at(when);
        draw_timer_.async_wait([this](std::error_code error) {
            if (!error && !is_stopped_) draw();
        });
    }

    void draw() {
        is_draw_due_ = false;
        last_draw_ = TopClock::now();
        RenderContext context;
        context.width = static_cast<std::size_t>(tools::terminal_width(STDOUT_FILENO));
        context.height = static_cast<std::size_t>(tools::terminal_height(STDOUT_FILENO));
        context.now = frozen_ ? frozen_time_ : last_draw_;
        context.server = server_;
        if (last_draw_ - note_time_ < kNoteTime) context.note = note_;
        context.is_paused = frozen_.has_value();
        context.has_utf8 = has_utf8_;
        context.has_color = has_color_;
        // Topics that came since the last second are seen at once while there are few.
        const bool has_room = view_.rows().size() < list_rows(context.height);
        if (has_room) view_.arrange(shown());
        view_.scroll_to_selection(list_rows(context.height));
        diff_.append(output_.buffer(), render_top(shown(), view_, context));
        if (!output_.flush()) hooks_.cannot_write(output_.errno_value());
    }

    LiveHooks hooks_;
    std::string server_;
    bool has_color_;
    bool has_utf8_ = has_utf8_locale();
    TopicTable table_;
    std::optional<TopicTable> frozen_;
    TopClock::time_point frozen_time_;
    TopView view_;
    FrameDiff diff_;
    KeyReader reader_;
    tools::Output output_;
    TerminalSession session_;
    asio::steady_timer second_timer_;
    asio::steady_timer draw_timer_;
    asio::signal_set signals_;
    asio::posix::stream_descriptor keyboard_;
    TopClock::time_point last_draw_;
    bool is_draw_due_ = false;
    bool is_stopped_ = false;
    std::string note_;
    TopClock::time_point note_time_ = TopClock::time_point::min();
};

// The terminal's keyboard, also when standard input is something else. -1: there is none.
int open_keyboard() {
    if (tools::is_terminal(STDIN_FILENO)) return tools::open_to_wait(STDIN_FILENO, O_RDWR);
    return ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

}  // namespace

std::unique_ptr<LiveView> make_live_top(asio::io_context& context, const Options& options,
                                        LiveHooks hooks, int keyboard) {
    return std::make_unique<LiveTop>(context, options, std::move(hooks), keyboard);
}

std::unique_ptr<LiveView> make_live_view(asio::io_context& context, const Options& options,
                                         LiveHooks hooks) {
    if (!options.top && !options.stat_interval) return nullptr;
    if (options.top && tools::is_terminal(STDOUT_FILENO)) {
        const int keyboard = open_keyboard();
        if (keyboard >= 0) return make_live_top(context, options, std::move(hooks), keyboard);
    }
    return make_live_stat(context, options, std::move(hooks));
}

}  // namespace mqtt_sub
