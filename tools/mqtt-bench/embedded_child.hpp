// The embedded broker in a process of its own, so that its connections do not take half of the
// descriptors. Forked before any thread; ends when the parent closes the pipe, or dies.
// Used by broker_side.
#pragma once

#include <sys/types.h>

#include "mqtt/endpoint.hpp"

namespace mqtt::bench {

class EmbeddedChild {
public:
    // Throws std::runtime_error with a sentence.
    EmbeddedChild();
    ~EmbeddedChild();  // ends it
    EmbeddedChild(const EmbeddedChild&) = delete;
    EmbeddedChild& operator=(const EmbeddedChild&) = delete;

    pid_t pid() const { return pid_; }
    const Endpoint& endpoint() const { return endpoint_; }

private:
    pid_t pid_ = -1;
    int lifeline_ = -1;
    Endpoint endpoint_;
};

}  // namespace mqtt::bench
