// The inbox in front of the inner stream.
#include "net/front_stream.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mqtt::net {

IoResult FrontStream::read(std::span<std::uint8_t> into) {
    if (inbox_.empty()) return inner_->read(into);
    const std::size_t n = std::min(inbox_.size(), into.size());
    std::memcpy(into.data(), inbox_.data(), n);
    inbox_.erase(0, n);
    if (!inbox_.empty()) return IoResult{.n = n};
    inbox_.shrink_to_fit();
    IoResult result;
    if (n < into.size()) result = inner_->read(into.subspan(n));
    result.n += n;
    return result;
}

IoResult FrontStream::read_ahead(std::size_t most) {
    std::array<std::uint8_t, 512> buffer;
    const IoResult result = inner_->read(std::span(buffer).first(std::min(most, buffer.size())));
    inbox_.append(reinterpret_cast<const char*>(buffer.data()), result.n);
    return result;
}

}  // namespace mqtt::net
