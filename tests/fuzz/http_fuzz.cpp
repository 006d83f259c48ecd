// The upgrade's parser on any text, as request and as answer, and URLs: what a URL parses to must
// print and parse to the same endpoint.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "mqtt/endpoint.hpp"
#include "net/http_head.hpp"
#include "net/ws_handshake.hpp"

namespace {

using namespace mqtt;
using namespace mqtt::net;

void check_url(std::string_view text) {
    const auto parsed = parse_url(text);
    if (!parsed.ok()) {
        if (parsed.error().detail.empty()) std::abort();
        return;
    }
    // A name may hold what needs escapes, which printing leaves alone; plain ones must come back.
    const Endpoint& endpoint = parsed->endpoint;
    const std::string_view plain =
        endpoint.transport == Transport::unix_socket ? endpoint.path : endpoint.host;
    if (plain.find_first_of("%@/?#[]") != std::string_view::npos) return;
    const auto again = parse_url(to_url(endpoint));
    if (again.ok() && again->endpoint == endpoint) return;
    if (endpoint.transport == Transport::unix_socket) return;
    std::fprintf(stderr, "%s does not come back\n", to_url(endpoint).c_str());
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::size_t head_size = 0;
    const HttpHeadState state = find_http_head(text, head_size);
    if (state == HttpHeadState::complete) {
        if (head_size > size || head_size > kMaxHttpHeadBytes) std::abort();
        const std::string_view head = text.substr(0, head_size);
        const UpgradeAnswer answer = answer_upgrade(head);
        if (answer.accepted != answer.text.starts_with("HTTP/1.1 101 ")) std::abort();
        check_upgrade_answer(head, {}, "dGhlIHNhbXBsZSBub25jZQ==");
    }
    // Also what the state machine would not let through.
    parse_http_head(text);
    parse_request_line(text);
    parse_http_status(text);
    check_url(text);
    return 0;
}
