// Brokers with a durable store, for tests: what a second one finds in the files of a first one, and the sessions
// that it should find there.
#pragma once

#include <filesystem>
#include <string>

#include "support/test_broker.hpp"

namespace test {

inline PropertyList expiry(std::uint32_t seconds) {
    PropertyList list;
    list.add(PropertyId::session_expiry_interval, seconds);
    return list;
}

inline BrokerConfig stored(const std::string& file, Persistence persistence = Persistence::strict,
                           unsigned threads = 1) {
    BrokerConfig config = with_threads(threads);
    config.persistence = persistence;
    config.store_file = file;
    return config;
}

// The files as a kill leaves them: the log first, for it may be moved into the database meanwhile.
inline std::string after_kill(const std::string& file, const std::string& folder) {
    const std::string copy = folder + "/after-kill.db";
    std::filesystem::remove(copy);
    std::filesystem::remove(copy + "-wal");
    if (std::filesystem::exists(file + "-wal")) std::filesystem::copy(file + "-wal", copy + "-wal");
    std::filesystem::copy(file, copy);
    return copy;
}

inline Connack resume(RawClient& client, std::string_view id) {
    const PropertyList kept = expiry(1000);
    return client.connect({.client_id = id, .clean_start = false, .properties = kept.view()});
}

// A session that is kept, with a subscription, and its client away.
inline void leave_session(const TestBroker& broker, std::string_view id, std::string_view filter,
                          QoS qos) {
    RawClient client = broker.client();
    resume(client, id);
    client.subscribe(filter, qos);
    client.send(Disconnect{}).expect_closed();
}

}  // namespace test
