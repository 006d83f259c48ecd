// See server.hpp.
#include "broker/http/server.hpp"

#include <system_error>

#include "broker/shard.hpp"

namespace mqtt::broker::http {

Server::Server(Shard& shard) : shard_(shard), self_(std::make_shared<Server*>(this)) {
    for (const ListenerConfig& listener : shard.config().listeners) {
        origins_.push_back(
            std::make_shared<const std::vector<std::string>>(listener.websocket_origins));
    }
    files_.resize(shard.config().listeners.size());
}

void Server::tell_figures() {
    if (!figures_topic_) figures_topic_ = std::make_unique<FiguresTopic>(shard_);
}

std::string Server::open_files(std::size_t listener) {
    const std::string& folder = shard_.config().listeners[listener].http_folder;
    if (folder.empty()) return {};
    files_[listener] = std::make_unique<Files>();
    const int error = files_[listener]->open(folder);
    if (error == 0) return {};
    return "the folder of files for HTTP, " + folder +
           ", cannot be opened: " + std::generic_category().message(error);
}

Server::~Server() {
    self_.reset();
    figures_topic_.reset();
    connections_.clear();
}

void Server::admit(net::Accepted accepted) {
    const auto listener = static_cast<std::uint16_t>(accepted.listener);
    Admission::Seat seat;
    if (const auto over = shard_.shared().admission.enter(listener, accepted.peer_address, seat)) {
        ++shard_.counters.connections_refused;
        return shard_.hit(*over, accepted.peer_address);
    }
    ++shard_.counters.connections_accepted;
    const std::uint64_t id = next_id_++;
    auto& place = connections_[id];
    place = std::make_unique<Connection>(*this, id, std::move(accepted.stream),
                                         std::move(accepted.peer_address), seat);
    place->start();
}

Connection* Server::find(std::uint64_t id) const {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

void Server::drop(Connection& connection) {
    const auto found = connections_.find(connection.id_);
    if (found == connections_.end()) return;
    shard_.loop().retire(std::move(found->second));
    connections_.erase(found);
}

Connection* Ticket::find() const {
    const auto server = server_.lock();
    Connection* connection = server ? (*server)->find(id_) : nullptr;
    return connection != nullptr && connection->request_number() == request_ ? connection : nullptr;
}

}  // namespace mqtt::broker::http
