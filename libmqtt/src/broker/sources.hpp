// Who published the retained messages, each once, however many are there. Rights are asked for them again when
// such a message is sent (BrokerConfig::check_retain_source). Part of RetainedStore; shared by all shards,
// one short lock. Empty where no rights are configured.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/hash_set.hpp"

namespace mqtt::broker {

// As rights are asked for it. Views.
struct Source {
    std::string_view client_id;
    std::string_view user_name;  // empty: anonymous
    std::size_t listener = 0;
};

// One that outlives what it was read from.
struct KeptSource {
    explicit KeptSource(const Source& s)
        : client_id(s.client_id)
        , user_name(s.user_name)
        , listener(s.listener) {}
    Source view() const { return {client_id, user_name, listener}; }
    std::string client_id;
    std::string user_name;
    std::size_t listener;
};

class Sources {
public:
    using Number = std::uint32_t;  // of one; 0: nobody is known

    // Its number, which is its own until it was released as often as taken.
    Number take(const Source& source);
    void release(Number number) {  // 0 is allowed
        if (number != 0) release_known(number);
    }
    // Views: until the caller, who has it, releases it.
    Source at(Number number) const;
    std::size_t count() const;

private:
    struct Entry {
        KeptSource source;
        std::size_t users = 0;
        Number number = 0;
    };
    void release_known(Number number);
    Entry& entry(Number number) { return entries_[number - 1]; }

    mutable std::mutex mutex_;
    std::deque<Entry> entries_;  // where they are they stay
    std::vector<Number> free_;
    HashSet<Entry> known_;
};

}  // namespace mqtt::broker
