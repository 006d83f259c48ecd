// A request to the broker's HTTP side from any text: it is refused or read, never more than was there,
// and the same when it comes in two pieces.
#include <cstdlib>
#include <string>

#include "broker/http/caller.hpp"
#include "broker/http/json.hpp"
#include "broker/http/request.hpp"
#include "core/utf8.hpp"

using namespace mqtt::broker::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    constexpr std::size_t kMostBody = 1'000;
    const std::vector<std::string> origins = {"https://example.org"};
    const Reading whole = read_request(text, kMostBody, origins);
    if (whole.refusal && whole.request) std::abort();
    if (!whole.request) return 0;
    const Request& request = *whole.request;
    if (whole.size > size || request.body.size() > kMostBody) std::abort();
    if (!mqtt::core::is_valid_utf8(request.path)) std::abort();
    for (std::size_t cut : {whole.size / 3, whole.size - 1}) {
        const Reading part = read_request(text.substr(0, cut), kMostBody, origins);
        if (part.request || part.refusal) std::abort();
    }
    const Reading exact = read_request(text.substr(0, whole.size), kMostBody, origins);
    if (!exact.request || exact.request->path != request.path) std::abort();
    parse_basic(request.authorization);
    std::string out;
    append_string(out, request.path);
    if (out.size() < request.path.size() + 2) std::abort();
    return 0;
}
