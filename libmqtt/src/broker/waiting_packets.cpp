// Walking from header to header.
#include "broker/waiting_packets.hpp"

#include <algorithm>

#include "core/varint.hpp"

namespace mqtt::broker {
namespace {

// A place in pieces, which only moves forward.
class Cursor {
public:
    explicit Cursor(std::span<const iovec> pieces) : pieces_(pieces) {}

    // The byte at `position`, or nothing behind the end.
    bool byte_at(std::size_t position, std::uint8_t& byte) {
        while (piece_ < pieces_.size() && position - begin_ >= pieces_[piece_].iov_len)
            begin_ += pieces_[piece_++].iov_len;
        if (piece_ == pieces_.size()) return false;
        byte = static_cast<const std::uint8_t*>(pieces_[piece_].iov_base)[position - begin_];
        return true;
    }

private:
    std::span<const iovec> pieces_;
    std::size_t piece_ = 0;
    std::size_t begin_ = 0;  // of that piece
};

struct Walk {
    std::size_t end = 0;
    std::size_t packets = 0;
};

// Over the packets that begin between `from`, where one does, and `until`.
Walk walk(std::span<const iovec> pieces, std::size_t from, std::size_t until) {
    Walk walked{from, 0};
    Cursor cursor(pieces);
    while (walked.end < until) {
        std::uint8_t length[4];
        int size = 0;
        while (size < 4) {
            if (!cursor.byte_at(walked.end + 1 + static_cast<std::size_t>(size), length[size]))
                return walked;
            if (length[size++] < 0x80) break;
        }
        std::uint32_t body = 0;
        const int read = core::decode_varint(length, length + size, body);
        if (read <= 0) return walked;
        walked.end += 1 + static_cast<std::size_t>(read) + body;
        ++walked.packets;
    }
    return walked;
}

}  // namespace

void WaitingPackets::written(std::span<const iovec> pieces, std::size_t count) {
    if (count < head_) {
        head_ -= count;
        walked_ -= std::min(walked_, count);
        return;
    }
    const Walk gone = walk(pieces, head_, count);
    head_ = gone.end - count;
    if (walked_ >= gone.end) {
        walked_ -= count;
        packets_ -= gone.packets;
    } else {
        walked_ = head_;
        packets_ = 0;
    }
}

std::size_t WaitingPackets::look(std::span<const iovec> pieces) {
    std::size_t size = 0;
    for (const iovec& piece : pieces)
        size += piece.iov_len;
    const Walk fresh = walk(pieces, std::max(walked_, head_), size);
    walked_ = fresh.end;
    packets_ += fresh.packets;
    return packets_ + (head_ != 0 ? 1 : 0);
}

}  // namespace mqtt::broker
