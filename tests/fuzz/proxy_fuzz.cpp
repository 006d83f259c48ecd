// PROXY headers of any bytes: cut anywhere, the verdict is "incomplete" or that of the whole, and a header
// never ends behind its bytes. The first byte chooses the version.
#include <cstdio>
#include <cstdlib>

#include "net/proxy_header.hpp"

namespace {

using namespace mqtt;
using namespace mqtt::net;

void fail(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto parse = data[0] % 2 == 0 ? parse_proxy_v1 : parse_proxy_v2;
    const Bytes wire(data + 1, size - 1);
    std::size_t used = 0;
    ProxyHeaderFacts whole;
    const ProxyHeaderState verdict = parse(wire, used, whole);
    if (verdict == ProxyHeaderState::complete && used > wire.size()) fail("beyond its bytes");
    for (std::size_t i = 0; i < wire.size(); ++i) {
        std::size_t part_used = 0;
        ProxyHeaderFacts facts;
        const ProxyHeaderState part = parse(wire.first(i), part_used, facts);
        if (part == ProxyHeaderState::incomplete) continue;
        if (part != verdict) fail("a part is judged otherwise");
        if (part == ProxyHeaderState::complete &&
            (part_used != used || facts.source != whole.source))
            fail("a part says otherwise");
    }
    return 0;
}
