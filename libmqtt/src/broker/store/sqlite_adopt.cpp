// The start: chunks that are there are taken over with what is still needed of them, and everything is read, whether it is
// in rows or in chunks.
#include <algorithm>

#include "broker/store/key_block.hpp"
#include "broker/store/sqlite_live_items.hpp"
#include "broker/store/sqlite_read.hpp"

namespace mqtt::broker::store {
namespace {

// Keys of one chunk lie together, though some between them were cancelled. Wider ones are damaged.
constexpr std::uint64_t kWidest = std::uint64_t{1} << 24;
// Messages under way are few; more than these are read in parts.
constexpr std::size_t kAtOnce = 256;

// Of the messages of a store, mostly in a row.
class KeySet {
public:
    void insert(Key key) { words_[block_of(key)] |= bit_in_block(key); }
    bool contains(Key key) const {
        const auto at = words_.find(block_of(key));
        return at != words_.end() && (at->second & bit_in_block(key)) != 0;
    }

private:
    std::unordered_map<Key, std::uint64_t> words_;
};

}  // namespace

// Taking over.

class SqliteEntries::Adopter final : public LiveItems {
public:
    Adopter(SqliteEntries& entries, Chunk& chunk) : LiveItems(entries, chunk), chunk_(chunk) {}
    // False: damaged.
    bool fill(std::uint64_t end_of_messages);
    const std::vector<Key>& wanted() const { return wanted_; }

private:
    int on_live(Key key, const MessageRow&) override {
        messages_.push_back(key >> 8);
        return SQLITE_OK;
    }
    int on_live(const EntryRow& row) override {
        live_.push_back(row.key >> 8);
        if (row.message != 0) wanted_.push_back(row.message);
        return SQLITE_OK;
    }
    static bool is_in(const std::vector<std::uint64_t>& numbers, const Range& range) {
        return numbers.empty() || (range.has(numbers.front()) && range.has(numbers.back()));
    }

