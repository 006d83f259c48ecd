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
#include "net/tail_buffer.hpp"

namespace mqtt::net {

using base::Consumed;

class ByteConsumer {
public:
    // May stage output (Driver::out + mark_dirty), pause, close; never flushes but for Driver::flush,
    // never destroys. Bytes not consumed are shown again: with more behind them, or, when the
    // consumer paused or the loop's turn is full (Loop::kTurnBytes), when that is over.
    virtual Consumed on_bytes(Bytes bytes) = 0;
    // The stream ended (error empty: orderly end of stream). Called once, never inside on_bytes
    // of the same driver. The driver is closed.
    virtual void on_closed(std::error_code error) = 0;
    // Output that had been stuck in the socket is drained again.
    virtual void on_writable() {}
    // The first `count` bytes of the output, which is in `pieces` (the beginning of it), leave it, and some
    // stay; or everything leaves that had been stuck. Must not stage.
    virtual void on_written(std::span<const iovec>, std::size_t) {}

protected:
    ~ByteConsumer() = default;
};

class Driver final : private Watcher, private Flushable {
public:
    // The stream's handshakes are done, or the driver does them before the first byte is read;
    // output staged meanwhile waits. Deadlines are the owner's.
    Driver(Loop& loop, std::unique_ptr<ByteStream> stream, ByteConsumer& consumer);
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;
    ~Driver();

    // Starts watching. `already_read` are bytes that somebody read before (hand-over, HTTP sniff);
    // they are shown in the next turn. No callback comes from inside.
    void start(Bytes already_read = {});

    base::OutBuffer& out() { return out_; }
    // Stages what another connection of this loop has just read, perhaps: a large packet stays where it was read
    // to, and is copied only when the socket does not take it in this turn.
    void stage_received(Bytes packet) {
        if (packet.size() < kLendFrom) return out_.append(packet);
        stage_large(packet);
    }
    static constexpr std::size_t kLendFrom =
        4096;  // handling an iovec takes longer than less to copy
    // Asks for a flush at the end of the turn; call after staging output.
    void mark_dirty() { loop_->mark_dirty(*this); }
    // Flushes now (a peer over 256 KiB in one turn). A failure is told in a later turn.
    void flush();
    // Bytes staged or stuck in user space.
    std::size_t backlog_bytes() const { return out_.size_bytes(); }
    // Bytes received and not yet consumed: the beginning of a packet.
    std::size_t unread_bytes() const { return tail_.size(); }
    bool is_blocked() const { return blocked_; }  // the last flush would have blocked
    // Where the next staged byte will stand among all that were ever staged.
    std::uint64_t staged_position() const { return bytes_sent_ + out_.size_bytes(); }
    // Nothing from this position on is written until it is moved; kNoHold lifts it. Mark dirty then.
    void hold_output(std::uint64_t position);
    static constexpr std::uint64_t kNoHold = ~std::uint64_t{0};
    bool is_holding() const;

    // Reading stops after the current on_bytes; what that leaves unconsumed is kept.
    void pause_reading();
    void resume_reading();
    bool is_paused() const { return paused_; }

    // Writes out what is staged (best effort, for up to `linger`), half-closes, drains, closes: so
    // that a last packet is not lost to a reset. No further callbacks but on_closed.
    void close_gracefully(Duration linger = std::chrono::seconds(1));
    // Closes at once; no callback follows.
    void abort();
    bool is_open() const { return stage_ == Stage::handshaking || stage_ == Stage::open; }
    bool is_handshaking() const { return stage_ == Stage::handshaking; }

    ByteStream& stream() const { return *stream_; }  // until on_closed or abort
    Loop& loop() { return *loop_; }
    // Application bytes moved since the start.
    std::uint64_t bytes_received() const { return bytes_received_; }
    std::uint64_t bytes_sent() const { return bytes_sent_; }

    // Detaches everything for a move to another loop: stream, unread tail and unsent output; the
    // driver is dead. Not from inside on_bytes (pause there and release when it has returned).
    struct Parts {
        std::unique_ptr<ByteStream> stream;
        std::vector<std::uint8_t> unread;
        base::OutBuffer unsent;
    };
    Parts release();

private:
    enum class Stage : std::uint8_t { handshaking, open, lingering, closed };
    class Rare;

    void on_ready(Ready ready) override;
    void on_flush() override { flush(); }
    bool step_handshake();
    void read_all();
    void flush_answers();
    void stage_large(Bytes packet);
    IoResult read_behind_tail();
    IoResult read_into_tail();
    void show(Bytes bytes);
    void show_tail();
    bool must_stop();
    bool write_out();
    void block(const IoResult& result);
    void fail_writing();
    void half_close();
    void drain();
    void finish(std::error_code error);
    void detach();

    // Ordered by size: these fill the gap behind the base classes.
    Stage stage_ = Stage::handshaking;
    bool blocked_ : 1 = false;
    bool paused_ : 1 = false;
    bool held_ : 1 = false;         // the tail waits for a resume, not for bytes
    bool ended_ : 1 = false;        // the end is in the socket: read on to it
    bool in_consumer_ : 1 = false;  // on_bytes is on the stack
    bool read_wants_write_ : 1 = false;
    bool write_wants_read_ : 1 = false;
    bool write_failed_ : 1 = false;
    bool was_blocked_ : 1 = false;  // on_writable is owed

    Loop* loop_;
    std::unique_ptr<ByteStream> stream_;
    ByteConsumer* consumer_;
    base::OutBuffer out_;
    TailBuffer tail_;
    std::unique_ptr<Rare> rare_;
    std::uint64_t bytes_received_ = 0;
    std::uint64_t bytes_sent_ = 0;
};

}  // namespace mqtt::net
