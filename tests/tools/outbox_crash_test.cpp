// The outbox's journal: what is left of it when writes fail, when a process dies at any byte, and when bytes are damaged.
#include <cerrno>
#include <fstream>

#include "common/app.hpp"
#include "tools/outbox_fixture.hpp"

using namespace outbox_test;

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
