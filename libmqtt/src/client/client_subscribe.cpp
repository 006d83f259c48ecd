// Client: SUBSCRIBE and UNSUBSCRIBE, their answers, and subscribing again after a lost session.
#include <algorithm>

#include "client/client_impl.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {

using client::Done;
using client::FilterRequest;

namespace {

// One SUBSCRIBE holds at most so many filters when we subscribe again: any server takes that.
constexpr std::size_t kFiltersAtOnce = 100;

Status check_filters(const std::vector<Subscription>& filters) {
    if (filters.empty()) return Error(Errc::invalid_argument, "no topic filter");  // [MQTT-3.8.3-2]
    for (const Subscription& one : filters) {
        if (const Status ok = validate_topic_filter(one.filter); !ok) return ok;
        if (one.options.no_local && parse_shared_filter(one.filter)) {  // [MQTT-3.8.3-4]
            return Error(Errc::invalid_argument, "no_local on a shared subscription");
        }
    }
    return {};
}

// A filter without its share prefix: what topics are matched with.
std::string_view bare(std::string_view filter) {
    const auto shared = parse_shared_filter(filter);
    return shared ? shared->filter : filter;
}

// What CONNACK said is not available. (5.0 section 3.2.2.3)
bool is_supported(const FilterRequest& request, const ServerLimits& limits) {
    for (const Subscription& one : request.filters) {
        if (!limits.wildcard_subscription_available && has_wildcard(one.filter)) return false;
        if (!limits.shared_subscription_available && parse_shared_filter(one.filter)) return false;
    }
    const auto id = request.properties.view().number(PropertyId::subscription_identifier);
    return limits.subscription_identifiers_available || !id;
}

}  // namespace

void Client::Impl::subscribe(Done<SubscribeResult> done, std::vector<Subscription> subscriptions,
                             PropertyList properties) {
    FilterRequest request;
    request.filters = std::move(subscriptions);
    request.properties = std::move(properties);
    request.done = std::move(done);
    add_request(std::move(request));
}

void Client::Impl::unsubscribe(Done<UnsubscribeResult> done, std::vector<std::string> filters,
                               PropertyList properties) {
    FilterRequest request;
    request.properties = std::move(properties);
    request.subscribes = false;
    for (std::string& filter : filters)
        request.filters.emplace_back(std::move(filter));
    // The two results have the same form; what is kept of a request needs one.
    auto convert = [done = std::move(done)](std::error_code error, SubscribeResult result) {
        done->complete(error, {std::move(result.reasons), std::move(result.properties)});
    };
    request.done = client::local_completion<SubscribeResult>(std::move(convert));
    add_request(std::move(request));
}

void Client::Impl::add_request(FilterRequest request) {
    Status ok = check_filters(request.filters);
    if (!is_active() || is_disconnecting_) ok = Errc::not_connected;
    if (ok && version_ != ProtocolVersion::v5 && !request.properties.empty()) {
        ok = Error(Errc::invalid_argument, "properties need MQTT 5.0");
    }
    if (!ok) return request.done->complete(ok.error().code, {});
    request.number = next_number_++;
    if (request.done) {
        request.done->on_cancel([this, number = request.number] { cancel_request(number); });
        if (options_.subscribe_timeout.count() != 0) {
            request.deadline = Clock::now() + options_.subscribe_timeout;
        }
    }
    requests_.push_back(std::move(request));
    arm_request_timer();
    send_requests();
}

// Those that are not sent on this connection yet, in order.
void Client::Impl::send_requests() {
    if (state_ != ClientState::connected || is_disconnecting_) return;
    for (auto at = requests_.begin(); at != requests_.end();) {
        const auto request = at++;
        if (request->id != 0 || send_request(*request)) continue;
        Done<SubscribeResult> done = std::move(request->done);
        requests_.erase(request);
        if (done) done->complete(Errc::not_supported_by_server, {});
    }
}

// False when the server's limits forbid it.
bool Client::Impl::send_request(FilterRequest& request) {
    if (request.subscribes && !is_supported(request, limits_)) return false;
    FilterListBuilder filters(request.subscribes);
    for (const Subscription& one : request.filters)
        filters.add(one.filter, one.options);
    const Properties properties = request.properties.view();
    request.id = request.subscribes ? connection_.subscribe(filters.view(), properties)
                                    : connection_.unsubscribe(filters.view(), properties);
    return request.id != 0;
}

