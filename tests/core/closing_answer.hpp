// What a server says to bytes that end the connection. Apart from protocol_fixture.hpp, which programs without
// doctest share.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "protocol_fixture.hpp"

namespace test {

// After `bytes` the connection is over: what was sent, and the error.
inline std::string answer_to(Server& server, Bytes bytes) {
    server.feed(bytes);
    CHECK(server.protocol.is_closing());
    const std::string sent = server.sent();
    const std::string events = server.events();
    server.feed(raw({0xC0, 0}));  // nothing is parsed any more
    CHECK(server.sent() == "");
    CHECK(server.events() == "");
    return sent + " / " + events;
}

}  // namespace test
