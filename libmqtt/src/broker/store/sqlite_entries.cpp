// Packing and changing. Unpacking and reading: sqlite_unpack.cpp.
#include "broker/store/sqlite_entries.hpp"

#include <algorithm>

namespace mqtt::broker::store {
namespace {

// Fewer live entries are rows: a chunk costs the writer some memory, and a look-up for each change.
constexpr std::size_t kWorthPacking = 8;
// With less than one item in so many left, the rest becomes rows.
constexpr std::uint32_t kSparse = 4;
constexpr std::uint32_t kWorthSpreading = 64;

constexpr const char* kEntrySql[] = {
    "SELECT * FROM message WHERE key = ?",
    "INSERT INTO message VALUES (?,?,?,?,?,?,?,?)",
    "DELETE FROM message WHERE key = ?",
    "INSERT INTO entry VALUES (?,?,?,?,?,?,?,?,?)",
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

}  // namespace

int SqliteEntries::prepare(sqlite3* database, Target target) {
    static_assert(std::size(kEntrySql) == kStatements);
    database_ = database;
    for (std::size_t i = 0; i < kStatements; ++i) {
        const char* sql = kEntrySql[i];
        if (target == Target::temporary && i == put_message)
            sql = "INSERT INTO temp.unpacked_message VALUES (?,?,?,?,?,?,?,?)";
        if (target == Target::temporary && i == put_entry)
            sql = "INSERT INTO temp.unpacked_entry VALUES (?,?,?,?,?,?,?,?,?)";
        const int code = statements_[i].prepare(database, sql);
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
    return put.number(row.shared_tag).run();
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
        if (const int code = put(Batch::row(entry)); code != SQLITE_OK) return code;
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
        put.number(chunk.first_key()).number(chunk.last_key());
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

int SqliteEntries::drop(Chunk& chunk) {
    chunk.is_deleted = true;
    deleted_.push_back(&chunk);
    int code = of(drop_chunk).number(chunk.number).run();
    if (code != SQLITE_OK || !chunk.has_changes) return code;
    Statement& drop = of(drop_changes);
    drop.number(chunk.first_key());
    return drop.number(chunk.last_key()).number(chunk.shard).run();
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

}  // namespace mqtt::broker::store
