// The PROXY header, both versions: what it tells, and what is refused, however it is cut.
#include "net/proxy_header.hpp"

#include <doctest/doctest.h>

#include "mqtt/endpoint.hpp"
#include "mqtt/error.hpp"
#include "net/address_range.hpp"
#include "net/proxy_stream.hpp"
#include "net/shared_port_stream.hpp"
#include "support/memory_stream.hpp"

using namespace mqtt;
using namespace mqtt::net;
using namespace mqtt::test;
using State = ProxyHeaderState;

namespace {

struct Parsed {
    State state;
    std::size_t size = 0;
    ProxyHeaderFacts facts;
};

Parsed v1(std::string_view text) {
    Parsed out;
    out.state = parse_proxy_v1(as_bytes(text), out.size, out.facts);
    return out;
}

Parsed v2(std::string_view text) {
    Parsed out;
    out.state = parse_proxy_v2(as_bytes(text), out.size, out.facts);
    return out;
}

std::string big(std::size_t n) {
    return {static_cast<char>(n >> 8), static_cast<char>(n)};
}

std::string head(char command, char family, const std::string& body) {
    return std::string("\r\n\r\n\0\r\nQUIT\n", 12) + command + family + big(body.size()) + body;
}

std::string tlv(char type, const std::string& value) {
    return type + big(value.size()) + value;
}

const std::string kFour =
    std::string("\xC0\x00\x02\x01\x0A\x00\x00\x01", 8) + big(50'123) + big(1883);

}  // namespace

TEST_CASE("proxy header v1: addresses of both families, and proxies that cannot tell") {
    const std::string_view line = "PROXY TCP4 192.0.2.1 10.0.0.1 50123 1883\r\n";
    const Parsed four = v1(std::string(line) + "\x10");
    CHECK(four.state == State::complete);
    CHECK(four.size == line.size());
    CHECK(four.facts.source == "192.0.2.1:50123");
    CHECK(v1("PROXY TCP6 2001:DB8:0::1 ::1 1 2\r\n").facts.source == "[2001:db8::1]:1");
    const Parsed unknown = v1("PROXY UNKNOWN whatever it says\r\n");
    CHECK(unknown.state == State::complete);
    CHECK(unknown.facts.source.empty());
    for (std::size_t i = 0; i < line.size(); ++i)
        CHECK(v1(line.substr(0, i)).state == State::incomplete);
}

TEST_CASE("proxy header v1: anything else is refused as soon as it shows") {
    for (const char* line :
         {"\x10", "PROXX", "GET / HTTP/1.1\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
          "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", "PROXY TCP4 ::1 5.6.7.8 1 2\r\n",
          "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1x 2\r\n",
          "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
          "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "PROXY\r\n"}) {
        CAPTURE(line);
        CHECK(v1(line).state == State::malformed);
    }
    CHECK(v1("PROXY UNKNOWN " + std::string(92, 'x')).state == State::incomplete);
    CHECK(v1("PROXY UNKNOWN " + std::string(93, 'x')).state == State::malformed);
}

TEST_CASE("proxy header v2: addresses, the proxy's own connections, Unix sockets") {
    const std::string four = head(0x21, 0x11, kFour);
    CHECK(v2(four + "\x10").state == State::complete);
    CHECK(v2(four + "\x10").size == four.size());
    CHECK(v2(four).facts.source == "192.0.2.1:50123");
    for (std::size_t i = 0; i < four.size(); ++i)
        CHECK(v2(four.substr(0, i)).state == State::incomplete);
    const std::string six =
        std::string("\x20\x01\x0D\xB8", 4) + std::string(11, '\0') + '\1' + std::string(16, '\0');
    CHECK(v2(head(0x21, 0x21, six + big(7) + big(8))).facts.source == "[2001:db8::1]:7");
    CHECK(v2(head(0x21, 0x31, std::string(216, 'p'))).facts.source.empty());
    CHECK(v2(head(0x20, 0x11, kFour)).facts.source.empty());  // LOCAL
    CHECK(v2(head(0x20, 0x77, "anything")).state == State::complete);
    CHECK(v2(head(0x21, 0x00, "")).state == State::complete);
}

TEST_CASE("proxy header v2: what TLS proved at the proxy counts when it was verified") {
    const auto with_tls = [](char client, const std::string& verify) {
        const std::string ssl = client + verify + tlv(0x21, "TLSv1.3") + tlv(0x22, "device");
        return v2(head(0x21, 0x11, kFour + tlv(0x04, "nothing") + tlv(0x20, ssl))).facts;
    };
    const std::string fine(4, '\0');
    CHECK(with_tls(3, fine).common_name == "device");
    CHECK(with_tls(3, fine).is_tls);
    CHECK(with_tls(1, fine).common_name.empty());
    CHECK(with_tls(3, std::string("\0\0\0\1", 4)).common_name.empty());
    CHECK_FALSE(with_tls(0, fine).is_tls);
}

TEST_CASE("proxy header v2: what does not fit is refused") {
    CHECK(v2("PROXY TCP4").state == State::malformed);
    CHECK(v2(head(0x31, 0x11, kFour)).state == State::malformed);
    CHECK(v2(head(0x22, 0x11, kFour)).state == State::malformed);
    CHECK(v2(head(0x21, 0x11, kFour.substr(1))).state == State::malformed);
    CHECK(v2(head(0x21, 0x12, kFour)).state == State::malformed);  // UDP
    CHECK(v2(head(0x21, 0x11, kFour + "\x04")).state == State::malformed);
    CHECK(v2(head(0x21, 0x11, kFour + tlv(0x20, "abc"))).state == State::malformed);
    CHECK(v2(head(0x21, 0x11, std::string(4'097, '\0'))).state == State::malformed);
    CHECK(v2(head(0x21, 0x11, std::string(4'097, '\0')).substr(0, 16)).state == State::malformed);
}

TEST_CASE("proxy stream: the header goes, what follows stays, in pieces of any size") {
    const std::string header = head(0x21, 0x11, kFour);
    for (std::size_t limit = 1; limit < header.size() + 8; ++limit) {
        MemoryPair pair = make_memory_pair();
        pair.b->incoming() = header + "CONNECT";
        pair.b->read_limit = limit;
        ProxyStream stream(std::move(pair.b), {2, false});
        for (int i = 0; i < 100 && !stream.is_handshake_done(); ++i)
            REQUIRE_FALSE(stream.handshake().error);
        std::string got;
        for (int i = 0; i < 100 && got.size() < 7; ++i) {
            std::array<std::uint8_t, 4> buffer;
            const IoResult result = stream.read(buffer);
            got.append(as_text(Bytes(buffer).first(result.n)));
        }
        CHECK(got == "CONNECT");
        PeerIdentity identity;
        stream.identify(identity);
        CHECK(identity.address == "192.0.2.1:50123");
    }
}

TEST_CASE("proxy stream: no header, another version, or no TLS where it is required, ends it") {
    const auto failure = [](const std::string& bytes, ProxyStream::Rules rules) {
        MemoryPair pair = make_memory_pair();
        pair.b->incoming() = bytes;
        return ProxyStream(std::move(pair.b), rules).handshake().error;
    };
    const std::error_code invalid = Errc::proxy_header_invalid;
    CHECK(failure("\x10\x0C", {1, false}) == invalid);
    CHECK(failure("PROXY UNKNOWN\r\n", {2, false}) == invalid);
    CHECK(failure(head(0x21, 0x11, kFour), {1, false}) == invalid);
    CHECK(failure(head(0x21, 0x11, kFour), {2, true}) == invalid);
    CHECK_FALSE(failure(head(0x21, 0x11, kFour), {2, false}));
}

TEST_CASE("shared port: a CONNECT and an HTTP request are told apart by their first byte") {
    const auto first_of = [](const std::string& bytes) {
        MemoryPair pair = make_memory_pair();
        MemoryStream* client = pair.a.get();
        pair.b->incoming() = bytes;
        SharedPortStream stream(std::move(pair.b), nullptr);
        const IoResult result = stream.handshake();
        if (result.error || result.want_read) return client->incoming().substr(0, 12);
        if (!client->incoming().empty()) return client->incoming().substr(0, 12);
        std::array<std::uint8_t, 64> buffer;
        const IoResult got = stream.read(buffer);
        return std::string(as_text(Bytes(buffer).first(got.n)));
    };
    CHECK(first_of("\x10\x02zz") == "\x10\x02zz");
    CHECK(first_of("\x16\x03\x01") == "\x16\x03\x01");  // TLS: the protocol refuses it
    CHECK(first_of("GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 400");
    CHECK(first_of("GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   "Sec-WebSocket-Protocol: mqtt\r\n\r\n") == "HTTP/1.1 101");
    CHECK(first_of("") == "");
}

TEST_CASE("address ranges: prefixes of both families, and Unix sockets") {
    const auto contains = [](std::string_view range, const std::string& host) {
        SocketAddress address;
        REQUIRE(make_numeric_address(host, 1, address));
        const auto parsed = AddressRange::parse(range);
        REQUIRE(parsed);
        return parsed->contains(address);
    };
    CHECK(contains("192.0.2.0/24", "192.0.2.255"));
    CHECK_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
    CHECK(contains("192.0.2.128/25", "192.0.2.200"));
    CHECK_FALSE(contains("192.0.2.128/25", "192.0.2.100"));
    CHECK(contains("10.0.0.1", "10.0.0.1"));
    CHECK_FALSE(contains("10.0.0.1", "10.0.0.2"));
    CHECK(contains("10.0.0.1", "::ffff:10.0.0.1"));
    CHECK(contains("0.0.0.0/0", "8.8.8.8"));
    CHECK_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
    CHECK(contains("2001:db8::/32", "2001:db8:1::2"));
    CHECK_FALSE(contains("2001:db8::/32", "2001:db9::"));
    CHECK_FALSE(contains("unix", "127.0.0.1"));
    SocketAddress local;
    REQUIRE_FALSE(make_unix_address("/tmp/x", local));
    CHECK(AddressRange::parse("unix")->contains(local));
    for (const char* wrong :
         {"", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "all"})
        CHECK_FALSE(is_address_range(wrong));
}
