// What the tests of the outbox share: a folder of its own, messages, what waits, and writers that die.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt-pub/outbox.hpp"

namespace outbox_test {

using namespace mqtt_pub;
namespace fs = std::filesystem;

struct Folder {
    Folder() {
        char name[] = "/tmp/outbox-test.XXXXXX";
        path = ::mkdtemp(name);
    }
    ~Folder() { fs::remove_all(path); }
    std::string path;
};

inline OutboxMessage message(std::string_view payload, mqtt::QoS qos = mqtt::QoS::at_least_once) {
    OutboxMessage made;
    made.request.topic = "a/b";
    made.request.payload = mqtt::as_bytes(payload);
    made.request.qos = qos;
    made.queued_at = 5;
    return made;
}

inline bool keep(Outbox& outbox, std::string_view payload) {
    outbox.add(message(payload));
    return outbox.commit();
}

// What waits, in order; takes it all, marks nothing.
inline std::vector<std::string> waiting(Outbox& outbox) {
    std::vector<std::string> payloads;
    REQUIRE(outbox.try_lock_drain());
    while (const Outbox::Entry* entry = outbox.peek()) {
        payloads.emplace_back(mqtt::as_text(entry->message.request.payload));
        outbox.take();
    }
    outbox.unlock_drain();
    return payloads;
}

inline std::string only_journal(const std::string& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".journal") return entry.path();
    }
    return {};
}

// Waiting for the disk is what one test is about, not all.
inline Outbox::Limits unsynced() {
    Outbox::Limits limits;
    limits.sync = false;
    return limits;
}

// Thrown in place of dying: nobody handles it, so nothing is tidied up.
struct Killed {};

// Lets `budget` bytes of writes through, then "kills".
inline FileCalls dying_after(std::size_t& budget) {
    FileCalls calls;
    calls.write = [&budget](int fd, const void* data, std::size_t size, off_t at) {
        const std::size_t n = std::min(size, budget);
        const ssize_t written = n == 0 ? 0 : ::pwrite(fd, data, n, at);
        budget -= n;
        if (n < size) throw Killed{};
        return written;
    };
    calls.sync = [](int) { return 0; };
    return calls;
}

using Lines = std::vector<std::string>;
using Stage = OutboxStage;

}  // namespace outbox_test
