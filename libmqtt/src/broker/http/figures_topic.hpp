// $SYS/broker/stats: what GET /api/stats answers, as a message of QoS 0 once a second while somebody
// subscribes to it. The console lives on it. Owned by http/server, on shard 0's loop.
#pragma once

#include <memory>

#include "net/loop.hpp"

namespace mqtt::broker {
class Shard;
}

namespace mqtt::broker::http {

class FiguresTopic final : private net::Timer {
public:
    explicit FiguresTopic(Shard& shard);
    ~FiguresTopic();
    FiguresTopic(const FiguresTopic&) = delete;
    FiguresTopic& operator=(const FiguresTopic&) = delete;

    // A page may be about to subscribe: its first figures shall not be late.
    void expect();

private:
    void on_timer(TimePoint now) override;
    void collect();

    Shard& shard_;
    std::shared_ptr<FiguresTopic*> self_;  // answers that come when this is gone find nobody
    int expected_ = 0;                     // looks at short intervals that are left
};

}  // namespace mqtt::broker::http
