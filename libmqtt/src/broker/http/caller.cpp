// See caller.hpp.
#include "broker/http/caller.hpp"

#include "broker/base64.hpp"
#include "core/utf8.hpp"
#include "net/http_head.hpp"

namespace mqtt::broker::http {

std::optional<Credentials> parse_basic(std::string_view authorization) {
    constexpr std::string_view kScheme = "Basic ";
    if (authorization.size() < kScheme.size() ||
        !net::equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
        return std::nullopt;
    }
    const auto bytes = from_base64(authorization.substr(kScheme.size()));
    if (!bytes) return std::nullopt;
    const std::string_view text = as_text(*bytes);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    // It becomes the user name of a CONNECT.
    if (colon > 65'535 || !core::is_valid_utf8(text.substr(0, colon))) return std::nullopt;
    return Credentials{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

bool is_local(const ListenerConfig& listener) {
    const Endpoint& endpoint = listener.endpoint;
    return endpoint.transport == Transport::unix_socket || endpoint.host == "localhost" ||
           endpoint.host == "::1" || endpoint.host.starts_with("127.");
}

}  // namespace mqtt::broker::http
