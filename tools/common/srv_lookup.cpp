// See srv_lookup.hpp.
#include "common/srv_lookup.hpp"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

#include <array>
#include <string>

#include "common/app.hpp"
#include "common/exit_code.hpp"

namespace tools {
namespace {

struct SrvRecord {
    unsigned priority = 0;
    unsigned weight = 0;
    unsigned port = 0;
    std::string host;
};

unsigned number_at(const unsigned char* at) {
    return static_cast<unsigned>(at[0]) << 8 | at[1];
}

bool is_better(const SrvRecord& a, const SrvRecord& b) {
    return a.priority != b.priority ? a.priority < b.priority : a.weight > b.weight;
}

// Offset behind a name that is not wanted; 0 when it is broken.
std::size_t skip_name(const unsigned char* reply, const unsigned char* end, std::size_t at) {
    char name[NS_MAXDNAME];
    const int length = ::dn_expand(reply, end, reply + at, name, sizeof name);
    return length < 0 ? 0 : at + static_cast<std::size_t>(length);
}

// The best SRV record of a DNS reply of `size` bytes; its port is 0 when there is none.
SrvRecord best_record(const unsigned char* reply, std::size_t size) {
    SrvRecord best;
    const unsigned char* end = reply + size;
    if (size < NS_HFIXEDSZ) return best;
    std::size_t at = NS_HFIXEDSZ;
    for (unsigned i = number_at(reply + 4); i > 0; --i) {
        at = skip_name(reply, end, at);
        if (at == 0) return best;
        at += NS_QFIXEDSZ;
    }
    for (unsigned i = number_at(reply + 6); i > 0 && at < size; --i) {
        at = skip_name(reply, end, at);
        if (at == 0 || at + NS_RRFIXEDSZ > size) return best;
        const unsigned type = number_at(reply + at);
        const unsigned length = number_at(reply + at + 8);
        at += NS_RRFIXEDSZ;
        if (at + length > size) return best;
        char host[NS_MAXDNAME];
        if (type == ns_t_srv && length > 6 &&
            ::dn_expand(reply, end, reply + at + 6, host, sizeof host) >= 0) {
            const unsigned char* data = reply + at;
            SrvRecord record{number_at(data), number_at(data + 2), number_at(data + 4), host};
            if (best.port == 0 || is_better(record, best)) best = record;
        }
        at += length;
    }
    return best;
}

}  // namespace

void lookup_srv(mqtt::Endpoint& endpoint) {
    const char* service = mqtt::uses_tls(endpoint.transport) ? "_secure-mqtt._tcp." : "_mqtt._tcp.";
    const std::string name = service + endpoint.host;
    std::array<unsigned char, 8192> reply{};
    const int size =
        ::res_query(name.c_str(), ns_c_in, ns_t_srv, reply.data(), static_cast<int>(reply.size()));
    const SrvRecord best =
        size > 0 ? best_record(reply.data(), std::min(static_cast<std::size_t>(size), reply.size()))
                 : SrvRecord{};
    if (best.port == 0) {
        throw ToolError(15, "DNS has no SRV record of " + name);
    }
    endpoint.host = best.host;
    endpoint.port = static_cast<std::uint16_t>(best.port);
}

}  // namespace tools
