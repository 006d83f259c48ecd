// Many messages and entries of one commit as the bytes of one row: a statement and a few pages instead of
// hundreds. What happens to them later stands beside it, in table `change`, until most are gone and the
// rest become rows of their own. Written and read by sqlite_entries; knows no database.
#pragma once

#include <vector>

#include "broker/store/batch.hpp"

namespace mqtt::broker::store {

// Which part of a batch a chunk takes. Ends are behind the last.
struct ChunkPart {
    std::size_t first_message = 0;
    std::size_t end_message = 0;
    std::size_t first_entry = 0;
    std::size_t end_entry = 0;
    std::uint32_t live = 0;  // messages and entries that were not cancelled
};

// The next part that makes one chunk of sensible size: what is read to get at one message.
ChunkPart next_chunk(const Batch& batch, const ChunkPart& previous);

void encode_chunk(const Batch& batch, const ChunkPart& part, std::vector<std::uint8_t>& out);

// Gives back what is in a chunk, messages first, in the order of their keys. False: damaged.
class ChunkItems {
public:
    virtual void on_message(Key key, const MessageRow& row) = 0;
    virtual void on_entry(const EntryRow& row) = 0;

protected:
    ~ChunkItems() = default;
};
bool decode_chunk(Bytes bytes, ChunkItems& items);

}  // namespace mqtt::broker::store
