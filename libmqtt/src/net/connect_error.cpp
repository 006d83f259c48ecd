// The sentences. Each is tested by its cause in tests/net/connect_test.cpp.
#include "net/connect_error.hpp"

#include <netdb.h>

#include <cerrno>

namespace mqtt::net {

namespace {

struct Cause {
    int number;
    Errc code;
    std::string_view text;
};

constexpr Cause kTcpCauses[] = {
    {ECONNREFUSED, Errc::connection_refused,
     "connection refused (nothing listens on that port, or only on the loopback address of that "
     "machine)"},
    {ETIMEDOUT, Errc::timed_out,
     "no answer in time (wrong address, or a firewall or cloud security group drops the packets)"},
    {EHOSTUNREACH, Errc::host_unreachable,
     "no route to the host (check the address, the network and the VPN)"},
    {ENETUNREACH, Errc::host_unreachable, "the network is unreachable (is this machine online?)"},
    {EADDRNOTAVAIL, Errc::invalid_argument, "the local address to bind is not one of this machine"},
    {EAFNOSUPPORT, Errc::host_unreachable,
     "the address family does not fit (IPv6 switched off, or a local "
     "address of the other family)"},
    {EACCES, Errc::network_error, "this machine's firewall forbids it"},
    {EPERM, Errc::network_error, "this machine's firewall forbids it"},
    {EMFILE, Errc::network_error, "this process has no file descriptor left (raise ulimit -n)"},
};

constexpr Cause kUnixCauses[] = {
    {ENOENT, Errc::connection_refused,
     "no such socket (is the broker running, and is the path right?)"},
    {ECONNREFUSED, Errc::connection_refused,
     "connection refused (the socket is there, but nobody listens)"},
    {EACCES, Errc::network_error, "permission denied (check the socket's owner and mode)"},
    {ENAMETOOLONG, Errc::invalid_argument,
     "the path is too long for a socket (107 characters at most)"},
    {EAGAIN, Errc::timed_out, "no answer in time (the listener does not accept connections)"},
    {ETIMEDOUT, Errc::timed_out, "no answer in time (the listener does not accept connections)"},
};

template <std::size_t n>
const Cause* find(const Cause (&causes)[n], std::error_code error) {
    for (const Cause& cause : causes) {
        if (error.default_error_condition() ==
            std::error_condition(cause.number, std::generic_category())) {
            return &cause;
        }
    }
    return nullptr;
}

}  // namespace

std::string place_of(const Endpoint& endpoint) {
    if (endpoint.transport == Transport::unix_socket) return to_url(endpoint);
    return endpoint.host + " port " + std::to_string(endpoint.port);
}

Failure resolve_failure(const std::string& host, int error, bool timed_out) {
    Failure out;
    out.error = Error(Errc::resolve_failed);
    std::string why;
    if (timed_out || error == EAI_AGAIN) {
        why = "the name server does not answer (check the network and the DNS settings)";
    } else if (error == EAI_NONAME || error == EAI_NODATA) {
        why = "no such host name (check the spelling and the DNS settings)";
    } else {
        why = ::gai_strerror(error);
    }
    out.message = "cannot resolve host '" + host + "': " + why;
    return out;
}

Failure connect_failure(const Endpoint& endpoint, const std::string& address,
                        std::error_code error) {
    const bool is_unix = endpoint.transport == Transport::unix_socket;
    const Cause* cause = is_unix ? find(kUnixCauses, error) : find(kTcpCauses, error);
    Failure out;
    out.system_error = error;
    out.error = Error(cause ? cause->code : Errc::network_error);
    out.message = "cannot connect to " + place_of(endpoint);
    const bool is_named = !address.empty() && address.find(endpoint.host) == std::string::npos;
    if (!is_unix && is_named) out.message += " (" + address + ")";
    out.message += ": ";
    out.message += cause ? std::string(cause->text) : error.message();
    return out;
}

Failure layer_failure(const Endpoint& endpoint, std::string_view layer, Errc code,
                      std::string_view why) {
    Failure out;
    out.error = Error(code);
    out.message = "cannot connect to " + place_of(endpoint);
    out.message.append(layer).append(": ").append(why);
    return out;
}

}  // namespace mqtt::net
