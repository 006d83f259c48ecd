// Bytes of encoded packets for tests of the codec.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "core/encode.hpp"

namespace mqtt::test {

// All that `out` holds, references included.
inline std::vector<std::uint8_t> contents(const base::OutBuffer& out) {
    std::vector<iovec> parts(256);
    const int count = out.gather(parts.data(), static_cast<int>(parts.size()));
    std::vector<std::uint8_t> bytes;
    for (int i = 0; i < count; ++i) {
        const iovec& part = parts[static_cast<std::size_t>(i)];
        const auto* from = static_cast<const std::uint8_t*>(part.iov_base);
        bytes.insert(bytes.end(), from, from + part.iov_len);
    }
    return bytes;
}

template <class P>
std::vector<std::uint8_t> encoded(ProtocolVersion version, const P& packet) {
    base::OutBuffer out;
    core::encode(out, version, packet);
    return contents(out);
}

// A copy that ends where its memory ends, so that AddressSanitizer sees one byte too far.
class ExactCopy {
public:
    explicit ExactCopy(Bytes bytes)
        : bytes_(std::make_unique<std::uint8_t[]>(bytes.size()))
        , size_(bytes.size()) {
        if (size_ != 0) std::memcpy(bytes_.get(), bytes.data(), size_);
    }
    Bytes view() const { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<std::uint8_t[]> bytes_;
    std::size_t size_;
};

}  // namespace mqtt::test
