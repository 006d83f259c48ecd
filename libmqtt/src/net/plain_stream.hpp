// Bytes over a connected TCP or Unix socket. The bottom of every stream; one system call per call.
#pragma once

#include "net/byte_stream.hpp"

namespace mqtt::net {

class PlainStream final : public ByteStream {
public:
    // Owns the socket, which is connected and non-blocking.
    explicit PlainStream(int descriptor) : descriptor_(descriptor) {}
    ~PlainStream() override;
    PlainStream(const PlainStream&) = delete;
    PlainStream& operator=(const PlainStream&) = delete;

    IoResult read(std::span<std::uint8_t> into) override;
    IoResult write(const iovec* vectors, int count) override;
    void shutdown() override;
    int descriptor() const override { return descriptor_; }

private:
    int descriptor_;
};

}  // namespace mqtt::net
