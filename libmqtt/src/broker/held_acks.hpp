// Acknowledgements that are withheld from publishers while a subscriber's queue is full, when the
// configuration says `queue_overflow block`: a publisher that keeps to its window then waits, and
// nothing is lost. Its other packets are still read, so that clients that publish to each other
// cannot block each other. Within one shard.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::broker {

class Shard;
struct Session;

class HeldAcks {
public:
    explicit HeldAcks(Shard& shard) : shard_(shard) {}

    void hold(const Session& full, std::string_view publisher, PacketId id);
    // There is room again, or the subscriber is gone.
    void release(const Session& full);

private:
    struct Held {
        std::string publisher;  // client id
        PacketId id;
    };
    Shard& shard_;
    std::unordered_map<const Session*, std::vector<Held>> held_;
};

}  // namespace mqtt::broker
