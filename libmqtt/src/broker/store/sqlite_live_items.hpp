// What is left of a chunk's messages and entries, as it is by now: the body, less what is gone, with what has changed
// since. For the users of chunks within SqliteEntries.
#pragma once

#include "broker/store/sqlite_entries.hpp"

namespace mqtt::broker::store {

class SqliteEntries::LiveItems : private ChunkItems {
public:
    // SQLite's code.
    int run();

protected:
    LiveItems(SqliteEntries& entries, const Chunk& chunk) : entries_(entries), chunk_(chunk) {}
    ~LiveItems() = default;
    SqliteEntries& entries() const { return entries_; }
    // Items of the body, gone or not.
    std::uint32_t seen() const { return seen_; }

private:
    // Another code than SQLITE_OK ends it.
    virtual int on_live(Key key, const MessageRow& row) = 0;
    virtual int on_live(const EntryRow& row) = 0;

    void on_message(Key key, const MessageRow& row) final;
    void on_entry(const EntryRow& row) final;
    int read_changes();
    bool is_gone(std::size_t index) const { return !chunk_.gone.empty() && chunk_.gone[index]; }

    struct Change {
        int state;
        PacketId packet_id;
    };
    SqliteEntries& entries_;
    const Chunk& chunk_;
    std::unordered_map<Key, Change> changes_;
    std::uint32_t seen_ = 0;
    int code_ = SQLITE_OK;
};

}  // namespace mqtt::broker::store
