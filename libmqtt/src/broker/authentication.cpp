// The order of the exchange.
#include "broker/authentication.hpp"

#include "core/encode.hpp"

namespace mqtt::broker {
namespace {

// SCRAM's messages are a few hundred bytes.
constexpr std::size_t kMostData = 4'096;

bool has_method(Properties properties) {
    return properties.text(PropertyId::authentication_method) == ScramServer::kMethod;
}

}  // namespace

Authentication::Authentication(const Connect& connect) {
    base::OutBuffer out;
    core::encode(out, connect);
    while (!out.empty()) {
        iovec part{};
        out.gather(&part, 1);
        const auto* bytes = static_cast<const std::uint8_t*>(part.iov_base);
        connect_packet_.insert(connect_packet_.end(), bytes, bytes + part.iov_len);
        out.consume(part.iov_len);
    }
}

Authentication::Step Authentication::begin(Properties properties, const ScramServer::Find& find) {
    if (!has_method(properties)) return refuse();  // [MQTT-4.12.0-5] [MQTT-4.12.1-1]
    exchange_ = ScramServer();
    const auto data = properties.text(PropertyId::authentication_data);
    if (data) return first(*data, find);
    wants_ = Wants::first;
    set_reply({});
    return Step::challenge;
}

Authentication::Step Authentication::go_on(Properties properties, const ScramServer::Find& find) {
    if (!has_method(properties)) return refuse();  // [MQTT-4.12.0-5]
    const std::string_view data =
        properties.text(PropertyId::authentication_data).value_or(std::string_view());
    if (wants_ == Wants::first) return first(data, find);
    const auto signature = data.size() <= kMostData ? exchange_.last(data) : std::nullopt;
    // Who asks for it again must be who was here before.
    if (!signature || (has_succeeded() && user_ != exchange_.user())) return refuse();
    wants_ = Wants::nothing;
    user_ = exchange_.user();
    set_reply(*signature);
    return Step::success;
}

Authentication::Step Authentication::first(std::string_view data, const ScramServer::Find& find) {
    const auto challenge = data.size() <= kMostData ? exchange_.first(data, find) : std::nullopt;
    if (!challenge) return refuse();
    wants_ = Wants::last;
    set_reply(*challenge);
    return Step::challenge;
}

Authentication::Step Authentication::refuse() {
    wants_ = Wants::nothing;
    return Step::refused;
}

void Authentication::set_reply(std::string_view data) {
    reply_.clear();
    reply_.add(PropertyId::authentication_method, ScramServer::kMethod);  // [MQTT-4.12.0-5]
    if (!data.empty()) reply_.add(PropertyId::authentication_data, data);
}

}  // namespace mqtt::broker
