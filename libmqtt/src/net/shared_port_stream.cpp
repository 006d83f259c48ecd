// The decision.
#include "net/shared_port_stream.hpp"

namespace mqtt::net {

IoResult SharedPortStream::handshake() {
    const IoResult below = inner_->handshake();
    if (is_over(below) || is_decided_) return below;
    const IoResult first = read_ahead(64);
    if (first.n == 0) return first;
    is_decided_ = true;
    const char byte = inbox_.front();
    const bool is_http = byte >= 'A' && byte <= 'Z';
    if (is_http) {
        auto replayed = std::make_unique<FrontStream>(std::move(inner_), std::move(inbox_));
        inbox_.clear();
        inner_ = std::make_unique<WsStream>(std::move(replayed), std::move(origins_));
    }
    origins_.reset();
    return inner_->handshake();
}

}  // namespace mqtt::net
