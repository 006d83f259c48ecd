// The options that pub, sub and bench share: where to connect, TLS, login, session, will, -D.
// Tables only; what they fill is connect_settings.
#pragma once

#include <vector>

#include "common/connect_settings.hpp"
#include "common/flags.hpp"

namespace tools {

using ConnectRow = FlagRow<ConnectSettings>;

std::span<const ConnectRow> connection_rows();  // connect_flags.cpp
std::span<const ConnectRow> session_rows();     // session_flags.cpp: login, session, will, -D
std::span<const ConnectRow> tls_rows();         // tls_flags.cpp

void append_connect_flags(std::vector<const Flag*>& flags);

// True when the use is a connection option and was applied.
bool apply_connect_flag(ConnectSettings& settings, const FlagUse& use);

}  // namespace tools
