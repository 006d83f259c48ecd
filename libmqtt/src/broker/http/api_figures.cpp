// Metrics, figures for the page, configuration.
#include "broker/http/api.hpp"
#include "broker/http/figures.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker::http {
namespace {

template <class Write>
void answer_figures(Connection& connection, std::string_view content_type, Write write) {
    collect_figures(connection.shard().shared(),
                    [ticket = connection.ticket(), content_type, write](const Figures& all) {
                        Connection* asker = ticket.find();
                        if (asker == nullptr) return;
                        Response response;
                        response.content_type = content_type;
                        response.body = write(all, asker->config());
                        asker->respond(response);
                    });
}

}  // namespace

void get_metrics(Connection& connection, std::string_view) {
    answer_figures(connection, "text/plain; version=0.0.4; charset=utf-8", as_metrics);
}

void get_stats(Connection& connection, std::string_view) {
    answer_figures(connection, "application/json", as_json);
}

void get_config(Connection& connection, std::string_view) {
    const auto& describe = connection.config().describe_configuration;
    if (!describe) return connection.respond(failure(404, "this program does not tell it"));
    Response response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = describe();
    connection.respond(response);
}

}  // namespace mqtt::broker::http
