// OpenSSL's errors as std::error_code, and certificate trouble as sentences. Used by tls_stream and
// tls_context; no OpenSSL header is seen from here.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "mqtt/error.hpp"

struct x509_store_ctx_st;

namespace mqtt::net {

// Values are OpenSSL's packed codes; alerts of the peer get words of their own.
const std::error_category& tls_category();

// The oldest error of this thread's queue, which is emptied.
std::error_code take_tls_error();
// The same as text, for files that cannot be read; "" when the queue is empty.
std::string take_tls_error_text();
// "WHAT 'NAME': why", the reason from there.
std::string tls_failure(const std::string& what, const std::string& name);

// True for what a peer causes that does not speak TLS at all.
bool is_not_tls(std::error_code error);
// True for a connection that ended without close_notify.
bool is_unexpected_end(std::error_code error);

// Why verification stopped at a certificate ("it expired on 2024-05-01 ..."). `context` is OpenSSL's,
// in its verify callback.
std::string describe_certificate_failure(x509_store_ctx_st* context, std::string_view host);

}  // namespace mqtt::net
