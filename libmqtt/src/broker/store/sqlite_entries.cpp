// Packing, changing, unpacking.
#include "broker/store/sqlite_entries.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "broker/store/sqlite_read.hpp"

namespace mqtt::broker::store {
namespace {

// Fewer live entries are rows: a chunk costs the writer some memory, and a look-up for each change.
constexpr std::size_t kWorthPacking = 8;
// With less than one item in so many left, the rest becomes rows.
constexpr std::uint32_t kSparse = 4;
constexpr std::uint32_t kWorthSpreading = 64;
// Beside an entry's states in table `change`.
constexpr int kRemoved = 4;

constexpr const char* kEntrySql[] = {
    "SELECT * FROM message WHERE key = ?",
    "INSERT INTO message VALUES (?,?,?,?,?,?,?,?)",
    "DELETE FROM message WHERE key = ?",
    "INSERT INTO entry VALUES (?,?,?,?,?,?,?,?)",
    "UPDATE entry SET packet_id = ?, state = ? WHERE key = ?",
    "UPDATE entry SET state = ?, message = 0 WHERE key = ?",
    "DELETE FROM entry WHERE key = ?",
    "INSERT INTO chunk VALUES (?,?,?,?,?)",
    "SELECT body FROM chunk WHERE number = ?",
    "DELETE FROM chunk WHERE number = ?",
    "REPLACE INTO change VALUES (?,?,?)",
    "INSERT INTO change VALUES (?,?,0) ON CONFLICT (key) DO UPDATE SET state = excluded.state",
    "REPLACE INTO change VALUES (?,4,0)",
    "SELECT key, state, packet_id FROM change WHERE key BETWEEN ? AND ? AND key & 255 = ?",
    "DELETE FROM change WHERE key BETWEEN ? AND ? AND key & 255 = ?",
};

EntryRow row_of(const NewEntry& entry) {
    EntryRow row;
    row.key = entry.key;
    row.session = entry.session;
    row.message = entry.message;
    row.packet_id = entry.packet_id;
    row.state = entry.state;
    row.qos = entry.qos;
    row.retain = entry.retain;
    row.subscription_ids = Batch::subscription_ids(entry);
    return row;
}

std::int64_t key_of(std::uint64_t number, unsigned shard) {
    return static_cast<std::int64_t>(number << 8 | shard);
}

}  // namespace

int SqliteEntries::prepare(sqlite3* database) {
    static_assert(std::size(kEntrySql) == kStatements);
    database_ = database;
    for (std::size_t i = 0; i < kStatements; ++i) {
        const int code = statements_[i].prepare(database, kEntrySql[i]);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

// Rows.

int SqliteEntries::put(Key key, const MessageRow& row) {
    return of(put_message).number(signed_key(key)).text(row.topic).message(row).run();
}

int SqliteEntries::put(const EntryRow& row) {
    Statement& put = of(put_entry);
    put.number(signed_key(row.key)).number(signed_key(row.session));
    put.number(signed_key(row.message)).number(row.packet_id);
    put.number(static_cast<int>(row.state)).number(static_cast<int>(row.qos));
    put.number(row.retain ? 1 : 0);
    put.bytes({reinterpret_cast<const std::uint8_t*>(row.subscription_ids.data()),
               row.subscription_ids.size_bytes()});
    return put.run();
}

int SqliteEntries::write(const Batch& batch) {
    std::size_t live = 0;
    for (const NewEntry& entry : batch.entries)
        live += entry.is_cancelled ? 0 : 1;
    const int code = live >= kWorthPacking ? write_chunks(batch) : write_rows(batch);
    return code == SQLITE_OK ? write_changes(batch) : code;
}

int SqliteEntries::write_rows(const Batch& batch) {
    for (const NewMessage& fresh : batch.messages) {
        if (!fresh.message) continue;
        const int code = put(fresh.key, batch.row(*fresh.message));
        if (code != SQLITE_OK) return code;
    }
    for (const NewEntry& entry : batch.entries) {
        if (entry.is_cancelled) continue;
        if (const int code = put(row_of(entry)); code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

// Chunks.

int SqliteEntries::write_chunks(const Batch& batch) {
    const auto shard = static_cast<unsigned>(batch.entries.front().key & 255);
    std::deque<Chunk>& chunks = shards_[shard].chunks;
    ChunkPart part;
    while (part.end_entry < batch.entries.size()) {
        part = next_chunk(batch, part);
        if (part.live == 0) continue;
        encode_chunk(batch, part, scratch_);
        Chunk chunk;
        chunk.number = next_chunk_++;
        chunk.shard = shard;
        chunk.total = chunk.live = part.live;
        chunk.entries.first = batch.entries[part.first_entry].key >> 8;
        chunk.entries.end = (batch.entries[part.end_entry - 1].key >> 8) + 1;
        if (part.end_message > part.first_message) {
            chunk.messages.first = batch.messages[part.first_message].key >> 8;
            chunk.messages.end = (batch.messages[part.end_message - 1].key >> 8) + 1;
        } else if (!chunks.empty()) {
            chunk.messages.first = chunk.messages.end = chunks.back().messages.end;
        }
        Statement& put = of(put_chunk).number(chunk.number).number(shard);
        put.number(key_of(chunk.entries.first, shard)).number(key_of(chunk.entries.end - 1, shard));
        const int code = put.bytes(scratch_).run();
        if (code != SQLITE_OK) return code;
        chunks.push_back(std::move(chunk));
        added_.push_back(shard);
    }
    return SQLITE_OK;
}

SqliteEntries::Chunk* SqliteEntries::find(Key key, Range Chunk::*range) {
    const auto of_shard = shards_.find(static_cast<unsigned>(key & 255));
    if (of_shard == shards_.end()) return nullptr;
    std::deque<Chunk>& chunks = of_shard->second.chunks;
    const std::uint64_t number = key >> 8;
    const auto is_before = [&](std::uint64_t n, const Chunk& chunk) {
        return n < (chunk.*range).first;
    };
    auto at = std::upper_bound(chunks.begin(), chunks.end(), number, is_before);
    if (at == chunks.begin()) return nullptr;
    --at;
    return (*at.*range).has(number) ? &*at : nullptr;
}

void SqliteEntries::mark_gone(Key key, Range Chunk::*range) {
    Chunk* chunk = find(key, range);
    if (chunk == nullptr || chunk->is_deleted) return;
    if (chunk->gone.empty()) chunk->gone.resize(chunk->messages.size() + chunk->entries.size());
    std::size_t index = (key >> 8) - (chunk->*range).first;
    if (range == &Chunk::entries) index += chunk->messages.size();
    if (chunk->gone[index]) return;
    chunk->gone[index] = true;
    --chunk->live;
    marks_.push_back({chunk, index});
    if (touched_.empty() || touched_.back() != chunk) touched_.push_back(chunk);
}

int SqliteEntries::write_changes(const Batch& batch) {
    touched_.clear();
    for (const EntryChange& change : batch.entry_changes) {
        if (change.kind == EntryChange::Kind::removed) mark_gone(change.key, &Chunk::entries);
    }
    for (const Key key : batch.removed_messages)
        mark_gone(key, &Chunk::messages);
    for (Chunk* chunk : touched_) {
        if (chunk->is_deleted) continue;
        const bool is_sparse =
            chunk->total >= kWorthSpreading && chunk->live * kSparse < chunk->total;
        if (chunk->live != 0 && !is_sparse) continue;
        int code = chunk->live != 0 ? spread(*chunk) : SQLITE_OK;
        if (code == SQLITE_OK) code = drop(*chunk);
        if (code != SQLITE_OK) return code;
    }
    for (const EntryChange& change : batch.entry_changes) {
        if (const int code = write_change(change); code != SQLITE_OK) return code;
    }
    for (const Key key : batch.removed_messages) {
        if (!is_row(find(key, &Chunk::messages))) continue;
        const int code = of(drop_message).number(signed_key(key)).run();
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

// Not in a chunk, or in one that was spread.
bool SqliteEntries::is_row(const Chunk* chunk) {
    return chunk == nullptr || (chunk->is_deleted && chunk->live != 0);
}

// To the entry's row, or beside its chunk. Of what went with its chunk there is nothing left to change,
// and what its chunk was spread to is rows.
int SqliteEntries::write_change(const EntryChange& change) {
    const std::int64_t key = signed_key(change.key);
    const int state = static_cast<int>(change.state);
    Chunk* chunk = find(change.key, &Chunk::entries);
    const bool is_packed = !is_row(chunk);
    if (is_packed && chunk->is_deleted) return SQLITE_OK;
    if (is_packed) chunk->has_changes = true;
    switch (change.kind) {
    case EntryChange::Kind::sent:
        if (is_packed)
            return of(change_sent).number(key).number(state).number(change.packet_id).run();
        return of(entry_sent).number(change.packet_id).number(state).number(key).run();
    case EntryChange::Kind::received:
        if (is_packed) return of(change_received).number(key).number(state).run();
        return of(entry_received).number(state).number(key).run();
    case EntryChange::Kind::removed:
        return of(is_packed ? change_removed : drop_entry).number(key).run();
    }
    return SQLITE_OK;
}

// Gives what is left of a chunk to rows.
class SqliteEntries::Unpacker final : public ChunkItems {
public:
    Unpacker(SqliteEntries& entries, const Chunk& chunk) : entries_(entries), chunk_(chunk) {}

    int run();
    void on_message(Key key, const MessageRow& row) override;
    void on_entry(const EntryRow& row) override;

private:
    struct Change {
        int state;
        PacketId packet_id;
    };
    int read_changes();
    bool is_gone(std::size_t index) const { return !chunk_.gone.empty() && chunk_.gone[index]; }

    SqliteEntries& entries_;
    const Chunk& chunk_;
    std::unordered_map<Key, Change> changes_;
    int code_ = SQLITE_OK;
};

int SqliteEntries::Unpacker::read_changes() {
    Statement& rows = entries_.of(get_changes);
    rows.number(key_of(chunk_.entries.first, chunk_.shard));
    rows.number(key_of(chunk_.entries.end - 1, chunk_.shard)).number(chunk_.shard);
    while (rows.next()) {
        changes_[static_cast<Key>(rows.number_at(0))] = {static_cast<int>(rows.number_at(1)),
                                                         static_cast<PacketId>(rows.number_at(2))};
    }
    return rows.reset();
}

int SqliteEntries::Unpacker::run() {
    if (const int code = read_changes(); code != SQLITE_OK) return code;
    Statement& row = entries_.of(get_chunk).number(chunk_.number);
    const bool is_sound = row.next() && decode_chunk(row.bytes_at(0), *this);
    const int code = row.reset();
    if (code != SQLITE_OK) return code;
    return is_sound ? code_ : SQLITE_CORRUPT;
}

void SqliteEntries::Unpacker::on_message(Key key, const MessageRow& row) {
    if (code_ != SQLITE_OK || is_gone((key >> 8) - chunk_.messages.first)) return;
    code_ = entries_.put(key, row);
}

void SqliteEntries::Unpacker::on_entry(const EntryRow& row) {
    const std::size_t place = static_cast<std::size_t>((row.key >> 8) - chunk_.entries.first);
    if (code_ != SQLITE_OK || is_gone(chunk_.messages.size() + place)) return;
    EntryRow changed = row;
    if (const auto at = changes_.find(row.key); at != changes_.end()) {
        if (at->second.state == kRemoved) return;
        changed.state = static_cast<EntryState>(at->second.state);
        if (at->second.packet_id != 0) changed.packet_id = at->second.packet_id;
        if (changed.state == EntryState::await_pubcomp) changed.message = 0;
    }
    code_ = entries_.put(changed);
}

int SqliteEntries::spread(Chunk& chunk) {
    return Unpacker(*this, chunk).run();
}

int SqliteEntries::drop(Chunk& chunk) {
    chunk.is_deleted = true;
    deleted_.push_back(&chunk);
    int code = of(drop_chunk).number(chunk.number).run();
    if (code != SQLITE_OK || !chunk.has_changes) return code;
    Statement& drop = of(drop_changes);
    drop.number(key_of(chunk.entries.first, chunk.shard));
    return drop.number(key_of(chunk.entries.end - 1, chunk.shard)).number(chunk.shard).run();
}

// Where nothing came of it everything is as before: the batch will come again.
void SqliteEntries::settle(bool is_committed) {
    if (is_committed) {
        for (Chunk* chunk : deleted_) {
            ++shards_[chunk->shard].deleted;
            chunk->gone = {};
        }
        if (!deleted_.empty()) forget_deleted();
    } else {
        for (Chunk* chunk : deleted_)
            chunk->is_deleted = false;
        for (const Mark& mark : marks_) {
            mark.chunk->gone[mark.index] = false;
            ++mark.chunk->live;
        }
        for (const unsigned shard : added_)
            shards_[shard].chunks.pop_back();
    }
    marks_.clear();
    added_.clear();
    deleted_.clear();
    touched_.clear();
}

// From the front at once; from between those that stay when they are the half.
void SqliteEntries::forget_deleted() {
    for (auto& [shard, of_shard] : shards_) {
        while (!of_shard.chunks.empty() && of_shard.chunks.front().is_deleted) {
            of_shard.chunks.pop_front();
            --of_shard.deleted;
        }
        if (of_shard.deleted * 2 <= of_shard.chunks.size()) continue;
        std::erase_if(of_shard.chunks, [](const Chunk& chunk) { return chunk.is_deleted; });
        of_shard.deleted = 0;
    }
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

template <class Each>
int SqliteEntries::each_chunk(Each&& each) {
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

int SqliteEntries::open(sqlite3* database) {
    int code = prepare(database);
    if (code == SQLITE_OK) code = unpack_all();
    return code;
}

int SqliteEntries::unpack_all() {
    const auto run = [&](const char* sql) {
        return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
    };
    bool was_there = false;
    const int unpacked = each_chunk([&](std::vector<Chunk>& some) {
        was_there = true;
        int code = run("BEGIN IMMEDIATE");
        for (std::size_t i = 0; code == SQLITE_OK && i < some.size(); ++i) {
            code = spread(some[i]);
            if (code == SQLITE_OK) code = drop(some[i]);
        }
        deleted_.clear();
        if (code == SQLITE_OK) return run("COMMIT");
        run("ROLLBACK");
        return code;
    });
    if (unpacked != SQLITE_OK || !was_there) return unpacked;
    // That a message was gone before its chunk was known to the process that has ended.
    return run("DELETE FROM message WHERE key NOT IN (SELECT message FROM entry)");
}

int SqliteEntries::show_unpacked(sqlite3* database) {
    const auto run = [&](const char* sql) {
        return sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
    };
    SqliteEntries entries;
    int code = entries.prepare(database);
    if (code != SQLITE_OK) return SQLITE_OK;  // of an older version: there are none
    code =
        run("CREATE TEMP TABLE unpacked_message AS SELECT * FROM main.message LIMIT 0;"
            "CREATE TEMP TABLE unpacked_entry AS SELECT * FROM main.entry LIMIT 0;");
    if (code != SQLITE_OK) return code;
    for (const auto& [sql, text] :
         {std::pair{put_message, "INSERT INTO temp.unpacked_message VALUES (?,?,?,?,?,?,?,?)"},
          std::pair{put_entry, "INSERT INTO temp.unpacked_entry VALUES (?,?,?,?,?,?,?,?)"}}) {
        code = entries.of(sql).prepare(database, text);
        if (code != SQLITE_OK) return code;
    }
    const int damage = entries.each_chunk([&](std::vector<Chunk>& some) {
        for (Chunk& chunk : some) {
            if (const int bad = entries.spread(chunk); bad != SQLITE_OK) return bad;
        }
        return SQLITE_OK;
    });
    code =
        run("DELETE FROM temp.unpacked_message WHERE key NOT IN (SELECT message"
            "  FROM temp.unpacked_entry UNION SELECT message FROM main.entry);"
            "CREATE TEMP VIEW message AS SELECT * FROM main.message"
            "  UNION ALL SELECT * FROM temp.unpacked_message;"
            "CREATE TEMP VIEW entry AS SELECT * FROM main.entry"
            "  UNION ALL SELECT * FROM temp.unpacked_entry;");
    return damage != SQLITE_OK ? damage : code;
}

}  // namespace mqtt::broker::store
