// See page.hpp.
#include "broker/http/page.hpp"

#include <fmt/format.h>

#include <array>

#include "net/random.hpp"

namespace mqtt::broker::http {

extern const std::string_view kConsoleText;

namespace {

constexpr std::string_view kPlace = "NONCE-OF-THIS-ANSWER";

std::string make_nonce() {
    std::array<std::uint8_t, 16> bytes;
    net::fill_random(bytes);
    std::string nonce;
    for (const std::uint8_t byte : bytes)
        nonce += fmt::format("{:02x}", byte);
    return nonce;
}

}  // namespace

std::string console_page(std::string& headers) {
    const std::string nonce = make_nonce();
    std::string page(kConsoleText);
    for (std::size_t at = page.find(kPlace); at != std::string::npos; at = page.find(kPlace, at))
        page.replace(at, kPlace.size(), nonce);
    headers = fmt::format(
        "Content-Security-Policy: default-src 'none'; script-src 'nonce-{0}'; style-src "
        "'nonce-{0}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'\r\nCross-Origin-Opener-Policy: same-origin\r\n",
        nonce);
    return page;
}

}  // namespace mqtt::broker::http
