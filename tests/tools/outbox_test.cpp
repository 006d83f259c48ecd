// The outbox's journal: order, limits, and what is left when a process dies at any byte.
#include "mqtt-pub/outbox.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/app.hpp"

using namespace mqtt_pub;
namespace fs = std::filesystem;

namespace {

struct Folder {
    Folder() {
        char name[] = "/tmp/outbox-test.XXXXXX";
        path = ::mkdtemp(name);
    }
    ~Folder() { fs::remove_all(path); }
    std::string path;
};

OutboxMessage message(std::string_view payload, mqtt::QoS qos = mqtt::QoS::at_least_once) {
    OutboxMessage made;
    made.request.topic = "a/b";
    made.request.payload = mqtt::as_bytes(payload);
    made.request.qos = qos;
    made.queued_at = 5;
    return made;
}

bool keep(Outbox& outbox, std::string_view payload) {
    outbox.add(message(payload));
    return outbox.commit();
}

// What waits, in order; takes it all, marks nothing.
std::vector<std::string> waiting(Outbox& outbox) {
    std::vector<std::string> payloads;
    REQUIRE(outbox.try_lock_drain());
    while (const Outbox::Entry* entry = outbox.peek()) {
        payloads.emplace_back(mqtt::as_text(entry->message.request.payload));
        outbox.take();
    }
    outbox.unlock_drain();
    return payloads;
}

std::string only_journal(const std::string& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".journal") return entry.path();
    }
    return {};
}

// Waiting for the disk is what one test is about, not all.
Outbox::Limits unsynced() {
    Outbox::Limits limits;
    limits.sync = false;
    return limits;
}

// Thrown in place of dying: nobody handles it, so nothing is tidied up.
struct Killed {};

// Lets `budget` bytes of writes through, then "kills".
FileCalls dying_after(std::size_t& budget) {
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

}  // namespace

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

TEST_CASE(
    "outbox: short writes and interruptions lose nothing; a full disk is told of and undone") {
    Folder folder;
    int calls_made = 0;
    bool is_full = false;
    FileCalls calls;
    calls.write = [&](int fd, const void* data, std::size_t size, off_t at) -> ssize_t {
        if (++calls_made % 3 == 0) {
            errno = EINTR;
            return -1;
        }
        if (is_full && calls_made % 2 == 0) {
            errno = ENOSPC;
            return -1;
        }
        return ::pwrite(fd, data, (size + 1) / 2, at);
    };
    Outbox outbox(folder.path, {}, calls);
    REQUIRE(keep(outbox, "first"));
    is_full = true;
    CHECK_THROWS_WITH_AS(keep(outbox, "second"), doctest::Contains("No space left"),
                         tools::ToolError);
    is_full = false;
    outbox.drop_batch();
    CHECK(waiting(outbox) == Lines{"first"});
    REQUIRE(keep(outbox, "third"));
    CHECK(waiting(outbox) == Lines{"first", "third"});
    calls_made = 0;
}

TEST_CASE("outbox: what cannot be put on the disk does not count as kept") {
    Folder folder;
    bool fails = false;
    FileCalls calls;
    calls.sync = [&](int) {
        errno = EIO;
        return fails ? -1 : 0;
    };
    Outbox outbox(folder.path, {}, calls);
    REQUIRE(keep(outbox, "first"));
    fails = true;
    CHECK_THROWS_AS(keep(outbox, "second"), tools::ToolError);
    CHECK(waiting(outbox) == Lines{"first"});
}

TEST_CASE(
    "outbox: a writer killed at any byte leaves all that was kept, and the next one goes on") {
    const Lines texts{"one", "two and more", std::string(50, '3')};
    bool survived = false;
    for (std::size_t budget = 0; !survived; ++budget) {
        Folder folder;
        std::size_t left = budget;
        Lines kept;
        try {
            Outbox outbox(folder.path, unsynced(), dying_after(left));
            for (const std::string& text : texts) {
                REQUIRE(keep(outbox, text));
                kept.push_back(text);
            }
            survived = true;
        } catch (const Killed&) {
        }
        Outbox next(folder.path, unsynced());
        Lines found = waiting(next);
        // A whole record whose writer did not live to hear of it is there too.
        REQUIRE(found.size() >= kept.size());
        REQUIRE(found.size() <= kept.size() + 1);
        REQUIRE(found == Lines(texts.begin(), texts.begin() + static_cast<long>(found.size())));
        REQUIRE(keep(next, "next"));
        found.emplace_back("next");
        REQUIRE(waiting(next) == found);
    }
}

