// Engines of OpenSSL: modules that do the cryptography, in hardware for instance, and that may hold a private key.
// Used by the TLS context. OpenSSL 3 calls them deprecated and may be built without them; what replaces them,
// providers, is set up in openssl.cnf and needs nothing here.
#pragma once

#include <string>

#include "mqtt/options.hpp"

struct ssl_ctx_st;

namespace mqtt::net {

// Makes the engine do, for the whole process, everything that it can. Empty, or the sentence that says what is wrong.
std::string use_engine(const TlsOptions& options);

// The private key of the context becomes the engine's that options.key_file names. False: `problem` says why, or else
// OpenSSL's queue of errors.
bool load_engine_key(ssl_ctx_st* context, const TlsOptions& options, std::string& problem);

}  // namespace mqtt::net
