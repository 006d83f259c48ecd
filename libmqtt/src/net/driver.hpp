// Moves bytes between a ByteStream and a consumer on a loop: reads what is there into the loop's
// buffer, keeps the unparsed tail, flushes the OutBuffer once per turn, pauses and resumes.
// Used by broker peers, client connections and bench. Parses no MQTT.
#pragma once

#include <memory>
#include <system_error>
#include <vector>

#include "base/consumed.hpp"
#include "base/out_buffer.hpp"
#include "mqtt/types.hpp"
#include "net/byte_stream.hpp"
#include "net/loop.hpp"

namespace mqtt::net {

using base::Consumed;

class ByteConsumer {
public:
    // May stage output (Driver::out + mark_dirty), pause, close; never flushes, never destroys.
    virtual Consumed on_bytes(Bytes bytes) = 0;
    // The stream ended (error empty: orderly end of stream). Called once, never inside on_bytes
    // of the same driver. The driver is closed.
    virtual void on_closed(std::error_code error) = 0;
    // Output that had been stuck in the socket is drained below the low mark again.
    virtual void on_writable() {}

protected:
    ~ByteConsumer() = default;
};

class Driver final : private Watcher, private Flushable {
public:
    // `stream` has finished its handshakes, or does them lazily through start_handshake.
    Driver(Loop& loop, std::unique_ptr<ByteStream> stream, ByteConsumer& consumer);
    ~Driver();

    // Starts watching. `already_read` are bytes that somebody read before (hand-over, HTTP sniff).
    void start(Bytes already_read = {});

    base::OutBuffer& out() { return out_; }
    // Asks for a flush at the end of the turn; call after staging output.
    void mark_dirty();
    // Flushes now (a peer over 256 KiB in one turn).
    void flush();
    // Bytes staged or stuck in user space.
    std::size_t backlog_bytes() const { return out_.size_bytes(); }
    bool is_blocked() const { return blocked_; }  // the last flush would have blocked

    void pause_reading();
    void resume_reading();
    bool is_paused() const { return paused_; }

    // Writes out what is staged (best effort, for up to `linger`), half-closes, drains, closes: so
    // that a last packet is not lost to a reset. No further callbacks but on_closed.
    void close_gracefully(Duration linger = std::chrono::seconds(1));
    // Closes at once; no callback follows.
    void abort();
    bool is_open() const { return stream_ != nullptr && !closing_; }

    ByteStream& stream() { return *stream_; }
    Loop& loop() { return *loop_; }
    // Bytes moved since the start.
    std::uint64_t bytes_received() const { return bytes_received_; }
    std::uint64_t bytes_sent() const { return bytes_sent_; }

    // Detaches everything for a move to another loop: stream and unread tail; the driver is dead.
    struct Parts {
        std::unique_ptr<ByteStream> stream;
        std::vector<std::uint8_t> unread;
        base::OutBuffer unsent;
    };
    Parts release();

private:
    void on_ready(bool readable, bool writable) override;
    void on_flush() override;
    // the rest is the implementation's
    Loop* loop_;
    std::unique_ptr<ByteStream> stream_;
    ByteConsumer* consumer_;
    base::OutBuffer out_;
    std::vector<std::uint8_t> tail_;
    std::size_t needed_ = 0;
    std::uint64_t bytes_received_ = 0;
    std::uint64_t bytes_sent_ = 0;
    bool blocked_ = false;
    bool paused_ = false;
    bool closing_ = false;
};

}  // namespace mqtt::net
