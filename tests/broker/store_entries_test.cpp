// Messages and entries in the file, packed or as rows: what is read is what was written, whatever happened to
// it, whatever the disk did. The model is two maps.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "broker/store/open.hpp"
#include "mqtt/store.hpp"
#include "support/faulty_disk.hpp"
#include "support/memory_backend.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;
using namespace mqtt;
using namespace mqtt::broker::store;

namespace {

using Disk = FaultyDisk::Fault;
constexpr Key kHolders = 9;

struct Entry {
    Key session;
    Key message;
    PacketId packet_id;
    EntryState state;
    std::vector<std::uint32_t> ids;
    std::uint32_t shared_tag = 0;
    bool operator==(const Entry&) const = default;
};

struct Content {
    std::map<Key, Entry> entries;
    std::map<Key, std::string> messages;  // topic and payload
    bool operator==(const Content&) const = default;
};

void make_sessions(Batch& batch) {
    for (Key n = 1; n <= kHolders; ++n) {
        SessionChange& session = batch.sessions[n];
        session.client_id = std::to_string(n);
        session.numbers.number = n;
    }
}

class ContentReader final : public Reader {
public:
    Content content;
    bool is_by_key = true;
    void on_session(const SessionRow&) override {}
    void on_subscription(const SubscriptionRow&) override {}
    void on_handover(const HandoverRow&) override {}
    void on_message(Key key, const MessageRow& row) override {
        content.messages[key] = std::string(row.topic) + '=' + std::string(as_text(row.payload));
    }
    void on_entry(const EntryRow& row) override {
        is_by_key &= content.entries.empty() || content.entries.rbegin()->first < row.key;
        content.entries[row.key] = {row.session,
                                    row.message,
                                    row.packet_id,
                                    row.state,
                                    {row.subscription_ids.begin(), row.subscription_ids.end()},
                                    row.shared_tag};
    }
    void on_received_id(Key, PacketId) override {}
    void on_retained(const RetainedRow&) override {}
    void on_transit(const TransitRow&) override {}
};

// What a shard would hand in: fresh messages for one to three sessions, and what happened to older ones.
class Model {
public:
    explicit Model(unsigned seed) : random_(seed) {}

    Content content;
    void fill(Batch& batch) {
        make_sessions(batch);
        change_some(batch);
        add_some(batch);
        batch.live = 1;
    }

private:
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    void add_some(Batch& batch);
    void change_some(Batch& batch);
    void drop_message(Batch& batch, Key key);