// The server has forgotten us: what it had granted is asked for again, and nobody waits for it.
void Client::Impl::subscribe_again() {
    FilterRequest batch;
    auto add_batch = [&] {
        if (batch.filters.empty()) return;
        batch.number = next_number_++;
        requests_.push_front(std::move(batch));
        batch = FilterRequest();
    };
    for (const auto& [filter, how] : known_) {
        const Bytes raw = how.properties.view().raw();
        const Bytes last = batch.properties.view().raw();
        const bool is_same = std::equal(raw.begin(), raw.end(), last.begin(), last.end());
        if (!is_same || batch.filters.size() == kFiltersAtOnce) add_batch();
        if (batch.filters.empty()) batch.properties = how.properties;
        batch.filters.emplace_back(filter, how.options);
    }
    add_batch();
}

// The connection is gone; answers to what was sent on it will not come. What somebody waits for is
// sent again on the next one.
void Client::Impl::forget_sent_requests() {
    requests_.remove_if([](const FilterRequest& request) { return !request.done; });
    for (FilterRequest& request : requests_)
        request.id = 0;
}

void Client::Impl::on_suback(const Suback& suback) {
    finish_request(suback.id, true, suback.codes, suback.properties);
}

void Client::Impl::on_unsuback(const Unsuback& unsuback) {
    finish_request(unsuback.id, false, unsuback.codes, unsuback.properties);
}

void Client::Impl::finish_request(PacketId id, bool subscribes, Bytes codes,
                                  Properties properties) {
    const auto found =
        std::find_if(requests_.begin(), requests_.end(), [&](const FilterRequest& request) {
            return request.id == id && request.subscribes == subscribes;
        });
    if (found == requests_.end()) return;  // timed out or cancelled
    FilterRequest request = std::move(*found);
    requests_.erase(found);
    arm_request_timer();

    SubscribeResult result;
    result.properties = PropertyList(properties);
    for (const std::uint8_t code : codes)
        result.reasons.push_back(static_cast<ReasonCode>(code));
    result.reasons.resize(request.filters.size(), ReasonCode::success);  // 3.x UNSUBACK has none
    remember(request, result);
    if (!request.done) return;
    const bool all_refused = std::all_of(result.reasons.begin(), result.reasons.end(),
                                         [](ReasonCode r) { return is_error(r); });
    request.done->complete(
        all_refused ? make_error_code(Errc::refused_by_server) : std::error_code(),
        std::move(result));
}

void Client::Impl::remember(const FilterRequest& request, const SubscribeResult& result) {
    for (std::size_t i = 0; i < request.filters.size(); ++i) {
        const Subscription& one = request.filters[i];
        const bool refused = is_error(result.reasons[i]);
        if (!request.subscribes) {
            if (!refused) known_.erase(one.filter);
        } else if (!refused) {
            known_[one.filter] = {one.options, request.properties};
        } else {
            if (!request.done) {
                log(LogLevel::warning, "the server does not grant " + one.filter + " again: " +
                                           std::string(reason_text(result.reasons[i])));
                if (on_refusal_) on_refusal_(one.filter, result.reasons[i]);
            }
            known_.erase(one.filter);
        }
    }
}

bool Client::Impl::matches_any(std::string_view topic) const {
    const auto matches = [&](const auto& filter) { return topic_matches(bare(filter), topic); };
    for (const auto& [filter, how] : known_) {
        if (matches(filter)) return true;
    }
    // The server may send retained messages before SUBACK. [MQTT-3.8.4-1] and what follows it
    for (const FilterRequest& request : requests_) {
        for (const Subscription& one : request.filters) {
            if (request.subscribes && matches(one.filter)) return true;
        }
    }
    return false;
}

void Client::Impl::cancel_request(std::uint64_t number) {
    requests_.remove_if([&](FilterRequest& request) {
        if (request.number != number) return false;
        request.done->complete(Errc::cancelled, {});
        return true;
    });
    arm_request_timer();
}

void Client::Impl::on_request_timer(TimePoint now) {
    requests_.remove_if([&](FilterRequest& request) {
        if (request.deadline > now) return false;
        request.done->complete(Errc::timed_out, {});
        return true;
    });
    arm_request_timer();
}

void Client::Impl::arm_request_timer() {
    TimePoint next = TimePoint::max();
    for (const FilterRequest& request : requests_)
        next = std::min(next, request.deadline);
    loop().set_timer(request_timer_, next);
}

void Client::Impl::fail_requests(std::error_code error) {
    for (FilterRequest& request : std::exchange(requests_, {})) {
        if (request.done) request.done->complete(error, {});
    }
    loop().timers().cancel(request_timer_);
}

}  // namespace mqtt
