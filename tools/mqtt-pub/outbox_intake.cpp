// See outbox_intake.hpp.
#include "mqtt-pub/outbox_intake.hpp"

#include <chrono>

#include "common/exit_code.hpp"

namespace mqtt_pub {
namespace {

// One wait for the disk per so many.
constexpr std::size_t kBatchMessages = 2'000;
constexpr std::size_t kBatchBytes = 256 * 1024;

}  // namespace

OutboxIntake::OutboxIntake(const Options& options, Outbox& outbox, const tools::ConnectionLog& log)
    : options_(options)
    , outbox_(outbox)
    , log_(log)
    , source_(options) {}

OutboxIntake::State OutboxIntake::run_batch() {
    // No batch grows so large that an outbox with a small limit could not take it piece by piece.
    const std::size_t bytes = std::min<std::size_t>(kBatchBytes, options_.outbox.limit_bytes / 8);
    const std::int64_t now = unix_time();
    State state = State::more;
    while (state == State::more && outbox_.batch_messages() < kBatchMessages &&
           outbox_.batch_bytes() <= bytes) {
        switch (source_.next()) {
        case MessageSource::State::ready: {
            const OutboxMessage message{source_.request(), now};
            if (outbox_.is_too_large(message)) {
                throw tools::ToolError(tools::kExitFull,
                                       "a message is larger than the outbox (--outbox-limit)");
            }
            outbox_.add(message);
            source_.take();
            break;
        }
        case MessageSource::State::waiting: state = State::waiting; break;
        case MessageSource::State::later: state = State::later; break;
        case MessageSource::State::ended: state = State::ended; break;
        case MessageSource::State::invalid:
            ++invalid_;
            log_.say(source_.problem());
            source_.take();
            break;
        }
    }
    const std::size_t count = outbox_.batch_messages();
    if (!outbox_.commit()) return State::full;
    kept_ += count;
    return state;
}

}  // namespace mqtt_pub
