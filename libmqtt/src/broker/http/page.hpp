// The console: one page that is part of the program. Used by http/api. Its text is in console/, which
// the build turns into page.cpp.
#pragma once

#include <string>

namespace mqtt::broker::http {

// With a nonce that is its own; `headers` get the policy that lets nothing else run.
std::string console_page(std::string& headers);

}  // namespace mqtt::broker::http
