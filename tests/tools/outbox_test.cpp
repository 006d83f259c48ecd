// The outbox's journal: order, limits, expiry, several processes.
#include <sys/wait.h>

#include <fstream>

#include "common/app.hpp"
#include "tools/outbox_fixture.hpp"

using namespace outbox_test;

TEST_CASE("outbox: a message comes back as it was, binary, with properties and expiry") {
    mqtt::PropertyList properties;
    properties.add(mqtt::PropertyId::content_type, "text/x");
    OutboxMessage in = message(std::string_view("\0\xFF x", 4), mqtt::QoS::exactly_once);
    in.request.retain = true;
    in.request.properties = properties.view();
    in.request.message_expiry_interval = 10;
    std::string bytes;
    append_outbox_message(bytes, in);
    const std::string padded = bytes + std::string(7, '\0');
    const auto out = read_outbox_message(padded);
    REQUIRE(out);
    CHECK(out->request.topic == "a/b");
    CHECK(mqtt::as_text(out->request.payload) == std::string_view("\0\xFF x", 4));
    CHECK(out->request.qos == mqtt::QoS::exactly_once);
    CHECK(out->request.retain);
    CHECK(out->request.properties.text(mqtt::PropertyId::content_type) == "text/x");
    CHECK(out->request.message_expiry_interval == 10);
    CHECK(out->queued_at == 5);
    for (std::size_t n = 0; n < bytes.size(); ++n)
        CHECK(!read_outbox_message(bytes.substr(0, n)));
}

