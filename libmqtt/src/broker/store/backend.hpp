// Where batches go: SQLite, or in tests a store in memory and one that fails on purpose. Used by Writer,
// on one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/store/batch.hpp"
#include "broker/store/records.hpp"

namespace mqtt::broker::store {

// What went wrong, in a sentence for people; empty: nothing.
struct Fault {
    std::string text;
    bool is_full = false;  // no space left: it may pass
    explicit operator bool() const { return !text.empty(); }
};

class Backend {
public:
    virtual ~Backend() = default;
    // Shows everything. With `several_shards` no message is shared by two sessions, which may come to
    // live on different shards.
    virtual Fault read(Reader& reader, bool several_shards) = 0;
    // All batches in one transaction, in this order, or nothing of them. As durable as it was opened
    // for when it returns.
    virtual Fault write(std::span<const Batch* const> batches) = 0;
    // Those of these messages that are there.
    virtual Fault find(std::span<const Key> messages, std::vector<FoundMessage>& found) = 0;
    // Copies everything to the new file `to`, a part at each call, between writes. After a fault or when
    // it is done the next call begins anew.
    virtual Fault copy(const std::string& to, bool& is_done) = 0;
    virtual void stop_copying() = 0;  // gives up one that is under way
    // There is nothing to write at present.
    virtual void idle() {}
};

}  // namespace mqtt::broker::store
