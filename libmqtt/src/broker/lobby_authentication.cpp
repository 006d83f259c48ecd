// Extended authentication at the door and of clients that are in: what AUTH leads to.
#include "broker/lobby.hpp"
#include "broker/shard.hpp"
#include "broker/visitor.hpp"
#include "core/decode.hpp"

namespace mqtt::broker {
namespace {

// The CONNECT that was kept, as the user who has proved to be.
Connect kept_connect(const Authentication& authentication) {
    const core::FrameResult found =
        core::find_frame(Bytes(authentication.connect_packet()), core::kLargestPacket);
    Connect connect = std::get<Connect>(*core::decode(found.frame, ProtocolVersion::v5));
    if (authentication.has_succeeded()) connect.user_name = authentication.user();
    return connect;
}

}  // namespace

ScramServer::Find Lobby::credentials_for(const Peer& peer) const {
    return [this, &peer](std::string_view user) {
        LoginRequest request;
        request.user_name = user;
        request.peer_address = peer.address();
        request.client_id = peer.client_id();
        request.listener = peer.listener();
        return shard_.config().scram_credentials(request);
    };
}

// Nothing: the client has been asked. Success when CONNECT is seen again after the exchange.
std::optional<ReasonCode> Lobby::begin_authentication(Peer& peer, const Visitor& visitor) {
    if (peer.authentication() != nullptr && peer.authentication()->has_succeeded()) {
        return ReasonCode::success;
    }
    peer.set_authentication(std::make_unique<Authentication>(visitor.connect));
    Authentication* const authentication = peer.authentication();
    const auto step = authentication->begin(visitor.connect.properties, credentials_for(peer));
    if (step == Authentication::Step::refused) return ReasonCode::not_authorized;
    // [MQTT-4.12.0-2]
    peer.authenticate(ReasonCode::continue_authentication, authentication->reply());
    return std::nullopt;
}

void Lobby::authenticate(Peer& peer, const Auth& auth) {
    Authentication& authentication = *peer.authentication();
    const Connect before = kept_connect(authentication);
    if (auth.reason != ReasonCode::continue_authentication) {
        return peer.refuse(ReasonCode::protocol_error, before.client_id);
    }
    switch (authentication.go_on(auth.properties, credentials_for(peer))) {
    case Authentication::Step::refused:  // [MQTT-4.12.0-4]
        return refuse_login(peer, ReasonCode::not_authorized, before.client_id,
                            authentication.claimed_user());
    case Authentication::Step::challenge:
        return peer.authenticate(ReasonCode::continue_authentication, authentication.reply());
    case Authentication::Step::success: break;
    }
    if (before.user_name && *before.user_name != authentication.user()) {
        return peer.refuse(ReasonCode::not_authorized, before.client_id);
    }
    connect(peer, kept_connect(authentication));
    if (peer.authentication()) peer.authentication()->forget_connect();
}

void Lobby::authenticate_again(Peer& peer, const Auth& auth) {
    Authentication& authentication = *peer.authentication();
    const bool begins = auth.reason == ReasonCode::re_authenticate;
    if (begins == authentication.is_under_way()) {
        return peer.disconnect(ReasonCode::protocol_error, "AUTH out of turn");
    }
    const auto step = begins ? authentication.begin(auth.properties, credentials_for(peer))
                             : authentication.go_on(auth.properties, credentials_for(peer));
    switch (step) {
    case Authentication::Step::refused:  // [MQTT-4.12.1-2]
        return peer.disconnect(ReasonCode::not_authorized, "authentication failed");
    case Authentication::Step::challenge:
        return peer.authenticate(ReasonCode::continue_authentication, authentication.reply());
    case Authentication::Step::success:
        return peer.authenticate(ReasonCode::success, authentication.reply());
    }
}

}  // namespace mqtt::broker
