// Exit codes are a contract: distinct under our names, mosquitto's under theirs.
#include "common/exit_code.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace tools;
using mqtt::Errc;
using mqtt::Error;
using mqtt::ReasonCode;

namespace {

int ours(Errc code) {
    return exit_code(Error(code, ReasonCode::unspecified_error), Persona::ours);
}

int theirs(Errc code) {
    return exit_code(Error(code, ReasonCode::unspecified_error), Persona::mosquitto_pub);
}

}  // namespace

TEST_CASE("exit codes: usage, refused, unknown host, TLS, certificate, lost and timed out differ") {
    const std::set<int> codes{kExitUsage,
                              ours(Errc::connection_refused),
                              ours(Errc::resolve_failed),
                              ours(Errc::tls_failed),
                              ours(Errc::tls_certificate_rejected),
                              ours(Errc::proxy_failed),
                              ours(Errc::keep_alive_timeout),
                              ours(Errc::connection_closed),
                              ours(Errc::not_mqtt),
                              ours(Errc::timed_out)};
    CHECK(codes.size() == 10);
}

TEST_CASE("exit codes: under mosquitto's names nothing reached is 1, a lost link 7") {
    CHECK(theirs(Errc::connection_refused) == 1);
    CHECK(theirs(Errc::resolve_failed) == 1);
    CHECK(theirs(Errc::tls_certificate_rejected) == 8);
    CHECK(theirs(Errc::not_tls) == 8);
    CHECK(theirs(Errc::tls_failed) == 8);
    CHECK(theirs(Errc::connection_closed) == 7);
    CHECK(theirs(Errc::keep_alive_timeout) == 19);
}

TEST_CASE("exit codes: every code that can be returned is in the printed table") {
    std::set<int> printed;
    for (const ExitRow& row : exit_rows())
        printed.insert(row.code);
    for (int i = 0; i <= static_cast<int>(Errc::out_of_memory); ++i) {
        const int code = ours(static_cast<Errc>(i));
        CAPTURE(i);
        CHECK((printed.count(code) == 1 || code == 5 || code >= 128));
    }
}

TEST_CASE("exit codes: a refused connection is the reason code in 5.0, the return code in 3.x") {
    CHECK(connack_exit_code(ReasonCode::not_authorized, mqtt::ProtocolVersion::v5) == 135);
    CHECK(connack_exit_code(ReasonCode::not_authorized, mqtt::ProtocolVersion::v3_1_1) == 5);
}