    Chunk& chunk_;
    std::vector<std::uint64_t> messages_;  // numbers
    std::vector<std::uint64_t> live_;      // of entries
    std::vector<Key> wanted_;
};

bool SqliteEntries::Adopter::fill(std::uint64_t end_of_messages) {
    // All that are in its body: also one that is gone would be found there again by its key.
    chunk_.messages.first = messages_.empty() ? end_of_messages : messages_.front();
    chunk_.messages.end = messages_.empty() ? end_of_messages : messages_.back() + 1;
    const bool is_sound = std::ranges::is_sorted(messages_) && std::ranges::is_sorted(live_) &&
                          chunk_.messages.first >= end_of_messages &&
                          is_in(live_, chunk_.entries) && chunk_.messages.size() < kWidest &&
                          chunk_.entries.size() < kWidest;
    if (!is_sound) return false;
    chunk_.gone.assign(chunk_.messages.size() + chunk_.entries.size(), true);
    for (const std::uint64_t number : messages_)
        chunk_.gone[number - chunk_.messages.first] = false;
    for (const std::uint64_t number : live_)
        chunk_.gone[chunk_.messages.size() + number - chunk_.entries.first] = false;
    chunk_.total = seen();
    chunk_.live = static_cast<std::uint32_t>(messages_.size() + live_.size());
    return true;
}

int SqliteEntries::open(sqlite3* database) {
    const int code = prepare(database, Target::tables);
    return code == SQLITE_OK ? adopt_all() : code;
}

// That a message of a chunk was gone was known to the process that has ended: it is when nobody refers to it.
int SqliteEntries::adopt_all() {
    KeySet wanted;
    int code = each_chunk([&](std::vector<Chunk>& some) {
        for (Chunk& chunk : some) {
            std::deque<Chunk>& chunks = shards_[chunk.shard].chunks;
            Adopter adopter(*this, chunk);
            if (const int bad = adopter.run(); bad != SQLITE_OK) return bad;
            if (!adopter.fill(chunks.empty() ? 1 : chunks.back().messages.end)) {
                return SQLITE_CORRUPT;
            }
            for (const Key key : adopter.wanted())
                wanted.insert(key);
            next_chunk_ = chunk.number + 1;
            chunks.push_back(std::move(chunk));
        }
        return SQLITE_OK;
    });
    if (code != SQLITE_OK || shards_.empty()) return code;
    Statement rows;
    code = rows.prepare(database_, "SELECT message FROM entry WHERE message != 0");
    if (code != SQLITE_OK) return code;
    while (rows.next())
        wanted.insert(static_cast<Key>(rows.number_at(0)));
    if (code = rows.reset(); code != SQLITE_OK) return code;
    for (auto& [shard, of_shard] : shards_) {
        for (Chunk& chunk : of_shard.chunks) {
            for (std::size_t i = 0; i < chunk.messages.size(); ++i) {
                const Key key = (chunk.messages.first + i) << 8 | shard;
                if (chunk.gone[i] || wanted.contains(key)) continue;
                chunk.gone[i] = true;
                --chunk.live;
            }
        }
    }
    drop_empty();
    return SQLITE_OK;
}

// Where that fails, a full disk is for those who write to say; the next start tries again.
void SqliteEntries::drop_empty() {
    std::vector<Chunk*> empty;
    for (auto& [shard, of_shard] : shards_) {
        for (Chunk& chunk : of_shard.chunks) {
            if (chunk.live == 0) empty.push_back(&chunk);
        }
    }
    if (empty.empty()) return;
    const auto run = [&](const char* sql) {
        return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
    };
    int code = run("BEGIN IMMEDIATE");
    for (std::size_t i = 0; code == SQLITE_OK && i < empty.size(); ++i)
        code = drop(*empty[i]);
    if (code == SQLITE_OK) code = run("COMMIT");
    settle(code == SQLITE_OK);
    if (code != SQLITE_OK) run("ROLLBACK");
}

// Reading.

class SqliteEntries::MessageReader final : public LiveItems {
public:
    using Each = std::function<void(Key, const MessageRow&)>;
    MessageReader(SqliteEntries& entries, const Chunk& chunk, const Each& each)
        : LiveItems(entries, chunk)
        , each_(each) {}

private:
    int on_live(Key key, const MessageRow& row) override {
        each_(key, row);
        return SQLITE_OK;
    }
    int on_live(const EntryRow&) override { return SQLITE_OK; }
    const Each& each_;
};

// Those of one shard's chunks, by key; one chunk of them is in memory.
class SqliteEntries::EntryStream {
public:
    EntryStream(SqliteEntries& entries, const std::deque<Chunk>& chunks)
        : entries_(entries)
        , chunks_(chunks) {}
    // SQLite's code. Before the first, and after each.
    int advance();
    bool is_at_end() const { return at_ == rows_.size(); }
    const EntryRow& row() const { return rows_[at_]; }

private:
    class Collector final : public LiveItems {
    public:
        Collector(EntryStream& stream, const Chunk& chunk)
            : LiveItems(stream.entries_, chunk)
            , stream_(stream) {}

    private:
        int on_live(Key, const MessageRow&) override { return SQLITE_OK; }
        int on_live(const EntryRow& row) override {
            const auto ids = row.subscription_ids;
            stream_.rows_.push_back(row);
            if (ids.empty()) return SQLITE_OK;
            stream_.rows_.back().subscription_ids =
                stream_.ids_.emplace_back(ids.begin(), ids.end());
            return SQLITE_OK;
        }
        EntryStream& stream_;
    };

