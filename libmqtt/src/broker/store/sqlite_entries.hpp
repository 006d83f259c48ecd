// Messages and entries in SQLite. A batch with many goes into chunks (chunk.hpp), of which is known here
// what of them is still needed: a chunk whose last item goes is deleted without a word about each, and
// what is left of one that is mostly gone becomes rows. Few items are rows from the beginning. Used by
// SqliteBackend, within its transactions.
#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "broker/store/chunk.hpp"
#include "broker/store/sqlite.hpp"

namespace mqtt::broker::store {

class SqliteEntries {
public:
    // SQLite's codes. Chunks that are there stay as they are.
    int open(sqlite3* database);
    // All of them become rows.
    int unpack();
    // Messages and entries, as Reader wants them.
    int read(Reader& reader);
    // For who looks at a file and changes nothing: names of the tables show what is in chunks, too.
    static int show_unpacked(sqlite3* database);
    int write(const Batch& batch);
    int find(std::span<const Key> messages, std::vector<FoundMessage>& found);
    // How the transaction ended.
    void settle(bool is_committed);

private:
    // Numbers without the shard in the low byte: of one shard they ascend from chunk to chunk.
    struct Range {
        std::uint64_t first = 1;
        std::uint64_t end = 1;  // behind the last
        bool has(std::uint64_t number) const { return number >= first && number < end; }
        std::size_t size() const { return static_cast<std::size_t>(end - first); }
    };
    struct Chunk {
        std::int64_t number = 0;
        unsigned shard = 0;
        Range messages;
        Range entries;
        std::uint32_t total = 0;  // items at first
        std::uint32_t live = 0;
        bool has_changes = false;  // in table `change`
        bool is_deleted = false;
        std::vector<bool> gone;  // messages, then entries; empty: none

        // Of its entries.
        std::int64_t first_key() const { return key_of(entries.first); }
        std::int64_t last_key() const { return key_of(entries.end - 1); }
        std::int64_t key_of(std::uint64_t counter) const {
            return static_cast<std::int64_t>(counter << 8 | shard);
        }
    };
    enum Sql : std::size_t {
        get_message,
        put_message,
        drop_message,
        put_entry,
        entry_sent,
        entry_received,
        drop_entry,
        put_chunk,
        get_chunk,
        drop_chunk,
        change_sent,
        change_received,
        change_removed,
        get_changes,
        drop_changes,
        kStatements
    };
    struct OfShard {
        std::deque<Chunk> chunks;
        std::size_t deleted = 0;
    };
    class LiveItems;
    class Unpacker;
    class Adopter;
    class MessageReader;
    class EntryStream;

    // Where rows go that are made of chunks.
    enum class Target : std::uint8_t { tables, temporary };
    int prepare(sqlite3* database, Target target);
    int each_chunk(const std::function<int(std::vector<Chunk>&)>& each);
    int adopt_all();
    void drop_empty();
    int find_under_way(std::unordered_set<Key>& found);
    int read_under_way(const std::unordered_set<Key>& under_way, Reader& reader);
    int read_waiting(const std::unordered_set<Key>& under_way, Reader& reader);
    int read_entries(Reader& reader);
    Statement& of(Sql sql) { return statements_[sql]; }
    int write_rows(const Batch& batch);
    int write_chunks(const Batch& batch);
    int write_changes(const Batch& batch);
    int write_change(const EntryChange& change);
    static bool is_row(const Chunk* chunk);
    int put(Key key, const MessageRow& row);
    int put(const EntryRow& row);
    int spread(Chunk& chunk);
    int drop(Chunk& chunk);
    Chunk* find(Key key, Range Chunk::*range);
    void mark_gone(Key key, Range Chunk::*range);
    void forget_deleted();

    sqlite3* database_ = nullptr;
    Statement statements_[kStatements];
    std::unordered_map<unsigned, OfShard> shards_;
    std::int64_t next_chunk_ = 1;
    std::vector<std::uint8_t> scratch_;
    // Since the transaction began.
    struct Mark {
        Chunk* chunk;
        std::size_t index;  // in `gone`
    };
    std::vector<Mark> marks_;
    std::vector<unsigned> added_;  // shards of new chunks
    std::vector<Chunk*> deleted_;
    std::vector<Chunk*> touched_;  // by the batch that is written
};

}  // namespace mqtt::broker::store