TEST_CASE("outbox: the time in the queue counts against the expiry") {
    OutboxMessage m = message("x");
    CHECK(!m.remaining_expiry(1'000'000'000'000));
    m.request.message_expiry_interval = 10;
    m.queued_at = 1'000'000'000;
    CHECK(*m.remaining_expiry(1'000'000'000) == 10);
    CHECK(*m.remaining_expiry(1'000'000'001) == 10);
    CHECK(*m.remaining_expiry(3'000'000'000) == 8);
    CHECK(*m.remaining_expiry(10'999'999'999) == 1);
    CHECK(*m.remaining_expiry(11'000'000'000) == 0);
    CHECK(*m.remaining_expiry(0) == 10);  // the clock went back
}

TEST_CASE("outbox: keeps order over processes and journals, forgets what is done") {
    Folder folder;
    Outbox::Limits limits = unsynced();
    limits.bytes = 64 * 1024;  // journals of 8 KiB
    Lines all;
    for (int i = 0; i < 300; ++i) {
        Outbox outbox(folder.path, limits);
        all.push_back("message " + std::to_string(i) + std::string(100, '.'));
        REQUIRE(keep(outbox, all.back()));
    }
    Outbox outbox(folder.path, limits);
    CHECK(waiting(outbox) == all);
    CHECK(outbox.totals().messages == 300);
    CHECK(outbox.totals().oldest == 5);
    REQUIRE(outbox.try_lock_drain());
    const std::uint64_t before = outbox.totals().bytes;
    for (int i = 0; i < 200; ++i) {
        outbox.mark(outbox.peek()->token, {Stage::done, 0});
        outbox.take();
    }
    CHECK(outbox.totals().bytes < before / 2);
    outbox.unlock_drain();
    all.erase(all.begin(), all.begin() + 200);
    CHECK(waiting(outbox) == all);
    REQUIRE(outbox.try_lock_drain());
    CHECK(!outbox.clean());
    std::vector<std::uint64_t> tokens;
    while (const Outbox::Entry* entry = outbox.peek()) {
        tokens.push_back(entry->token);
        outbox.take();
    }
    for (auto token = tokens.rbegin(); token != tokens.rend(); ++token)
        outbox.mark(*token, {Stage::done, 0});
    REQUIRE(keep(outbox, "late"));
    CHECK(!outbox.clean());  // something came
    outbox.mark(outbox.peek()->token, {Stage::done, 0});
    outbox.take();
    CHECK(outbox.clean());
    CHECK(outbox.is_empty());
    REQUIRE(keep(outbox, "after"));
    CHECK(mqtt::as_text(outbox.peek()->message.request.payload) == "after");
}

TEST_CASE("outbox: a full one takes nothing, and says what can never fit") {
    Folder folder;
    Outbox::Limits limits = unsynced();
    limits.bytes = 10'000;
    Outbox outbox(folder.path, limits);
    int kept = 0;
    while (keep(outbox, std::string(500, 'x')))
        ++kept;
    CHECK(kept >= 17);
    CHECK(kept <= 19);
    outbox.drop_batch();
    CHECK(waiting(outbox).size() == static_cast<std::size_t>(kept));
    CHECK(!outbox.is_too_large(message(std::string(9'000, 'x'))));
    CHECK(outbox.is_too_large(message(std::string(10'000, 'x'))));
    // Draining gives room back.
    REQUIRE(outbox.try_lock_drain());
    for (int i = 0; i < kept / 2 + 1; ++i) {
        outbox.mark(outbox.peek()->token, {Stage::done, 0});
        outbox.take();
    }
    CHECK(keep(outbox, std::string(500, 'y')));
}

TEST_CASE("outbox: an earlier drain's exchanges are shown in order, and never wait a second time") {
    Folder folder;
    Outbox outbox(folder.path, unsynced());
    for (const char* text : {"a", "b", "c", "d", "e"})
        REQUIRE(keep(outbox, text));
    REQUIRE(outbox.try_lock_drain());
    const auto mark_next = [&](Stage stage, std::uint16_t id) {
        outbox.mark(outbox.peek()->token, {stage, id});
        outbox.take();
    };
    mark_next(Stage::received, 7);
    mark_next(Stage::sent, 8);
    mark_next(Stage::sent, 9);
    mark_next(Stage::done, 0);
    outbox.unlock_drain();

    REQUIRE(outbox.try_lock_drain());
    Lines shown;
    std::vector<std::uint64_t> tokens;
    bool takes_last = false;
    SUBCASE("all are taken") {
        takes_last = true;
    }
    SUBCASE("one is not: it waits again") {}
    outbox.restore([&](const Outbox::Entry& entry) {
        shown.push_back(std::string(mqtt::as_text(entry.message.request.payload)) +
                        std::to_string(entry.state.id) +
                        (entry.state.stage == Stage::received ? "r" : "s"));
        tokens.push_back(entry.token);
        return takes_last || entry.state.id != 9;
    });
    CHECK(shown == Lines{"a7r", "b8s", "c9s"});
    if (!takes_last) {
        CHECK(mqtt::as_text(outbox.peek()->message.request.payload) == "c");
        outbox.mark(outbox.peek()->token, {Stage::done, 0});
        outbox.take();
    }
    outbox.mark(tokens[0], {Stage::waiting, 0});  // sent again by the client, not by us
    CHECK(mqtt::as_text(outbox.peek()->message.request.payload) == "e");
    outbox.mark(outbox.peek()->token, {Stage::done, 0});
    outbox.take();
    CHECK(!outbox.clean());
    for (const std::uint64_t token : tokens) {
        if (takes_last || token != tokens[2]) outbox.mark(token, {Stage::done, 0});
    }
    CHECK(outbox.clean());
}

TEST_CASE("outbox: processes append at once while another drains; nothing is lost or doubled") {
    Folder folder;
    Outbox::Limits limits;
    limits.sync = false;
    constexpr int kWriters = 4, kEach = 300;
    std::vector<pid_t> writers;
    for (int w = 0; w < kWriters; ++w) {
        const pid_t pid = ::fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
            Outbox outbox(folder.path, limits);
            for (int i = 0; i < kEach; ++i)
                keep(outbox, std::to_string(w) + " " + std::to_string(i));
            ::_exit(0);
        }
        writers.push_back(pid);
    }
    Outbox outbox(folder.path, limits);
    REQUIRE(outbox.try_lock_drain());
    Outbox second(folder.path, limits);
    CHECK(!second.try_lock_drain());
    std::vector<int> next(kWriters, 0);
    int running = kWriters, found = 0;
    while (true) {
        const Outbox::Entry* entry = outbox.peek();
        if (entry == nullptr) {
            outbox.clean();
            if (running == 0) break;
            if (::waitpid(-1, nullptr, WNOHANG) > 0) --running;
            continue;
        }
        const std::string text(mqtt::as_text(entry->message.request.payload));
        const auto blank = text.find(' ');
        const std::size_t writer = std::stoul(text.substr(0, blank));
        REQUIRE(std::stoi(text.substr(blank + 1)) == next[writer]++);
        outbox.mark(entry->token, {Stage::done, 0});
        outbox.take();
        ++found;
    }
    CHECK(found == kWriters * kEach);
    CHECK(outbox.clean());
    CHECK(outbox.is_empty());
    CHECK(outbox.take_damage().empty());
}
