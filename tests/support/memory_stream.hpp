// Two ends of a pipe in memory as ByteStreams, which move at most so many bytes per call: for any
// chunking without sockets. Single thread; descriptor() is none.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "net/byte_stream.hpp"

namespace mqtt::test {

class MemoryStream final : public net::ByteStream {
public:
    struct Lane {
        std::string bytes;
        bool closed = false;
    };
    MemoryStream(std::shared_ptr<Lane> in, std::shared_ptr<Lane> out)
        : in_(std::move(in))
        , out_(std::move(out)) {}
    ~MemoryStream() override { out_->closed = true; }

    std::size_t read_limit = static_cast<std::size_t>(-1);
    std::size_t write_limit = static_cast<std::size_t>(-1);

    net::IoResult read(std::span<std::uint8_t> into) override {
        net::IoResult result;
        result.n = std::min({into.size(), in_->bytes.size(), read_limit});
        std::memcpy(into.data(), in_->bytes.data(), result.n);
        in_->bytes.erase(0, result.n);
        if (result.n == 0 && in_->closed)
            result.eof = true;
        else
            result.want_read = result.n < into.size();
        return result;
    }

    net::IoResult write(const iovec* vectors, int count) override {
        net::IoResult result;
        for (int i = 0; i < count; ++i) {
            const std::size_t size = std::min(vectors[i].iov_len, write_limit - result.n);
            out_->bytes.append(static_cast<const char*>(vectors[i].iov_base), size);
            result.n += size;
        }
        result.want_write = result.n < net::total_bytes(vectors, count);
        return result;
    }

    void shutdown() override { out_->closed = true; }
    int descriptor() const override { return -1; }

    // What the other end has written and this one not yet read; and what was written here.
    std::string& incoming() { return in_->bytes; }
    std::string& outgoing() { return out_->bytes; }

private:
    std::shared_ptr<Lane> in_;
    std::shared_ptr<Lane> out_;
};

struct MemoryPair {
    std::unique_ptr<MemoryStream> a;
    std::unique_ptr<MemoryStream> b;
};

inline MemoryPair make_memory_pair() {
    auto there = std::make_shared<MemoryStream::Lane>();
    auto back = std::make_shared<MemoryStream::Lane>();
    return {std::make_unique<MemoryStream>(there, back),
            std::make_unique<MemoryStream>(back, there)};
}

// Bytes of which no neighbours are alike.
inline std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>(i * 31 + i / 256);
    return out;
}

}  // namespace mqtt::test
