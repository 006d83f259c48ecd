// A session in one block with its client id.
#include "broker/session.hpp"

#include <cstring>
#include <new>

#include "base/assert.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {

Session* Session::create(std::string_view client_id, std::uint64_t number) {
    auto* session = ::new (::operator new(sizeof(Session) + client_id.size())) Session(number);
    session->id_size_ = static_cast<std::uint16_t>(client_id.size());
    if (!client_id.empty())
        std::memcpy(reinterpret_cast<char*>(session + 1), client_id.data(), client_id.size());
    return session;
}

void Session::operator delete(Session* session, std::destroying_delete_t) {
    MQTT_ASSERT(session->subscriptions == nullptr && session->memberships == nullptr);
    const std::size_t size = sizeof(Session) + session->id_size_;
    session->~Session();
    ::operator delete(session, size);
}

void Absence::on_timer(TimePoint now) {
    shard_.sessions.on_absence(session_, now);
}

}  // namespace mqtt::broker
