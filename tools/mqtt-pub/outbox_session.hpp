// Which session on which server the unfinished exchanges of an outbox belong to: a small file beside
// the journals. Used by outbox_run.
#pragma once

#include <string>

namespace mqtt_pub {

struct OutboxSession {
    std::string client_id;
    std::string server;

    friend bool operator==(const OutboxSession&, const OutboxSession&) = default;
};

// Empty fields: there is none yet.
OutboxSession read_outbox_session(const std::string& path);
// Whole or not at all. Throws tools::ToolError.
void write_outbox_session(const std::string& path, const OutboxSession& session);

}  // namespace mqtt_pub