    SqliteEntries& entries_;
    const std::deque<Chunk>& chunks_;
    std::size_t next_ = 0;  // chunk
    std::vector<EntryRow> rows_;
    std::deque<std::vector<std::uint32_t>> ids_;
    std::size_t at_ = 0;
};

int SqliteEntries::EntryStream::advance() {
    if (!is_at_end()) ++at_;
    while (is_at_end() && next_ != chunks_.size()) {
        rows_.clear();
        ids_.clear();
        at_ = 0;
        const Chunk& chunk = chunks_[next_++];
        if (chunk.is_deleted) continue;
        if (const int code = Collector(*this, chunk).run(); code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

int SqliteEntries::read(Reader& reader) {
    for (const auto& [shard, of_shard] : shards_) {
        for (const Chunk& chunk : of_shard.chunks) {
            reader.on_used_key((chunk.messages.end - 1) << 8 | shard);
            reader.on_used_key((chunk.entries.end - 1) << 8 | shard);
        }
    }
    std::unordered_set<Key> under_way;
    int code = find_under_way(under_way);
    if (code == SQLITE_OK) code = read_under_way(under_way, reader);
    reader.on_waiting_messages();
    if (code == SQLITE_OK) code = read_waiting(under_way, reader);
    return code == SQLITE_OK ? read_entries(reader) : code;
}

// Messages that cannot wait on the disk.
int SqliteEntries::find_under_way(std::unordered_set<Key>& found) {
    Statement rows;
    int code = rows.prepare(database_,
                            "SELECT message FROM entry"
                            " WHERE state != 0 AND message != 0");
    if (code != SQLITE_OK) return code;
    while (rows.next())
        found.insert(static_cast<Key>(rows.number_at(0)));
    if (code = rows.reset(); code != SQLITE_OK) return code;
    for (auto& [shard, of_shard] : shards_) {
        EntryStream stream(*this, of_shard.chunks);
        while ((code = stream.advance()) == SQLITE_OK && !stream.is_at_end()) {
            const EntryRow& row = stream.row();
            if (row.state != EntryState::queued && row.message != 0) found.insert(row.message);
        }
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

int SqliteEntries::read_under_way(const std::unordered_set<Key>& under_way, Reader& reader) {
    std::vector<Key> keys(under_way.begin(), under_way.end());
    std::sort(keys.begin(), keys.end());
    for (std::span<const Key> rest = keys; !rest.empty();) {
        const auto some = rest.first(std::min(rest.size(), kAtOnce));
        rest = rest.subspan(some.size());
        std::vector<FoundMessage> found;
        if (const int code = find(some, found); code != SQLITE_OK) return code;
        for (const FoundMessage& message : found)
            reader.on_message(message.key, message.row());
    }
    return SQLITE_OK;
}

int SqliteEntries::read_waiting(const std::unordered_set<Key>& under_way, Reader& reader) {
    const MessageReader::Each tell = [&](Key key, const MessageRow& row) {
        if (!under_way.contains(key)) reader.on_message(key, row);
    };
    Statement rows;
    int code = rows.prepare(database_, "SELECT * FROM message ORDER BY key");
    if (code != SQLITE_OK) return code;
    while (rows.next())
        tell(static_cast<Key>(rows.number_at(0)), message_at(rows, 2, rows.text_at(1)));
    code = rows.reset();
    for (auto& [shard, of_shard] : shards_) {
        for (const Chunk& chunk : of_shard.chunks) {
            if (chunk.is_deleted) continue;
            if (code == SQLITE_OK) code = MessageReader(*this, chunk, tell).run();
        }
    }
    return code;
}

// By key, from the rows and from the chunks of all shards.
int SqliteEntries::read_entries(Reader& reader) {
    std::deque<EntryStream> streams;
    for (auto& [shard, of_shard] : shards_) {
        EntryStream& stream = streams.emplace_back(*this, of_shard.chunks);
        if (const int code = stream.advance(); code != SQLITE_OK) return code;
    }
    Statement rows;
    const int code = rows.prepare(database_, "SELECT * FROM entry ORDER BY key");
    if (code != SQLITE_OK) return code;
    std::vector<std::uint32_t> ids;
    bool has_row = rows.next();
    while (true) {
        EntryStream* least = nullptr;
        for (EntryStream& stream : streams) {
            if (stream.is_at_end()) continue;
            if (least == nullptr || stream.row().key < least->row().key) least = &stream;
        }
        if (has_row &&
            (least == nullptr || static_cast<Key>(rows.number_at(0)) < least->row().key)) {
            reader.on_entry(entry_at(rows, ids));
            has_row = rows.next();
        } else if (least != nullptr) {
            reader.on_entry(least->row());
            if (const int bad = least->advance(); bad != SQLITE_OK) return bad;
        } else {
            return rows.reset();
        }
    }
}

}  // namespace mqtt::broker::store
