// Client: what becomes of a received message: a response, a handler's, the catch-all's, receive()'s.
#include "client/client_impl.hpp"

namespace mqtt {

using client::Done;

namespace {

ReceivedMessage to_owned(const Publish& publish, AckTicket ticket) {
    ReceivedMessage message;
    message.topic = publish.topic;
    message.payload = as_text(publish.payload);
    message.qos = publish.qos;
    message.retain = publish.retain;
    message.dup = publish.dup;
    message.properties = PropertyList(publish.properties);
    message.ticket = ticket;
    return message;
}

std::size_t size_of(const ReceivedMessage& message) {
    return sizeof message + message.topic.size() + message.payload.size() +
           message.properties.view().raw().size();
}

}  // namespace

AckDecision Client::Impl::on_publish(const Publish& publish) {
    ++stats_.messages_received;
    made_progress_ = true;
    if (response_state_ != ResponseTopic::none && take_response(publish)) {
        return AckDecision::now();
    }
    const bool is_manual = options_.manual_acknowledgement && publish.qos != QoS::at_most_once;
    const AckTicket ticket = is_manual ? AckTicket{publish.id, connection_number_} : AckTicket{};
    if (on_unmatched_ && !matches_any(publish.topic)) {
        ++stats_.messages_unmatched;
        on_unmatched_(IncomingMessage{publish, {}});
        return AckDecision::now();
    }
    if (on_message_) {
        const AckDecision decision = on_message_(IncomingMessage{publish, ticket});
        return is_manual ? decision : AckDecision::now(decision.reason);
    }
    deliver(publish, ticket);
    return is_manual ? AckDecision::later() : AckDecision::now();
}

void Client::Impl::deliver(const Publish& publish, AckTicket ticket) {
    ReceivedMessage message = to_owned(publish, ticket);
    if (!receivers_.empty()) {
        Done<ReceivedMessage> done = std::move(receivers_.front().second);
        receivers_.pop_front();
        return done->complete({}, std::move(message));
    }
    unread_bytes_ += size_of(message);
    unread_.push_back(std::move(message));
    if (unread_bytes_ > options_.unread_maximum_bytes) connection_.pause_reading();
}

void Client::Impl::receive(Done<ReceivedMessage> done) {
    if (!unread_.empty()) {
        ReceivedMessage message = std::move(unread_.front());
        unread_.pop_front();
        unread_bytes_ -= size_of(message);
        if (unread_bytes_ <= options_.unread_maximum_bytes / 2) connection_.resume_reading();
        return done->complete({}, std::move(message));
    }
    if (!is_active() || is_disconnecting_) return done->complete(Errc::not_connected, {});
    const std::uint64_t number = next_number_++;
    done->on_cancel([this, number] {
        receivers_.remove_if([&](auto& receiver) {
            if (receiver.first != number) return false;
            receiver.second->complete(Errc::cancelled, {});
            return true;
        });
    });
    receivers_.emplace_back(number, std::move(done));
}

// What arrived before there was a handler is its as well.
void Client::Impl::set_message_handler(MessageHandler handler) {
    on_message_ = std::move(handler);
    while (on_message_ && !unread_.empty()) {
        const ReceivedMessage message = std::move(unread_.front());
        unread_.pop_front();
        unread_bytes_ -= size_of(message);
        Publish publish;
        publish.topic = message.topic;
        publish.payload = as_bytes(message.payload);
        publish.qos = message.qos;
        publish.retain = message.retain;
        publish.dup = message.dup;
        publish.properties = message.properties.view();
        publish.id = message.ticket.id;
        const AckDecision decision = on_message_(IncomingMessage{publish, message.ticket});
        if (!decision.deferred) acknowledge(message.ticket, decision.reason);
    }
    connection_.resume_reading();
}

void Client::Impl::acknowledge(AckTicket ticket, ReasonCode reason) {
    if (!ticket || ticket.connection != connection_number_) return;
    if (state_ == ClientState::connected) connection_.acknowledge(ticket.id, reason);
}

void Client::Impl::fail_receivers(std::error_code error) {
    for (auto& receiver : std::exchange(receivers_, {}))
        receiver.second->complete(error, {});
}

}  // namespace mqtt
