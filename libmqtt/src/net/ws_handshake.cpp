// RFC 6455 section 4.
#include "net/ws_handshake.hpp"

#include <algorithm>
#include <array>

#include "net/http_head.hpp"
#include "net/openssl.hpp"
#include "net/random.hpp"
#include "net/ws_origin.hpp"

namespace mqtt::net {

namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string base64(Bytes bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

// 16 bytes in base64: 22 characters and two pads.
bool is_key(std::string_view key) {
    if (key.size() != 24 || key.substr(22) != "==") return false;
    return std::all_of(key.begin(), key.begin() + 22, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '+' || c == '/';
    });
}

bool is_clean(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
    if (name.empty() || !is_clean(name) || !is_clean(value)) return;
    out.append(name).append(": ").append(value).append("\r\n");
}

std::string host_header(const Endpoint& endpoint) {
    const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
    std::string out = is_ipv6 ? "[" + endpoint.host + "]" : endpoint.host;
    if (endpoint.port != default_port(endpoint.transport))
        out += ":" + std::to_string(endpoint.port);
    return out;
}

UpgradeAnswer refuse(std::string_view status, std::string_view why, std::string_view header = {}) {
    UpgradeAnswer out;
    out.text.append("HTTP/1.1 ").append(status).append("\r\n").append(header);
    out.text.append("Content-Type: text/plain; charset=utf-8\r\nContent-Length: ");
    out.text.append(std::to_string(why.size() + 1)).append("\r\nConnection: close\r\n\r\n");
    out.text.append(why).append("\n");
    return out;
}

UpgradeAnswer refuse_foreign(WebVerdict verdict) {
    UpgradeAnswer answer =
        verdict == WebVerdict::foreign_page
            ? refuse("403 Forbidden",
                     "Pages of this origin may not connect here (websockets_origin).")
            : refuse("421 Misdirected Request",
                     "This host name is not known here: connect by address, or name it with "
                     "websockets_origin (http://NAME).");
    answer.is_foreign = true;
    return answer;
}

std::string_view reason_hint(int status) {
    if (status == 401 || status == 403) return " (it wants a login or forbids this origin)";
    if (status == 421) return " (it does not know this host name: connect by address)";
    if (status == 404) return " (try another path in the URL, such as /mqtt or /ws)";
    if (status == 502 || status == 503 || status == 504)
        return " (the proxy in front finds no broker)";
    if (status == 400 || status == 426) return " (is this a WebSocket port with MQTT behind it?)";
    if (status >= 300 && status < 400) return " (it redirects; use the URL that it redirects to)";
    return "";
}

}  // namespace

std::string make_ws_key() {
    std::array<std::uint8_t, 16> bytes;
    fill_random(bytes);
    return base64(bytes);
}

std::string ws_accept_key(std::string_view key) {
    const std::string text = std::string(key).append(kGuid);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    return base64(Bytes(digest).first(size));
}

std::string make_upgrade_request(const Endpoint& endpoint, const WebSocketOptions& options,
                                 std::string_view key) {
    const bool has_path = !endpoint.path.empty() && is_clean(endpoint.path);
    std::string out = "GET " + (has_path ? endpoint.path : "/mqtt") + " HTTP/1.1\r\n";
    add_header(out, "Host", host_header(endpoint));
    add_header(out, "Upgrade", "websocket");
    add_header(out, "Connection", "Upgrade");
    add_header(out, "Sec-WebSocket-Key", key);
    add_header(out, "Sec-WebSocket-Version", "13");
    add_header(out, "Sec-WebSocket-Protocol",
               options.subprotocol);  // [MQTT-6.0.0-3] [MQTT311-6.0.0-3]
    if (!options.origin.empty()) add_header(out, "Origin", options.origin);
    for (const auto& [name, value] : options.headers)
        add_header(out, name, value);
    return out + "\r\n";
}

std::string check_upgrade_answer(std::string_view head, const WebSocketOptions& options,
                                 std::string_view key) {
    const auto parsed = parse_http_head(head);
    const int status = parsed ? parse_http_status(parsed->start_line) : 0;
    if (status == 0) return "the answer is not HTTP (is this a WebSocket port?)";
    if (status != 101) {
        std::string line(parsed->start_line.substr(9));
        return "the server answered " + line + std::string(reason_hint(status));
    }
    if (!parsed->lists("Upgrade", "websocket") || !parsed->lists("Connection", "upgrade")) {
        return "the server switched to something that is not WebSocket";
    }
    if (parsed->single("Sec-WebSocket-Accept") != ws_accept_key(key)) {
        return "the server's Sec-WebSocket-Accept does not fit (a cache or proxy answered?)";
    }
    const auto extension = parsed->single("Sec-WebSocket-Extensions");
    if (extension && !extension->empty())
        return "the server chose an extension that was not offered";
    const auto subprotocol = parsed->single("Sec-WebSocket-Protocol");
    if (!subprotocol || subprotocol != options.subprotocol) {
        return "the server did not choose the subprotocol '" + options.subprotocol +
               "' (no MQTT there?)";
    }
    return {};
}

UpgradeAnswer answer_upgrade(std::string_view head, const std::vector<std::string>* origins,
                             const ByteStream* stream) {
    const auto parsed = parse_http_head(head);
    const auto line = parsed ? parse_request_line(parsed->start_line) : std::nullopt;
    if (!line) return refuse_malformed_upgrade();
    if (line->method != "GET")
        return refuse("405 Method Not Allowed", "Only GET is served here.", "Allow: GET\r\n");
    if (line->version != "HTTP/1.1" || !parsed->single("Host")) {
        return refuse("400 Bad Request", "A WebSocket upgrade needs HTTP/1.1 and one Host header.");
    }
    if (origins != nullptr) {
        const WebVerdict verdict = judge_upgrade(*parsed, *origins, stream);
        if (verdict != WebVerdict::allowed) return refuse_foreign(verdict);
    }
    if (!parsed->lists("Upgrade", "websocket") || !parsed->lists("Connection", "upgrade")) {
        return refuse("426 Upgrade Required", "This port speaks MQTT over WebSocket.",
                      "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    }
    if (parsed->single("Sec-WebSocket-Version") != "13") {
        return refuse("426 Upgrade Required", "Only version 13 of WebSocket is spoken here.",
                      "Sec-WebSocket-Version: 13\r\n");
    }
    const auto key = parsed->single("Sec-WebSocket-Key");
    if (!key || !is_key(*key))
        return refuse("400 Bad Request", "The Sec-WebSocket-Key is missing or broken.");
    // [MQTT-6.0.0-4] [MQTT311-6.0.0-4]; mqttv3.1 is what clients of MQTT 3.1 offered before there was a standard.
    std::string_view subprotocol;
    if (parsed->lists("Sec-WebSocket-Protocol", "mqtt"))
        subprotocol = "mqtt";
    else if (parsed->lists("Sec-WebSocket-Protocol", "mqttv3.1"))
        subprotocol = "mqttv3.1";
    else
        return refuse("400 Bad Request", "The subprotocol mqtt must be offered.");
    UpgradeAnswer out;
    out.accepted = true;
    out.text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    add_header(out.text, "Sec-WebSocket-Accept", ws_accept_key(*key));
    add_header(out.text, "Sec-WebSocket-Protocol", subprotocol);
    out.text += "\r\n";
    return out;
}

UpgradeAnswer refuse_malformed_upgrade() {
    return refuse("400 Bad Request", "This is not a request that this port understands.");
}

}  // namespace mqtt::net
