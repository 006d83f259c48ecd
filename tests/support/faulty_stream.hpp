// A ByteStream that misbehaves on order: call N fails, would block, or moves one byte only. Wraps
// any other stream. A test runs its conversation for N = 1, 2, 3 ... until the fault is not reached.
#pragma once

#include <cerrno>
#include <memory>
#include <utility>

#include "net/byte_stream.hpp"

namespace mqtt::test {

enum class Fault {
    none,
    fail_read,    // ECONNRESET
    fail_write,   // EPIPE
    end,          // end of stream on read
    short_read,   // one byte, though more is there
    short_write,  // one byte, then would-block
    block_read,   // would-block once (the caller must come again by itself: see `blocked`)
    block_write,
    want_write_on_read,  // as TLS may
    want_read_on_write,
};

// Counts calls over all streams that share it.
struct FaultPlan {
    Fault fault = Fault::none;
    int at_call = 0;  // from 1, among the calls that the fault concerns
    int calls = 0;
    bool fired = false;

    bool is_write_fault() const {
        return fault == Fault::fail_write || fault == Fault::short_write ||
               fault == Fault::block_write || fault == Fault::want_read_on_write;
    }
    bool strikes(bool is_write) {
        if (fault == Fault::none || is_write != is_write_fault()) return false;
        if (++calls != at_call) return false;
        return fired = true;
    }
};

class FaultyStream final : public net::ByteStream {
public:
    FaultyStream(std::unique_ptr<net::ByteStream> inner, FaultPlan& plan)
        : inner_(std::move(inner))
        , plan_(plan) {}

    net::IoResult read(std::span<std::uint8_t> into) override {
        if (!plan_.strikes(false)) return inner_->read(into);
        net::IoResult result;
        switch (plan_.fault) {
        case Fault::fail_read: result.error = {ECONNRESET, std::system_category()}; return result;
        case Fault::end: result.eof = true; return result;
        case Fault::short_read: return inner_->read(into.first(1));
        case Fault::want_write_on_read: result.want_write = true; return result;
        default: result.want_read = true; return result;
        }
    }

    net::IoResult write(const iovec* vectors, int count) override {
        if (!plan_.strikes(true)) return inner_->write(vectors, count);
        net::IoResult result;
        if (plan_.fault == Fault::fail_write) {
            result.error = {EPIPE, std::system_category()};
            return result;
        }
        if (plan_.fault == Fault::short_write && count > 0) {
            iovec one = vectors[0];
            one.iov_len = 1;
            result = inner_->write(&one, 1);
        }
        if (!result.error) {
            result.want_read = plan_.fault == Fault::want_read_on_write;
            result.want_write = !result.want_read;
        }
        return result;
    }

    net::IoResult handshake() override { return inner_->handshake(); }
    bool is_handshake_done() const override { return inner_->is_handshake_done(); }
    void shutdown() override { inner_->shutdown(); }
    bool has_buffered_input() const override { return inner_->has_buffered_input(); }
    bool has_pending_output() const override { return inner_->has_pending_output(); }
    int descriptor() const override { return inner_->descriptor(); }

private:
    std::unique_ptr<net::ByteStream> inner_;
    FaultPlan& plan_;
};

}  // namespace mqtt::test
