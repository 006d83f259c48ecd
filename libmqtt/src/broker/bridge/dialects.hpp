// In which forms of CONNECT a bridge tries to be understood, one after the other: 5.0, 3.1.1 as a bridge
// (bit 0x80 of the level), 3.1.1. Pure; used by Bridge.
#pragma once

#include <optional>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::broker {

struct Dialect {
    ProtocolVersion version = ProtocolVersion::v5;
    bool is_private = false;
    friend bool operator==(const Dialect&, const Dialect&) = default;
};

class Dialects {
public:
    Dialects(std::optional<ProtocolVersion> version, bool try_private) {
        if (!version || *version == ProtocolVersion::v5) all_.push_back({ProtocolVersion::v5});
        if (version == ProtocolVersion::v5) return;
        const ProtocolVersion old = version.value_or(ProtocolVersion::v3_1_1);
        if (try_private) all_.push_back({old, true});
        all_.push_back({old, false});
    }

    const Dialect& current() const { return all_[at_]; }
    // It was not understood. False: nor were the others; the first comes next.
    bool next() {
        at_ = (at_ + 1) % all_.size();
        return at_ != 0;
    }

private:
    std::vector<Dialect> all_;
    std::size_t at_ = 0;
};

}  // namespace mqtt::broker
