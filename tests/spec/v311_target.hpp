// What the tests of 3.1.1 talk to: SpecBroker, with the ids that these tests give, which are of each test alone.
#pragma once

#include <span>

#include "support/spec_target.hpp"

namespace test {

inline constexpr ProtocolVersion k311 = ProtocolVersion::v3_1_1;

// Another broker has as many threads as it has.
inline std::span<const unsigned> thread_counts() {
    return std::span(kThreadCounts).first(is_foreign() ? 1 : std::size(kThreadCounts));
}

class V311Broker : public SpecBroker {
public:
    using SpecBroker::SpecBroker;

    RawClient client(ProtocolVersion version) const { return SpecBroker::client(version); }
    // Connected.
    RawClient client(std::string_view id, ProtocolVersion version) const {
        RawClient made = SpecBroker::client(version);
        made.connect(id);
        return made;
    }
};

}  // namespace test
