// Turns of turns.
#include "broker/login_lanes.hpp"

#include <utility>

namespace mqtt::broker {

LoginJob::LoginJob(const LoginRequest& request, std::function<void(ReasonCode)> when_done)
    : plain(request)
    , client_id(request.client_id)
    , user_name(request.user_name.value_or(std::string_view()))
    , address(request.peer_address)
    , password(request.password->begin(), request.password->end())
    , done(std::move(when_done))
    , source(LoginGuard::source_of(address, user_name)) {}

LoginRequest LoginJob::request() const {
    LoginRequest request = plain;
    request.client_id = client_id;
    if (request.user_name) request.user_name = user_name;
    request.password = Bytes(password);
    request.peer_address = address;
    return request;
}

std::size_t LoginLanes::size_of(std::uint64_t address) const {
    const auto found = addresses_.find(address);
    return found == addresses_.end() ? 0 : found->second.size;
}

void LoginLanes::add(LoginJob job) {
    const LoginGuard::Source source = job.source;
    Address& address = addresses_[source.address];
    if (address.size == 0) turns_.push_back(source.address);
    std::deque<LoginJob>& lane = address.users[source.user];
    if (lane.empty()) address.turns.push_back(source.user);
    lane.push_back(std::move(job));
    ++address.size;
    ++size_;
}

LoginJob LoginLanes::take() {
    const auto entry = addresses_.find(turns_.front());
    Address& address = entry->second;
    const auto lane = address.users.find(address.turns.front());
    LoginJob job = std::move(lane->second.front());
    lane->second.pop_front();
    // Whoever has more to ask goes to the end of the line.
    address.turns.pop_front();
    if (lane->second.empty())
        address.users.erase(lane);
    else
        address.turns.push_back(lane->first);
    turns_.pop_front();
    if (--address.size == 0)
        addresses_.erase(entry);
    else
        turns_.push_back(entry->first);
    --size_;
    return job;
}

// Turns begin anew, in the order that was.
std::vector<LoginJob> LoginLanes::take_expired(TimePoint now) {
    std::vector<LoginJob> expired, rest;
    while (!empty()) {
        LoginJob job = take();
        (job.expires <= now ? expired : rest).push_back(std::move(job));
    }
    for (LoginJob& job : rest)
        add(std::move(job));
    return expired;
}

void LoginLanes::clear() {
    addresses_.clear();
    turns_.clear();
    size_ = 0;
}

}  // namespace mqtt::broker
