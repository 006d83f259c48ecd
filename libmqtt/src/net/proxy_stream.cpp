// Reading the header, however it was cut.
#include "net/proxy_stream.hpp"

#include "mqtt/error.hpp"

namespace mqtt::net {

IoResult ProxyStream::handshake() {
    while (!is_done_) {
        std::size_t size = 0;
        const Bytes bytes = as_bytes(inbox_);
        const ProxyHeaderState state = rules_.version == 1 ? parse_proxy_v1(bytes, size, *facts_)
                                                           : parse_proxy_v2(bytes, size, *facts_);
        const bool lacks_tls = rules_.requires_tls && !facts_->is_tls;
        if (state == ProxyHeaderState::malformed ||
            (state == ProxyHeaderState::complete && lacks_tls)) {
            return IoResult{.error = Errc::proxy_header_invalid};
        }
        if (state == ProxyHeaderState::complete) {
            inbox_.erase(0, size);
            if (inbox_.empty()) inbox_.shrink_to_fit();
            is_done_ = true;
            break;
        }
        const IoResult more = read_ahead(512);
        if (more.n == 0) return more;
    }
    return {};
}

void ProxyStream::identify(PeerIdentity& out) const {
    FrontStream::identify(out);
    if (!facts_->source.empty()) out.address = facts_->source;
    if (!facts_->common_name.empty()) out.common_name = facts_->common_name;
}

}  // namespace mqtt::net
