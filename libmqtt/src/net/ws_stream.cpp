// WebSocket frames over an inner stream. The upgrade is in ws_stream_handshake.cpp.
#include "net/ws_stream.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "mqtt/error.hpp"
#include "net/random.hpp"
#include "net/ws_stream_handshake.hpp"

namespace mqtt::net {

namespace {

constexpr std::size_t kFrameVectors = 64;
// What a client masks at once; also the largest piece that one inner write is given.
constexpr std::size_t kMaskBytes = 64 * 1024;
// A peer that sends pings and reads no pongs gets no more of them.
constexpr std::size_t kMaxQueuedControl = 1024;

}  // namespace

WsStream::WsStream(std::unique_ptr<ByteStream> inner, Origins origins)
    : inner_(std::move(inner))
    , handshake_(std::make_unique<Handshake>())
    , role_(WsRole::server)
    , decoder_(WsRole::server) {
    handshake_->origins = std::move(origins);
}

WsStream::~WsStream() = default;

// Reading.

IoResult WsStream::read(std::span<std::uint8_t> into) {
    IoResult result;
    if (ended_) {
        result.eof = true;
        return result;
    }
    while (result.n < into.size()) {
        // Frames shrink when their headers go, so they are read and unframed in the same place.
        const std::span<std::uint8_t> room = into.subspan(result.n);
        const IoResult raw = read_raw(room);
        unframe(room.first(raw.n), result);
        if (result.error || result.eof) break;
        if (raw.error || raw.eof || raw.want_read || raw.want_write) {
            result.error = raw.error;
            result.eof = raw.eof;
            result.want_read = raw.want_read;
            result.want_write = raw.want_write;
            break;
        }
    }
    return result;
}

IoResult WsStream::read_raw(std::span<std::uint8_t> into) {
    if (inbox_.empty()) return inner_->read(into);
    IoResult result;
    result.n = std::min(inbox_.size(), into.size());
    std::memcpy(into.data(), inbox_.data(), result.n);
    inbox_.erase(0, result.n);
    if (inbox_.empty()) inbox_.shrink_to_fit();
    return result;
}

void WsStream::unframe(std::span<std::uint8_t> raw, IoResult& result) {
    std::uint8_t* out = raw.data();
    while (!raw.empty()) {
        const WsDecoder::Step step = decoder_.decode(raw, out);
        out += step.produced;
        result.n += step.produced;
        raw = raw.subspan(step.consumed);
        switch (step.event) {
        case WsDecoder::Event::ping:
            if (control_.size() < kMaxQueuedControl)
                queue_control(WsOpcode::pong, decoder_.control());
            break;
        case WsDecoder::Event::close: return on_close_frame(result);
        case WsDecoder::Event::violation: return on_violation(result);
        case WsDecoder::Event::pong:
        case WsDecoder::Event::none: break;
        }
    }
}

// The peer's code goes back, then the connection ends.
void WsStream::on_close_frame(IoResult& result) {
    ended_ = true;
    result.eof = true;
    if (close_queued_) return;
    close_queued_ = true;
    const Bytes payload = decoder_.control();
    queue_control(WsOpcode::close, payload.first(std::min<std::size_t>(payload.size(), 2)));
    write(nullptr, 0);
}

void WsStream::on_violation(IoResult& result) {
    ended_ = true;
    result.error = Errc::websocket_protocol_error;
    queue_close(decoder_.violation());
    write(nullptr, 0);
}

// Writing.

IoResult WsStream::write(const iovec* vectors, int count) {
    IoResult result;
    const std::size_t total = total_bytes(vectors, count);
    for (;;) {
        IoResult part;
        if (!is_frame_open() && !control_.empty()) {
            part = write_control();
        } else if (!is_frame_open() && (result.n == total || close_queued_)) {
            break;
        } else {
            if (!is_frame_open()) open_frame(total - result.n);
            part = write_frame(vectors, count, result.n);
        }
        result.n += part.n;
        result.error = part.error;
        result.want_read = part.want_read;
        result.want_write = part.want_write;
        if (part.error || part.want_read || part.want_write) return result;
        // A caller that came back with less than the rest of the frame has to come again.
        if (result.n == total && is_frame_open() && header_sent_ == header_size_) return result;
    }
    end_output();
    return result;
}

// From here to its last byte nothing may come between: TLS below may hold part of it already.
void WsStream::open_frame(std::size_t payload_bytes) {
    const bool is_client = role_ == WsRole::client;
    if (is_client) fill_random(mask_);
    const std::size_t size =
        encode_ws_header(header_, WsOpcode::binary, payload_bytes, is_client ? &mask_ : nullptr);
    header_size_ = static_cast<std::uint8_t>(size);
    header_sent_ = 0;
    frame_left_ = payload_bytes;
    frame_position_ = 0;
}

IoResult WsStream::write_control() {
    const iovec vector{control_.data(), control_.size()};
    IoResult result = inner_->write(&vector, 1);
    control_.erase(0, result.n);
    if (control_.empty()) control_.shrink_to_fit();
    result.n = 0;
    return result;
}

// `skip` bytes of the vectors are out already.
IoResult WsStream::write_frame(const iovec* vectors, int count, std::size_t skip) {
    IoResult result = role_ == WsRole::client ? write_masked(vectors, count, skip)
                                              : write_plain(vectors, count, skip);
    account(result);
    return result;
}

IoResult WsStream::write_plain(const iovec* vectors, int count, std::size_t skip) {
    std::array<iovec, kFrameVectors + 1> out;
    int used = 0;
    if (header_sent_ < header_size_) {
        out[0] = {header_.data() + header_sent_,
                  static_cast<std::size_t>(header_size_ - header_sent_)};
        used = 1;
    }
    std::uint64_t left = frame_left_;
    for (int i = 0; i < count && left > 0 && used < static_cast<int>(out.size()); ++i) {
        const std::size_t skipped = std::min(skip, vectors[i].iov_len);
        skip -= skipped;
        const auto size =
            static_cast<std::size_t>(std::min<std::uint64_t>(vectors[i].iov_len - skipped, left));
        if (size == 0) continue;
        out[static_cast<std::size_t>(used++)] = {
            static_cast<std::uint8_t*>(vectors[i].iov_base) + skipped, size};
        left -= size;
    }
    return inner_->write(out.data(), used);
}

// Masks a private copy: the payload may be shared with other connections.
IoResult WsStream::write_masked(const iovec* vectors, int count, std::size_t skip) {
    thread_local std::vector<std::uint8_t> scratch;
    scratch.resize(kWsMaxHeader + kMaskBytes);
    std::size_t used = header_size_ - header_sent_;
    std::memcpy(scratch.data(), header_.data() + header_sent_, used);
    std::uint64_t position = frame_position_;
    std::uint64_t left = std::min<std::uint64_t>(frame_left_, kMaskBytes);
    for (int i = 0; i < count && left > 0; ++i) {
        const std::size_t skipped = std::min(skip, vectors[i].iov_len);
        skip -= skipped;
        const auto size =
            static_cast<std::size_t>(std::min<std::uint64_t>(vectors[i].iov_len - skipped, left));
        const auto* from = static_cast<const std::uint8_t*>(vectors[i].iov_base) + skipped;
        ws_mask(scratch.data() + used, from, size, mask_, position);
        position += size;
        used += size;
        left -= size;
    }
    const iovec vector{scratch.data(), used};
    return inner_->write(&vector, 1);
}

// Turns what the inner stream moved into payload bytes.
void WsStream::account(IoResult& result) {
    const std::size_t of_header = std::min<std::size_t>(result.n, header_size_ - header_sent_);
    header_sent_ = static_cast<std::uint8_t>(header_sent_ + of_header);
    result.n -= of_header;
    frame_left_ -= result.n;
    frame_position_ += result.n;
}

void WsStream::queue_control(WsOpcode opcode, Bytes payload) {
    WsMask mask{};
    const bool is_client = role_ == WsRole::client;
    if (is_client) fill_random(mask);
    std::array<std::uint8_t, kWsMaxHeader + kWsMaxControlPayload> frame;
    const std::size_t header = encode_ws_header(std::span(frame).first<kWsMaxHeader>(), opcode,
                                                payload.size(), is_client ? &mask : nullptr);
    ws_mask(frame.data() + header, payload.data(), payload.size(), mask, 0);
    control_.append(as_text(Bytes(frame).first(header + payload.size())));
}

void WsStream::queue_close(WsClose code) {
    if (close_queued_) return;
    close_queued_ = true;
    const auto value = static_cast<std::uint16_t>(code);
    const std::uint8_t payload[] = {static_cast<std::uint8_t>(value >> 8),
                                    static_cast<std::uint8_t>(value)};
    queue_control(WsOpcode::close, payload);
}

// The server ends the connection; a client waits for that [RFC 6455 section 7.1.1].
void WsStream::shutdown() {
    queue_close(WsClose::normal);
    shut_inner_ = role_ == WsRole::server;
    write(nullptr, 0);
}

void WsStream::end_output() {
    if (!shut_inner_ || !close_queued_) return;
    shut_inner_ = false;
    inner_->shutdown();
}

}  // namespace mqtt::net
