// See outbox_session.hpp.
#include "mqtt-pub/outbox_session.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "common/app.hpp"
#include "common/exit_code.hpp"

namespace mqtt_pub {

OutboxSession read_outbox_session(const std::string& path) {
    OutboxSession session;
    std::ifstream file(path);
    std::getline(file, session.client_id);
    std::getline(file, session.server);
    return session;
}

void write_outbox_session(const std::string& path, const OutboxSession& session) {
    const std::string unfinished = path + ".new";
    std::ofstream file(unfinished, std::ios::trunc);
    file << session.client_id << '\n' << session.server << '\n';
    file.close();
    if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
        throw tools::ToolError(tools::kExitUsage,
                               fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
    }
}

}  // namespace mqtt_pub
