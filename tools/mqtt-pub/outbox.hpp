// A durable outbox: a folder that keeps messages in order until a server has them. Any process may
// append at any time; one at a time drains. Used by outbox_run; knows no client.
//
// In the folder: 00000001.journal, ... (outbox_segment), append.lock and drain.lock (flock), session
// (client id and server of the exchanges under way), refused.jsonl (what servers refused).
// A journal is deleted when all its messages are done and a later one exists, or nothing is left.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "mqtt-pub/outbox_record.hpp"
#include "mqtt-pub/outbox_segment.hpp"

namespace mqtt_pub {

// Now, as the journals write it: nanoseconds since 1970.
inline std::int64_t unix_time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// An advisory lock on a file of the folder, for as long as the descriptor lives.
class FolderLock {
public:
    explicit FolderLock(const std::string& path);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    void wait();
    bool try_lock();
    void unlock();

private:
    int descriptor_;
};

class Outbox {
public:
    struct Limits {
        std::uint64_t bytes = 64 * 1024 * 1024;  // of the journals together
        bool sync = true;                        // appended means on the disk
    };
    struct Entry {
        std::uint64_t token = 0;  // never 0
        OutboxState state;
        OutboxMessage message;  // valid until take(), or until the callback returns
    };
    struct Totals {
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;             // of journals
        std::optional<std::int64_t> oldest;  // queued_at
    };

    // Makes the folder when it is not there. Throws tools::ToolError, as everything here does.
    Outbox(std::string folder, const Limits& limits, FileCalls calls = {});

    // --- Appending: any process, any time. ---

    void add(const OutboxMessage& message);  // to the batch
    std::size_t batch_messages() const { return batch_.size(); }
    std::size_t batch_bytes() const { return batch_bytes_; }
    // All of the batch or nothing of it. False: it does not fit into the limit now.
    bool commit();
    // Larger than the limit: would never fit.
    bool is_too_large(const OutboxMessage& message) const;
    void drop_batch();

    // --- Draining: with the drain lock. ---

    bool try_lock_drain();  // true, and all is looked at from its beginning
    void unlock_drain();
    // Shows what an earlier drain began and did not finish, in order, before the first peek(). Those
    // that `restore` takes are its business from now on; of the others, what a server has is
    // done, and what it may have waits again.
    void restore(const std::function<bool(const Entry&)>& restore);
    // The next message that waits, in order; the same until take(). Null: none for now.
    const Entry* peek();
    void take() { next_.reset(); }
    void mark(std::uint64_t token, OutboxState state);  // done: forgotten
    // Shows one message that is not done.
    void look_at(std::uint64_t token, const std::function<void(const OutboxMessage&)>& show);
    // Nothing waits and nothing is under way: deletes what is left. False: something was appended.
    bool clean();

    Totals totals();  // of what is not done; reads everything
    bool is_empty() const;
    // What was found to be no message, for people; empty: nothing since the last call.
    std::string take_damage();
    std::string path_of(const std::string& name) const { return folder_ + "/" + name; }

private:
    struct Journal {
        OutboxSegment file;
        std::uint64_t at = 0;    // read up to here
        std::uint64_t open = 0;  // messages read and not done
        bool is_sealed = false;  // a later one exists: nothing is appended any more
    };

    // What the file system says becomes an error that names the outbox.
    template <class F>
    auto guarded(F&& f) const {
        try {
            return f();
        } catch (const std::system_error& error) {
            fail(error.what());
        }
    }
    [[noreturn]] void fail(const std::string& why) const;
    std::vector<std::uint32_t> numbers() const;  // of the journals, ascending
    std::string journal_path(std::uint32_t number) const;
    std::uint64_t bytes_on_disk() const;
    OutboxSegment& appendable();
    std::optional<Entry> read_next();
    std::optional<Entry> read_from(std::uint32_t number, Journal& from);
    bool move_on();
    void remove_journal(std::uint32_t number);

    std::string folder_;
    Limits limits_;
    FileCalls calls_;
    FolderLock append_lock_;
    FolderLock drain_lock_;
    std::vector<std::string> batch_;  // bodies
    std::size_t batch_bytes_ = 0;
    std::optional<OutboxSegment> tail_;
    std::uint32_t tail_number_ = 0;
    std::map<std::uint32_t, Journal> journals_;  // that this drain has looked into
    std::uint32_t reading_ = 0;                  // number of the one that is read; 0: none yet
    std::optional<Entry> next_;
    std::unordered_set<std::uint64_t> restored_;  // and not come by yet
    std::uint64_t cut_bytes_ = 0;
    std::uint64_t damaged_bytes_ = 0;
};

}  // namespace mqtt_pub
