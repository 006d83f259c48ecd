// The broker's HTTP side: its connections, on shard 0. One per broker that has a listener for it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/http/connection.hpp"
#include "broker/http/figures_topic.hpp"
#include "broker/http/files.hpp"
#include "net/listener.hpp"
#include "net/ws_stream.hpp"

namespace mqtt::broker::http {

class Server {
public:
    explicit Server(Shard& shard);
    ~Server();  // on the loop, outside of callbacks
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // For listeners with the API.
    void tell_figures();
    FiguresTopic* figures_topic() const { return figures_topic_.get(); }
    // Before the listener opens. A sentence when its folder cannot be opened.
    std::string open_files(std::size_t listener);
    void admit(net::Accepted accepted);

    Shard& shard() const { return shard_; }
    Connection* find(std::uint64_t id) const;
    std::weak_ptr<Server*> self() const { return self_; }
    // Gone when the turn ends.
    void drop(Connection& connection);
    const net::WsStream::Origins& origins(std::size_t listener) const { return origins_[listener]; }
    const Files* files(std::size_t listener) const { return files_[listener].get(); }  // null: none

private:
    Shard& shard_;
    std::shared_ptr<Server*> self_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::vector<net::WsStream::Origins> origins_;  // by listener
    std::vector<std::unique_ptr<Files>> files_;    // by listener
    std::unique_ptr<FiguresTopic> figures_topic_;
    std::uint64_t next_id_ = 1;
};

}  // namespace mqtt::broker::http
