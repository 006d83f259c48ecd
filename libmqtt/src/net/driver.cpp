// The driver's reading, flushing and closing. Every path that can call on_closed returns at once
// afterwards: the consumer may be on its way out.
#include "net/driver.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.hpp"

namespace mqtt::net {

namespace {

constexpr int kReadRounds = 4;   // then others have their turn
constexpr int kMaxVectors = 64;  // a flush of more goes out in several writes

// Leaves at most `most` bytes in the vectors; returns how many vectors that are.
int cut(iovec* vectors, int count, std::uint64_t most) {
    for (int i = 0; i < count; ++i) {
        if (most == 0) return i;
        vectors[i].iov_len =
            static_cast<std::size_t>(std::min<std::uint64_t>(vectors[i].iov_len, most));
        most -= vectors[i].iov_len;
    }
    return count;
}

}  // namespace

// What closing and holding need and an idle connection should not pay for. The timer ends lingering.
class Driver::Rare final : public Timer {
public:
    explicit Rare(Driver& driver) : driver_(driver) {}
    void on_timer(TimePoint) override { driver_.finish({}); }
    std::uint64_t hold_at = kNoHold;
    bool half_closed = false;

private:
    Driver& driver_;
};

Driver::Driver(Loop& loop, std::unique_ptr<ByteStream> stream, ByteConsumer& consumer)
    : loop_(&loop)
    , stream_(std::move(stream))
    , consumer_(&consumer) {
    if (stream_->is_handshake_done()) stage_ = Stage::open;
}

Driver::~Driver() {
    detach();
}

void Driver::start(Bytes already_read) {
    loop_->watch(stream_->descriptor(), *this);
    tail_.append(already_read);
    held_ = !already_read.empty();
    if (held_ || is_handshaking() || stream_->has_buffered_input()) loop_->mark_ready(*this);
}

void Driver::on_ready(Ready ready) {
    if (ready.ended) ended_ = true;
    if (stage_ == Stage::handshaking) {
        if (!step_handshake()) return;
        ready.readable = true;
    }
    if (blocked_ && (ready.writable || (ready.readable && write_wants_read_))) {
        blocked_ = false;
        flush();
    }
    if (stage_ == Stage::lingering) return drain();
    if (stage_ != Stage::open) return;
    if (write_failed_ && paused_) return finish(std::make_error_code(std::errc::broken_pipe));
    if (!paused_ && (ready.readable || read_wants_write_)) read_all();
}

// The stream may have answered something by itself (a pong).
void Driver::flush_answers() {
    if (stream_->has_pending_output()) mark_dirty();
}

bool Driver::step_handshake() {
    const IoResult result = stream_->handshake();
    if (result.error || result.eof) {
        finish(result.error);
        return false;
    }
    if (result.want_write) loop_->want_writable(stream_->descriptor(), *this);
    if (result.want_write || result.want_read) return false;
    stage_ = Stage::open;
    if (!out_.empty()) mark_dirty();
    return true;
}

// Reading.

void Driver::read_all() {
    read_wants_write_ = false;
    if (held_) {
        show_tail();
        if (must_stop()) return;
    }
    for (int round = 0; round < kReadRounds; ++round) {
        const bool is_large = tail_.needed() > Loop::kReadBytes || tail_.size() >= Loop::kReadBytes;
        const IoResult result = is_large ? read_into_tail() : read_behind_tail();
        if (!is_open()) return;
        flush_answers();
        if (result.error || result.eof) return finish(result.error);
        if (must_stop()) return;
        if (result.want_write) {
            read_wants_write_ = true;
            return loop_->want_writable(stream_->descriptor(), *this);
        }
        if (result.want_read && (!ended_ || result.n == 0)) {
            if (write_failed_) finish(std::make_error_code(std::errc::broken_pipe));
            return;
        }
    }
    loop_->mark_ready(*this);
}

// Into the loop's buffer, leaving room in front for the tail, which is copied there only once: when
// the bytes that complete its packet have come.
IoResult Driver::read_behind_tail() {
    const std::span<std::uint8_t> buffer = loop_->read_buffer();
    const std::size_t front = tail_.size();
    const IoResult result = stream_->read(buffer.subspan(front, Loop::kReadBytes));
    bytes_received_ += result.n;
    if (result.n == 0) return result;
    if (front == 0) {
        show(buffer.first(result.n));
    } else if (front + result.n < tail_.needed()) {
        tail_.append(buffer.subspan(front, result.n));
    } else {
        std::memcpy(buffer.data(), tail_.bytes().data(), front);
        tail_.clear();
        show(buffer.first(front + result.n));
    }
    return result;
}

// Straight behind the beginning of a large packet, and not beyond its end.
IoResult Driver::read_into_tail() {
    const std::size_t size = tail_.size();
    const std::size_t missing = tail_.needed() > size ? tail_.needed() - size : Loop::kReadBytes;
    const std::span<std::uint8_t> room = tail_.room(std::min(missing, Loop::kReadBytes), missing);
    const IoResult result = stream_->read(room);
    bytes_received_ += result.n;
    tail_.commit(result.n);
    if (result.n > 0 && tail_.size() >= tail_.needed()) show_tail();
    return result;
}

void Driver::show(Bytes bytes) {
    in_consumer_ = true;
    const Consumed consumed = consumer_->on_bytes(bytes);
    in_consumer_ = false;
    MQTT_ASSERT(consumed.bytes <= bytes.size());
    if (!is_open() || consumed.bytes == bytes.size()) return;
    tail_.append(bytes.subspan(consumed.bytes));
    tail_.set_needed(consumed.needed);
}

void Driver::show_tail() {
    held_ = false;
    in_consumer_ = true;
    const Consumed consumed = consumer_->on_bytes(tail_.bytes());
    in_consumer_ = false;
    if (!is_open()) return;
    tail_.consume(consumed.bytes);
    tail_.set_needed(consumed.needed);
}

// The consumer closed or paused, or the loop has enough staged for this turn.
bool Driver::must_stop() {
    if (!is_open()) return true;
    const bool turn_is_full = loop_->staged_bytes() >= Loop::kTurnBytes;
    if (!paused_ && !turn_is_full) return false;
    held_ = !tail_.empty();
    if (!paused_) loop_->mark_ready(*this);
    return true;
}

void Driver::pause_reading() {
    if (paused_ || stage_ == Stage::closed) return;
    paused_ = true;
    if (stage_ == Stage::open) loop_->want_readable(stream_->descriptor(), *this, false);
}

void Driver::resume_reading() {
    if (!paused_ || stage_ == Stage::closed) return;
    paused_ = false;
    loop_->want_readable(stream_->descriptor(), *this, true);
    // The edge may be past, and TLS and WebSocket may hold bytes that no edge announces.
    loop_->mark_ready(*this);
}

// Writing.

void Driver::stage_large(Bytes packet) {
    const bool leaves_soon = stage_ == Stage::open && !blocked_ && !write_failed_ && !is_holding();
    if (leaves_soon) {
        if (base::KeepAliveRef owner = loop_->lend(packet)) {
            return out_.append_lent(packet, std::move(owner));
        }
    }
    out_.append(packet);
}

void Driver::flush() {
    if (stage_ == Stage::handshaking || stage_ == Stage::closed) return;
    if (blocked_ || write_failed_) return;
    const bool had_been_blocked = was_blocked_;
    if (!write_out()) return out_.keep_lent();
    was_blocked_ = false;
    if (stage_ == Stage::lingering) return half_close();
    if (had_been_blocked) consumer_->on_writable();
}

// True when everything is out; what is held back is not.
bool Driver::write_out() {
    std::array<iovec, kMaxVectors> vectors;
    while (!out_.empty() || stream_->has_pending_output()) {
        int count = out_.gather(vectors.data(), kMaxVectors);
        if (rare_ && rare_->hold_at != kNoHold) {
            count = cut(vectors.data(), count, rare_->hold_at - bytes_sent_);
            if (count == 0 && !stream_->has_pending_output()) return false;
        }
        const IoResult result = stream_->write(vectors.data(), count);
        bytes_sent_ += result.n;
        if (was_blocked_ || result.n < out_.size_bytes()) {
            consumer_->on_written({vectors.data(), static_cast<std::size_t>(count)}, result.n);
        }
        out_.consume(result.n);
        if (result.error) {
            fail_writing();
            return false;
        }
        if (result.want_write || result.want_read) {
            block(result);
            return false;
        }
    }
    return true;
}

void Driver::hold_output(std::uint64_t position) {
    if (!rare_) {
        if (position == kNoHold) return;
        rare_ = std::make_unique<Rare>(*this);
    }
    rare_->hold_at = position;
}

bool Driver::is_holding() const {
    return rare_ && staged_position() > rare_->hold_at;
}

void Driver::block(const IoResult& result) {
    blocked_ = true;
    was_blocked_ = true;
    write_wants_read_ = result.want_read;
    if (result.want_write) loop_->want_writable(stream_->descriptor(), *this);
}

// What the peer said before it went (a DISCONNECT with a reason, perhaps) is still in the socket:
// reading finds it, and then the end.
void Driver::fail_writing() {
    write_failed_ = true;
    ended_ = true;
    out_.clear();
    loop_->mark_ready(*this);
}

// Closing.

void Driver::close_gracefully(Duration linger) {
    if (!is_open()) return;
    const bool was_handshaking = is_handshaking();
    stage_ = Stage::lingering;
    if (!rare_) rare_ = std::make_unique<Rare>(*this);
    loop_->set_timer(*rare_, was_handshaking ? loop_->now() : loop_->now() + linger);
    if (was_handshaking) return;
    if (paused_) loop_->want_readable(stream_->descriptor(), *this, true);
    mark_dirty();
    loop_->mark_ready(*this);
}

void Driver::half_close() {
    if (rare_->half_closed) return;
    rare_->half_closed = true;
    stream_->shutdown();
    if (stream_->has_pending_output()) write_out();
}

// Until the peer has closed too, so that unread bytes do not turn our close into a reset.
void Driver::drain() {
    for (int round = 0; round < kReadRounds; ++round) {
        const IoResult result = stream_->read(loop_->read_buffer().first(Loop::kReadBytes));
        const bool is_over = result.eof || result.error || write_failed_;
        if (is_over) return finish({});
        if (result.want_write) return loop_->want_writable(stream_->descriptor(), *this);
        if (result.want_read && (!ended_ || result.n == 0)) return;
    }
    loop_->mark_ready(*this);
}

void Driver::finish(std::error_code error) {
    detach();
    stream_.reset();
    consumer_->on_closed(error);
}

void Driver::abort() {
    detach();
    stream_.reset();
    out_.clear();
}

// Leaves the loop. The tail stays: on_bytes may be looking at it.
void Driver::detach() {
    if (stage_ == Stage::closed) return;
    stage_ = Stage::closed;
    if (rare_) loop_->timers().cancel(*rare_);
    if (stream_) loop_->unwatch(stream_->descriptor(), *this);
    loop_->unmark(*this);
    if (!in_consumer_) tail_.clear();
}

Driver::Parts Driver::release() {
    MQTT_ASSERT(!in_consumer_ && stage_ == Stage::open);
    Parts parts;
    const Bytes unread = tail_.bytes();
    parts.unread.assign(unread.begin(), unread.end());
    parts.unsent = std::move(out_);
    detach();
    parts.stream = std::move(stream_);
    return parts;
}

}  // namespace mqtt::net
