// See line_command.hpp.
#include "mqtt-sub/command/line_command.hpp"

#include <algorithm>
#include <asio/write.hpp>

namespace mqtt_sub {
namespace {

constexpr std::size_t kLongestAnswer = 64 * 1024;

}  // namespace

LineCommand::LineCommand(asio::io_context& context, std::string command, Events events)
    : context_(context)
    , command_(std::move(command))
    , events_(std::move(events))
    , reaper_(context) {}

void LineCommand::start() {
    const ChildPipes child = start_child(command_, {}, true);
    link_ = std::make_shared<Link>(context_, child);
    reaper_.watch(child.pid, [this, link = link_](int status) {
        link->status = status;
        part_done(link);
    });
    read_more(link_);
}

void LineCommand::write(std::string_view line) {
    link_->staged += line;
    flush(link_);
}

void LineCommand::close_input() {
    if (!link_) return;
    link_->closes = true;
    flush(link_);
}

void LineCommand::flush(const std::shared_ptr<Link>& link) {
    if (!link->writing.empty()) return;
    if (link->staged.empty()) {
        std::error_code ignored;
        if (link->closes) link->input.close(ignored);
        return;
    }
    std::swap(link->staged, link->writing);
    asio::async_write(link->input, asio::buffer(link->writing),
                      [this, link](std::error_code error, std::size_t) {
                          link->writing.clear();
                          if (!error) flush(link);  // else it has ended, or will
                      });
}

void LineCommand::read_more(const std::shared_ptr<Link>& link) {
    link->output.async_read_some(asio::buffer(link->chunk),
                                 [this, link](std::error_code error, std::size_t n) {
                                     link->read.append(link->chunk.data(), n);
                                     take_lines(link);
                                     if (error) return part_done(link);
                                     read_more(link);
                                 });
}

// Exit, and the end of its output: what it answered before it ended counts.
void LineCommand::part_done(const std::shared_ptr<Link>& link) {
    if (--link->parts_left > 0) return;
    link_.reset();
    events_.on_exit(link->status);
}

void LineCommand::take_lines(const std::shared_ptr<Link>& link) {
    std::size_t begin = 0;
    for (std::size_t end; (end = link->read.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
        events_.on_line(std::string_view(link->read).substr(begin, end - begin));
    }
    link->read.erase(0, begin);
    // Of an answer that never ends its beginning says enough.
    link->read.resize(std::min(link->read.size(), kLongestAnswer));
}

}  // namespace mqtt_sub
