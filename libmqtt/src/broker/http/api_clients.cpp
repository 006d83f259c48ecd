// Clients: listing in the order of their ids, one of them, disconnecting.
#include <algorithm>
#include <vector>

#include "broker/http/api.hpp"
#include "broker/http/client_json.hpp"
#include "broker/http/gather.hpp"
#include "broker/http/json.hpp"

namespace mqtt::broker::http {
namespace {

struct Page {
    std::string match;  // part of the id
    std::string after;  // an id: those that come behind it
    std::size_t limit = 0;
    std::size_t total = 0;                                  // that match
    std::vector<std::pair<std::string, std::string>> rows;  // id, JSON
    bool has_more = false;
};

// The first `limit` of this shard; more cannot be on the page.
void collect(Shard& shard, Page& page) {
    std::vector<const Session*> found;
    shard.sessions.for_each([&](const Session& session) {
        const std::string_view id = session.client_id();
        if (!page.match.empty() && id.find(page.match) == std::string_view::npos) return;
        ++page.total;
        if (page.after.empty() || id > page.after) found.push_back(&session);
    });
    const auto end =
        found.begin() + static_cast<std::ptrdiff_t>(std::min(page.limit, found.size()));
    std::partial_sort(found.begin(), end, found.end(), [](const Session* a, const Session* b) {
        return a->client_id() < b->client_id();
    });
    if (end != found.end()) page.has_more = true;
    for (auto it = found.begin(); it != end; ++it) {
        std::string row;
        append_client(row, shard, **it, false);
        page.rows.emplace_back((*it)->client_id(), std::move(row));
    }
}

Response as_answer(Page& page) {
    std::sort(page.rows.begin(), page.rows.end());
    if (page.rows.size() > page.limit) {
        page.rows.resize(page.limit);
        page.has_more = true;
    }
    Response response;
    std::string& body = response.body;
    body = "{";
    append_member(body, "total", std::uint64_t{page.total});
    if (page.has_more && !page.rows.empty()) append_member(body, "next", page.rows.back().first);
    append_name(body, "clients");
    body += '[';
    for (const auto& [id, row] : page.rows) {
        body += body.back() == '[' ? "\n" : ",\n";
        body += row;
    }
    body += "]}\n";
    return response;
}

struct OneClient {
    std::string id;
    std::string row;  // empty: there is none
    bool ends_session = false;
    bool was_online = false;
    bool existed = false;
    bool is_bridge = false;
};

template <class Each, class Done>
void ask_home(Connection& connection, std::shared_ptr<OneClient> one, Each each, Done done) {
    Shared& shared = connection.shard().shared();
    const unsigned home = shared.home_of(client_hash(one->id));
    ask_shard(shared, home, std::move(one), each,
              [ticket = connection.ticket(), done](OneClient& found) {
                  if (Connection* asker = ticket.find()) done(*asker, found);
              });
}

void end_client(Shard& shard, OneClient& one) {
    Session* session = shard.sessions.find(one.id);
    one.existed = session != nullptr;
    one.is_bridge = one.existed && session->is_bridge;
    if (!one.existed || one.is_bridge) return;
    one.was_online = session->is_online();
    const bool stays = !session->ends_with_connection();
    if (one.was_online) {
        if (one.ends_session) session->expiry_interval = 0;
        session->peer->disconnect(ReasonCode::administrative_action,
                                  "disconnected by an administrator");
    } else if (one.ends_session && stays) {
        shard.sessions.end(*session);
    }
}

}  // namespace

void get_clients(Connection& connection, std::string_view) {
    const auto limit = number_parameter(connection, "limit", 1'000, 10'000);
    if (!limit) return;
    auto page = std::make_shared<Page>();
    page->match = connection.request().parameter("match").value_or(std::string_view());
    page->after = connection.request().parameter("after").value_or(std::string_view());
    page->limit = *limit;
    gather(connection.shard().shared(), std::move(page), collect,
           [ticket = connection.ticket()](Page& full) {
               if (Connection* asker = ticket.find()) asker->respond(as_answer(full));
           });
}

void get_client(Connection& connection, std::string_view id) {
    auto one = std::make_shared<OneClient>();
    one->id = id;
    const auto look = [](Shard& shard, OneClient& found) {
        const Session* session = shard.sessions.find(found.id);
        if (session != nullptr) append_client(found.row, shard, *session, true);
    };
    ask_home(connection, std::move(one), look, [](Connection& asker, OneClient& found) {
        if (found.row.empty()) return asker.respond(failure(404, "there is no such client"));
        Response response;
        response.body = found.row + "\n";
        asker.respond(response);
    });
}

void delete_client(Connection& connection, std::string_view id) {
    const std::string right = "$CONTROL/broker/clients/" + std::string(id);
    if (!may(connection.config(), connection.caller(), Access::publish, right)) {
        return connection.respond(
            failure(403, "disconnecting a client needs the right to publish to " + right));
    }
    const auto ends_session = flag_parameter(connection, "session");
    if (!ends_session) return;
    auto one = std::make_shared<OneClient>();
    one->id = id;
    one->ends_session = *ends_session;
    ask_home(connection, std::move(one), end_client, [](Connection& asker, OneClient& found) {
        if (!found.existed) return asker.respond(failure(404, "there is no such client"));
        if (found.is_bridge) {
            return asker.respond(failure(409, "this is a bridge of the broker itself"));
        }
        if (!found.was_online && !found.ends_session) {
            return asker.respond(failure(
                409, "this client is not connected; session=true ends the session that is kept"));
        }
        Response done;
        done.status = 204;
        asker.respond(done);
    });
}

}  // namespace mqtt::broker::http
