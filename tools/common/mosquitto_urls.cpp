// See mosquitto_urls.hpp.
#include "common/mosquitto_urls.hpp"

#include <algorithm>
#include <cstdlib>

#include "common/mosquitto_checks.hpp"
#include "mqtt/topic.hpp"

namespace tools {
namespace {

// Text in front of the first `separator`, and what stands behind it.
struct Parts {
    std::string first;
    std::string rest;
    bool has_rest = false;
};
Parts split(const std::string& text, char separator) {
    const std::size_t at = text.find(separator);
    if (at == text.npos) return {text, {}, false};
    return {text.substr(0, at), text.substr(at + 1), true};
}

[[noreturn]] void fail_silently() {
    throw UsageError("");
}

// They know three escapes.
std::string decoded(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        const std::string code = text.substr(at + 1, 2);
        if (code != "25" && code != "40" && code != "3a" && code != "3A") fail_silently();
        out += code == "25" ? '%' : code == "40" ? '@' : ':';
        at += 2;
    }
    return out;
}

// USER[:PASSWORD]
void take_login(mqtt::ProxyOptions& proxy, const std::string& login) {
    const Parts parts = split(login, ':');
    const bool is_odd = parts.has_rest && (parts.rest.empty() || parts.rest.front() == ':');
    if (parts.first.empty() || is_odd) fail_silently();
    proxy.user_name = parts.first;
    proxy.password = parts.rest;
}

// HOST[:PORT], or an address of IPv6 in brackets.
Parts host_and_port(const std::string& place, bool has_login) {
    const std::size_t bracket = place.starts_with('[') ? place.find(']') : place.npos;
    if (bracket != place.npos) {
        return {place.substr(1, bracket - 1), split(place.substr(bracket), ':').rest, false};
    }
    Parts parts = split(place, ':');
    const bool has_more = has_login
                              ? place.find('@') != place.npos || parts.rest.find(':') < place.npos
                              : parts.rest.starts_with(':');
    if (has_more || (parts.first.empty() && parts.has_rest)) fail_silently();
    return parts;
}

}  // namespace

std::string mosquitto_url(const std::string& given, std::optional<std::uint16_t> later,
                          bool has_host) {
    std::string url;
    for (const char c : given)
        url += c == '%' ? "%25" : std::string(1, c);
    const std::size_t begin = url.find("://") + 3;
    if (has_host && begin < url.size() && (url[begin] == '/' || url[begin] == ':'))
        url.insert(begin, "localhost");
    const std::size_t end = std::min(url.find('/', begin), url.size());
    const std::size_t colon = url.rfind(':', end);
    const std::size_t host_end = std::min(url.find_last_of("@]", end), end);
    const bool has_port =
        colon != url.npos && colon >= begin && (host_end == end || colon > host_end);
    if (!has_port) return url;
    const long port = later ? *later : std::strtol(url.c_str() + colon + 1, nullptr, 10);
    if (port == -1) return url.substr(0, colon) + url.substr(end);
    return url.substr(0, colon + 1) + std::to_string(port) + url.substr(end);
}

std::optional<std::string> mosquitto_url_topic(const std::string& url) {
    const std::size_t scheme = url.find("://");
    const std::size_t slash = scheme == url.npos ? url.npos : url.find('/', scheme + 3);
    if (slash == url.npos) return std::nullopt;
    return url.substr(slash + 1);
}

void check_mosquitto_url(Persona persona, const std::string& url) {
    const mqtt::Result<mqtt::ParsedUrl> parsed = mqtt::parse_url(mosquitto_url(url));
    const bool is_known = parsed || parsed.error().detail.find("must begin with") == url.npos;
    if (!is_known || url.starts_with("unix:")) {
        throw UsageError("Error: unsupported URL scheme.\n");  // all else when it is asked for
    }
    const std::optional<std::string> topic = mosquitto_url_topic(url);
    if (!topic) throw UsageError("the URL has no topic");
    const bool is_filter = persona == Persona::mosquitto_sub;
    if (!is_mosquitto_text(*topic)) throw UsageError("malformed UTF-8 in '-L topic'");
    if (is_filter ? mqtt::validate_topic_filter(*topic).ok()
                  : mqtt::validate_topic_name(*topic).ok()) {
        return;
    }
    throw UsageError("'" + *topic + "' is not a valid topic" + (is_filter ? " filter" : "") +
                     " (option '-t')");
}

mqtt::ProxyOptions read_mosquitto_proxy(const std::string& url, bool quiet) {
    constexpr std::string_view kScheme = "socks5h://";
    const auto fail = [quiet](const std::string& what) {
        throw UsageError(quiet ? std::string() : "Error: " + what);
    };
    if (!url.starts_with(kScheme)) fail("Unsupported proxy protocol: " + url);
    const Parts parts = split(url.substr(kScheme.size()), '@');
    mqtt::ProxyOptions proxy;
    if (parts.has_rest) take_login(proxy, parts.first);
    const Parts place = host_and_port(parts.has_rest ? parts.rest : parts.first, parts.has_rest);
    const bool lacks_port = place.has_rest && place.rest.empty() && !parts.has_rest;
    if (place.first.empty() || lacks_port) fail("Invalid proxy.");
    proxy.host = place.first;
    proxy.user_name = decoded(proxy.user_name);
    proxy.password = decoded(proxy.password);
    if (place.rest.empty()) return proxy;
    const int port = std::atoi(place.rest.c_str());
    if (port < 1 || port > 65'535) fail("Invalid proxy port " + std::to_string(port));
    proxy.port = static_cast<std::uint16_t>(port);
    return proxy;
}

}  // namespace tools
