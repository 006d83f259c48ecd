// Chunks to rows, and one message of them. Taking over those that are there: sqlite_adopt.cpp.
#include <algorithm>
#include <unordered_set>

#include "broker/store/schema.hpp"
#include "broker/store/sqlite_live_items.hpp"
#include "broker/store/sqlite_read.hpp"

namespace mqtt::broker::store {
namespace {

// Beside an entry's states in table `change`.
constexpr int kRemoved = 4;

}  // namespace

int SqliteEntries::LiveItems::read_changes() {
    Statement& rows = entries_.of(get_changes);
    rows.number(chunk_.first_key());
    rows.number(chunk_.last_key()).number(chunk_.shard);
    while (rows.next()) {
        changes_[static_cast<Key>(rows.number_at(0))] = {static_cast<int>(rows.number_at(1)),
                                                         static_cast<PacketId>(rows.number_at(2))};
    }
    return rows.reset();
}

int SqliteEntries::LiveItems::run() {
    if (const int code = read_changes(); code != SQLITE_OK) return code;
    Statement& row = entries_.of(get_chunk).number(chunk_.number);
    const bool is_sound = row.next() && decode_chunk(row.bytes_at(0), *this);
    const int code = row.reset();
    if (code != SQLITE_OK) return code;
    return is_sound ? code_ : SQLITE_CORRUPT;
}

void SqliteEntries::LiveItems::on_message(Key key, const MessageRow& row) {
    ++seen_;
    if (code_ != SQLITE_OK || is_gone((key >> 8) - chunk_.messages.first)) return;
    code_ = on_live(key, row);
}

void SqliteEntries::LiveItems::on_entry(const EntryRow& row) {
    ++seen_;
    const std::size_t place = static_cast<std::size_t>((row.key >> 8) - chunk_.entries.first);
    if (code_ != SQLITE_OK || is_gone(chunk_.messages.size() + place)) return;
    EntryRow changed = row;
    if (const auto at = changes_.find(row.key); at != changes_.end()) {
        if (at->second.state == kRemoved) return;
        changed.state = static_cast<EntryState>(at->second.state);
        if (at->second.packet_id != 0) changed.packet_id = at->second.packet_id;
        if (changed.state == EntryState::await_pubcomp) changed.message = 0;
    }
    code_ = on_live(changed);
}

// To rows.
class SqliteEntries::Unpacker final : public LiveItems {
public:
    Unpacker(SqliteEntries& entries, const Chunk& chunk) : LiveItems(entries, chunk) {}

private:
    int on_live(Key key, const MessageRow& row) override { return entries().put(key, row); }
    int on_live(const EntryRow& row) override { return entries().put(row); }
};

int SqliteEntries::spread(Chunk& chunk) {
    return Unpacker(*this, chunk).run();
}

// Reading while writing goes on.

namespace {

// Of a chunk those messages that are wanted.
class Picker final : public ChunkItems {
public:
    Picker(const std::unordered_set<Key>& wanted, std::vector<FoundMessage>& found)
        : wanted_(wanted)
        , found_(found) {}
    void on_message(Key key, const MessageRow& row) override {
        if (wanted_.contains(key)) found_.emplace_back(key, row);
    }
    void on_entry(const EntryRow&) override {}

private:
    const std::unordered_set<Key>& wanted_;
    std::vector<FoundMessage>& found_;
};

}  // namespace

int SqliteEntries::find(std::span<const Key> messages, std::vector<FoundMessage>& found) {
    std::unordered_set<Key> wanted(messages.begin(), messages.end());
    std::erase_if(wanted, [this](Key key) {
        const Chunk* chunk = find(key, &Chunk::messages);
        return !is_row(chunk) && !chunk->gone.empty() &&
               chunk->gone[(key >> 8) - chunk->messages.first];
    });
    std::unordered_set<std::int64_t> seen;  // chunks
    Picker picker(wanted, found);
    for (const Key key : wanted) {
        const Chunk* chunk = find(key, &Chunk::messages);
        const bool is_packed = !is_row(chunk);
        if (is_packed && (chunk->is_deleted || !seen.insert(chunk->number).second)) continue;
        Statement& row = of(is_packed ? get_chunk : get_message);
        row.number(is_packed ? chunk->number : signed_key(key));
        bool is_sound = true;
        if (row.next()) {
            if (is_packed)
                is_sound = decode_chunk(row.bytes_at(0), picker);
            else
                found.emplace_back(key, message_at(row, 2, row.text_at(1)));
        }
        const int code = row.reset();
        if (code != SQLITE_OK) return code;
        if (!is_sound) return SQLITE_CORRUPT;
    }
    return SQLITE_OK;
}

// What is there at the start.

int SqliteEntries::each_chunk(const std::function<int(std::vector<Chunk>&)>& each) {
    constexpr std::int64_t kAtOnce = 64;
    std::vector<Chunk> found;
    std::int64_t last = -1;
    do {
        found.clear();
        Statement rows;
        int code = rows.prepare(database_,
                                "SELECT number, shard, first, last FROM chunk WHERE number > ?"
                                " ORDER BY number LIMIT ?");
        if (code != SQLITE_OK) return code;
        rows.number(last).number(kAtOnce);
        while (rows.next()) {
            Chunk& chunk = found.emplace_back();
            chunk.number = last = rows.number_at(0);
            chunk.shard = static_cast<unsigned>(rows.number_at(1));
            chunk.entries.first = static_cast<Key>(rows.number_at(2)) >> 8;
            chunk.entries.end = (static_cast<Key>(rows.number_at(3)) >> 8) + 1;
            chunk.has_changes = true;  // perhaps
        }
        code = rows.reset();
        if (code == SQLITE_OK && !found.empty()) code = each(found);
        if (code != SQLITE_OK) return code;
    } while (!found.empty());
    return SQLITE_OK;
}

// All of them; some in each transaction, so that the log stays small.
int SqliteEntries::unpack() {
    constexpr std::size_t kAtOnce = 64;
    const auto run = [&](const char* sql) {
        return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
    };
    for (auto& [shard, of_shard] : shards_) {
        while (!of_shard.chunks.empty()) {
            int code = run("BEGIN IMMEDIATE");
            const std::size_t count = std::min(of_shard.chunks.size(), kAtOnce);
            for (std::size_t i = 0; code == SQLITE_OK && i < count; ++i) {
                code = spread(of_shard.chunks[i]);
                if (code == SQLITE_OK) code = drop(of_shard.chunks[i]);
            }
            if (code == SQLITE_OK) code = run("COMMIT");
            settle(code == SQLITE_OK);
            if (code == SQLITE_OK) continue;
            run("ROLLBACK");
            return code;
        }
    }
    return SQLITE_OK;
}

int SqliteEntries::show_unpacked(sqlite3* database) {
    const auto run = [&](const char* sql) {
        return sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
    };
    Statement pragma;
    if (const int code = pragma.prepare(database, "PRAGMA user_version"); code != SQLITE_OK) {
        return code;
    }
    const std::int64_t version = pragma.next() ? pragma.number_at(0) : 0;
    pragma.reset();
    int code = run(version < kWithSharedTags ? kShowWithoutSharedTags : kShowWithSharedTags);
    if (code == SQLITE_OK && version < kWithHandovers) code = run(kShowWithoutHandovers);
    if (code == SQLITE_OK) {
        code =
            run("CREATE TEMP TABLE unpacked_message AS SELECT * FROM main.message LIMIT 0;"
                "CREATE TEMP TABLE unpacked_entry AS SELECT * FROM row_entry LIMIT 0;");
    }
    if (code != SQLITE_OK) return code;
    int damage = SQLITE_OK;
    if (version >= kWithChunks) {
        SqliteEntries entries;
        code = entries.prepare(database, Target::temporary);
        if (code != SQLITE_OK) return code;
        damage = entries.each_chunk([&](std::vector<Chunk>& some) {
            for (Chunk& chunk : some) {
                if (const int bad = entries.spread(chunk); bad != SQLITE_OK) return bad;
            }
            return SQLITE_OK;
        });
    }
    code =
        run("DELETE FROM temp.unpacked_message WHERE key NOT IN (SELECT message"
            "  FROM temp.unpacked_entry UNION SELECT message FROM main.entry);"
            "CREATE TEMP VIEW message AS SELECT * FROM main.message"
            "  UNION ALL SELECT * FROM temp.unpacked_message;"
            "CREATE TEMP VIEW entry AS SELECT * FROM row_entry"
            "  UNION ALL SELECT * FROM temp.unpacked_entry;");
    return damage != SQLITE_OK ? damage : code;
}

}  // namespace mqtt::broker::store