    std::minstd_rand random_;
    std::uint64_t next_message_ = 1;
    std::uint64_t next_entry_ = 1;
};

void Model::add_some(Batch& batch) {
    // Of one shard of two: keys of both are mixed in the file.
    const unsigned shard = below(2);
    for (unsigned n = below(4) == 0 ? below(6) : below(400); n != 0; --n) {
        const Key key = next_message_++ << 8 | shard;
        core::Message::Init init;
        const std::string topic = "t/" + std::to_string(key);
        const std::string payload(below(50) == 0 ? 20'000 : below(100), 'x');
        init.topic = topic;
        init.payload = as_bytes(payload);
        const bool is_cancelled = below(10) == 0;
        batch.messages.push_back(
            {key, is_cancelled ? core::MessageRef() : core::Message::create(init)});
        if (!is_cancelled) content.messages[key] = topic + '=' + payload;
        for (unsigned fan = 1 + below(3); fan != 0; --fan) {
            NewEntry& entry = batch.entries.emplace_back();
            entry.key = next_entry_++ << 8 | shard;
            entry.session = 1 + below(kHolders);
            entry.message = key;
            entry.is_cancelled = is_cancelled || (fan > 1 && below(5) == 0);
            std::vector<std::uint32_t> ids;
            if (below(3) == 0) ids.push_back(entry.subscription_id = 1 + below(9));
            if (below(3) == 0) {
                entry.packet_id = static_cast<PacketId>(1 + below(65'535));
                entry.state = EntryState::await_pubrec;
            }
            if (below(4) == 0) entry.shared_tag = 1 + below(9);
            if (entry.is_cancelled) continue;
            content.entries[entry.key] = {entry.session, key, entry.packet_id,
                                          entry.state,   ids, entry.shared_tag};
        }
    }
}

void Model::drop_message(Batch& batch, Key key) {
    for (const auto& [other, entry] : content.entries) {
        if (entry.message == key) return;
    }
    batch.removed_messages.push_back(key);
    content.messages.erase(key);
}

// In long runs from the beginning, as acknowledgements come, or here and there.
void Model::change_some(Batch& batch) {
    const bool is_run = below(2) == 0;
    unsigned left = below(300);
    for (auto at = content.entries.begin(); at != content.entries.end() && left != 0;) {
        auto& [key, entry] = *at;
        const unsigned what = is_run ? 0 : below(12);
        if (what == 0) {
            --left;
            batch.entry_changes.push_back({key, EntryChange::Kind::removed});
            const Key message = entry.message;
            at = content.entries.erase(at);
            if (message != 0) drop_message(batch, message);
            continue;
        }
        if (what == 1 && entry.state == EntryState::queued) {
            entry.state = EntryState::await_pubrec;
            entry.packet_id = static_cast<PacketId>(1 + below(65'535));
            batch.entry_changes.push_back(
                {key, EntryChange::Kind::sent, entry.state, entry.packet_id});
        } else if (what == 2 && entry.state == EntryState::await_pubrec) {
            entry.state = EntryState::await_pubcomp;
            batch.entry_changes.push_back({key, EntryChange::Kind::received, entry.state, 0});
            drop_message(batch, std::exchange(entry.message, 0));
        }
        ++at;
    }
}

std::unique_ptr<Backend> opened(const std::string& file) {
    broker::store::Fault fault;
    auto backend = open(file, Durability::machine, fault);
    REQUIRE_MESSAGE(backend, fault.text);
    return backend;
}

Content content_of(Backend& backend) {
    ContentReader reader;
    REQUIRE(!backend.read(reader, false));
    CHECK(reader.is_by_key);
    return std::move(reader.content);
}

// Messages and entries that a look from outside finds; and that nothing is wrong with them.
void check_look(const std::string& file, const Content& expected) {
    std::string message;
    const auto store = StoreFile::open(file, message);
    REQUIRE_MESSAGE(store, message);
    CHECK(store->check().empty());
    for (const StoreFile::Figure& figure : store->figures()) {
        if (figure.name == "contents of queued messages") {
            CHECK(figure.value == expected.messages.size());
        }
    }
    std::size_t lines = 0;
    CHECK(store->export_lines([&](std::string_view) { return ++lines != 0; }, message));
    CHECK(lines == kHolders + expected.messages.size() + expected.entries.size());
}

// Some messages, packed or not, there or not, in any order.
void check_found(Backend& backend, Backend& expected, std::minstd_rand& random) {
    std::set<Key> keys;
    for (int i = 0; i < 200; ++i)
        keys.insert(Key{1 + random() % 20'000} << 8 | random() % 2);
    const auto contents = [&](Backend& of) {
        std::vector<FoundMessage> found;
        CHECK(!of.find(std::vector<Key>(keys.begin(), keys.end()), found));
        std::map<Key, std::string> all;
        for (const FoundMessage& one : found) {
            const MessageRow row = one.row();
            all[one.key] = std::string(row.topic) + '=' + std::string(as_text(row.payload));
        }
        CHECK(all.size() == found.size());
        return all;
    };
    CHECK(contents(backend) == contents(expected));
}

// A hundred messages; some are sent; most are acknowledged, which leaves too few for a chunk; some of the
// rest go on.
void step(int round, Batch& batch, Content& content) {
    batch.live = 1;
    const auto remove = [&](Key n, EntryChange::Kind kind) {
        const bool is_end = kind == EntryChange::Kind::removed;
        batch.entry_changes.push_back({n << 8, kind, EntryState::await_pubcomp, 0});
        batch.removed_messages.push_back(n << 8);
        content.messages.erase(n << 8);
        if (is_end) {
            content.entries.erase(n << 8);
            return;
        }
        content.entries[n << 8].message = 0;
        content.entries[n << 8].state = EntryState::await_pubcomp;
    };
    if (round == 0) make_sessions(batch);
    for (Key n = 1; round == 0 && n <= 100; ++n) {
        core::Message::Init init;
        init.topic = "t";
        batch.messages.push_back({n << 8, core::Message::create(init)});
        NewEntry& entry = batch.entries.emplace_back();
        entry.key = entry.message = n << 8;
        entry.session = 1 + n % kHolders;
        content.messages[n << 8] = "t=";
        content.entries[n << 8] = {entry.session, entry.message, 0, EntryState::queued, {}};
    }
    for (Key n = 1; round == 1 && n <= 10; ++n) {
        const auto id = static_cast<PacketId>(n);
        batch.entry_changes.push_back(
            {n << 8, EntryChange::Kind::sent, EntryState::await_pubrec, id});
        content.entries[n << 8].packet_id = id;
        content.entries[n << 8].state = EntryState::await_pubrec;
    }
    for (Key n = 11; round == 2 && n <= 95; ++n)
        remove(n, EntryChange::Kind::removed);
    for (Key n = 1; round == 3 && n <= 10; ++n)
        remove(n, n <= 5 ? EntryChange::Kind::received : EntryChange::Kind::removed);
}

}  // namespace

TEST_CASE(
    "store: random batches are read as they were written, on a disk that fails now and then") {
    FaultyDisk::install();
    constexpr Disk kFaults[] = {Disk::full, Disk::io_error, Disk::short_write};
    for (unsigned seed = 1; seed <= 3; ++seed) {
        INFO("seed " << seed);
        const TempFolder folder;
        const std::string file = folder.path() + "/store.db";
        std::minstd_rand random(seed * 77);
        Model model(seed);
        auto backend = opened(file);
        MemoryBackend expected;
        for (int round = 0; round < 60; ++round) {
            Batch batch;
            model.fill(batch);
            const Batch* batches[] = {&batch};
            REQUIRE(!expected.write(batches));
            const bool fails = random() % 4 == 0;
            if (fails) FaultyDisk::fail_at(1 + random() % 20, kFaults[random() % 3]);
            bool is_written = !backend->write(batches);
            FaultyDisk::mend();
            CHECK((is_written || fails));
            if (!is_written) CHECK(!backend->write(batches));
            if (round % 10 == 0) check_found(*backend, expected, random);
            if (random() % 12 != 0) continue;
            if (random() % 2 == 0) {
                const std::string cut = FaultyDisk::after_power_cut(
                    file, folder.path(), static_cast<unsigned>(random() % 3));
                CHECK(content_of(*opened(cut)) == model.content);
                continue;
            }
            backend.reset();
            backend = opened(file);
            CHECK(content_of(*backend) == model.content);
        }
        CHECK(content_of(expected) == model.content);
        // As at a kill: nothing was closed.
        check_look(FaultyDisk::after_power_cut(file, folder.path()), model.content);
        backend.reset();
        check_look(file, model.content);
    }
}

TEST_CASE("store: packing, changing and spreading on a disk that fails at call N, for all N") {
    FaultyDisk::install();
    for (const Disk fault : {Disk::full, Disk::io_error, Disk::short_write}) {
        std::uint64_t call = 0;
        for (bool has_failed = true; has_failed && call < 500;) {
            ++call;
            INFO("call " << call << ", fault " << int(fault));
            const TempFolder folder;
            const std::string file = folder.path() + "/store.db";
            Content content;
            auto backend = opened(file);
            const std::uint64_t before = FaultyDisk::calls();
            FaultyDisk::fail_at(call, fault);
            for (int round = 0; round < 4; ++round) {
                const Content was = content;
                Batch batch;
                step(round, batch, content);
                const Batch* batches[] = {&batch};
                if (!backend->write(batches)) continue;
                const std::string cut = FaultyDisk::after_power_cut(
                    file, folder.path(), static_cast<unsigned>(call % 3));
                // A sync that failed says nothing about what is there.
                const Content found = content_of(*opened(cut));
                CHECK((found == was || found == content));
                CHECK(!backend->write(batches));
            }
            has_failed = FaultyDisk::calls() - before >= call;
            FaultyDisk::mend();
            backend.reset();
            CHECK(content_of(*opened(file)) == content);
        }
        CHECK(call > 7);
    }
}

TEST_CASE("store: what is acknowledged altogether leaves nothing in the file") {
    FaultyDisk::install();
    const TempFolder folder;
    const std::string file = folder.path() + "/store.db";
    auto backend = opened(file);
    Batch first;
    Batch second;
    for (Key n = 1; n <= 1000; ++n) {
        core::Message::Init init;
        init.topic = "t";
        first.messages.push_back({n << 8, core::Message::create(init)});
        NewEntry& entry = first.entries.emplace_back();
        entry.key = entry.message = n << 8;
        entry.session = 1;
        second.entry_changes.push_back({n << 8, EntryChange::Kind::removed});
        second.removed_messages.push_back(n << 8);
    }
    const Batch* batches[] = {&first};
    REQUIRE(!backend->write(batches));
    CHECK(content_of(*opened(FaultyDisk::after_power_cut(file, folder.path()))).entries.size() ==
          1000);
    batches[0] = &second;
    REQUIRE(!backend->write(batches));
    backend.reset();
    std::string message;
    const auto store = StoreFile::open(file, message);
    REQUIRE_MESSAGE(store, message);
    std::size_t lines = 0;
    CHECK(store->export_lines([&](std::string_view) { return ++lines != 0; }, message));
    CHECK(lines == 0);
}