TEST_CASE(
    "outbox: a journal cut at any byte of its tail gives what is whole, says so, and goes on") {
    Folder folder;
    {
        Outbox outbox(folder.path, unsynced());
        REQUIRE(keep(outbox, "one"));
        REQUIRE(keep(outbox, "two"));
    }
    const std::string journal = only_journal(folder.path);
    const auto whole = fs::file_size(journal);
    std::string content(whole, '\0');
    std::ifstream(journal, std::ios::binary).read(content.data(), static_cast<long>(whole));
    const std::size_t second = OutboxSegment::kHeadBytes + (whole - OutboxSegment::kHeadBytes) / 2;
    for (std::size_t size = second; size <= whole; ++size) {
        std::ofstream(journal, std::ios::binary | std::ios::trunc)
            .write(content.data(), static_cast<long>(size));
        Outbox outbox(folder.path, unsynced());
        Lines expected{"one"};
        if (size == whole) expected.emplace_back("two");
        REQUIRE(waiting(outbox) == expected);
        REQUIRE(keep(outbox, "three"));
        expected.emplace_back("three");
        REQUIRE(waiting(outbox) == expected);
        const bool is_torn = size != whole && size != second;
        REQUIRE(outbox.take_damage().empty() == !is_torn);
    }
}

TEST_CASE("outbox: a drain killed at any byte of its marks repeats or goes on, it never skips") {
    bool survived = false;
    for (std::size_t budget = 0; !survived; ++budget) {
        Folder folder;
        {
            Outbox outbox(folder.path, unsynced());
            for (const char* text : {"a", "b", "c"})
                REQUIRE(keep(outbox, text));
        }
        std::size_t left = budget;
        std::vector<std::string> delivered;
        try {
            Outbox outbox(folder.path, unsynced(), dying_after(left));
            REQUIRE(outbox.try_lock_drain());
            for (std::uint16_t id = 1; id <= 3; ++id) {
                const Outbox::Entry* entry = outbox.peek();
                const std::uint64_t token = entry->token;
                const std::string payload(mqtt::as_text(entry->message.request.payload));
                outbox.take();
                outbox.mark(token, {Stage::sent, id});
                delivered.push_back(payload);
                outbox.mark(token, {Stage::done, 0});
            }
            survived = outbox.clean();
        } catch (const Killed&) {
        }
        Outbox next(folder.path, unsynced());
        REQUIRE(next.try_lock_drain());
        next.restore([&](const Outbox::Entry& entry) {
            const std::string payload(mqtt::as_text(entry.message.request.payload));
            if (delivered.empty() || delivered.back() != payload) delivered.push_back(payload);
            return true;
        });
        while (const Outbox::Entry* entry = next.peek()) {
            delivered.emplace_back(mqtt::as_text(entry->message.request.payload));
            next.take();
        }
        REQUIRE(delivered == Lines{"a", "b", "c"});
    }
}

TEST_CASE("outbox: damage in the middle costs what it hit, nothing behind it") {
    Folder folder;
    Outbox outbox(folder.path, unsynced());
    for (const char* text : {"one", "two", "three"})
        REQUIRE(keep(outbox, text));
    const std::string journal = only_journal(folder.path);
    const auto record = (fs::file_size(journal) - OutboxSegment::kHeadBytes) / 3;
    std::fstream file(journal, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<long>(OutboxSegment::kHeadBytes + record + record / 2));
    file.write("!!!!", 4);
    file.close();
    REQUIRE(outbox.try_lock_drain());
    Lines found;
    while (const Outbox::Entry* entry = outbox.peek()) {
        found.emplace_back(mqtt::as_text(entry->message.request.payload));
        outbox.mark(entry->token, {Stage::done, 0});
        outbox.take();
    }
    CHECK(found == Lines{"one", "three"});
    CHECK(outbox.clean());
    CHECK(outbox.take_damage().find("damaged") != std::string::npos);
}

TEST_CASE("outbox: a payload that looks like a record is none, though its message was cut") {
    Folder folder;
    Outbox outbox(folder.path, unsynced());
    REQUIRE(keep(outbox, "one"));
    const std::string journal = only_journal(folder.path);
    std::string content(fs::file_size(journal), '\0');
    std::ifstream(journal, std::ios::binary)
        .read(content.data(), static_cast<long>(content.size()));
    Folder other;
    Outbox forger(other.path, unsynced());
    REQUIRE(keep(forger, "forged"));
    const std::string forged_journal = only_journal(other.path);
    std::string forged(fs::file_size(forged_journal), '\0');
    std::ifstream(forged_journal, std::ios::binary)
        .read(forged.data(), static_cast<long>(forged.size()));
    std::ofstream(journal, std::ios::binary | std::ios::app)
        << forged.substr(OutboxSegment::kHeadBytes);
    CHECK(waiting(outbox) == Lines{"one"});
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
