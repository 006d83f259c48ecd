// See figures_topic.hpp.
#include "broker/http/figures_topic.hpp"

#include "broker/http/figures.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker::http {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTopic = "$SYS/broker/stats";
constexpr auto kBeat = 1s;
constexpr auto kLook = 5s;  // whether somebody subscribes now: an idle broker sleeps
constexpr auto kSoon = 200ms;
constexpr int kLooksSoon = 10;

}  // namespace

FiguresTopic::FiguresTopic(Shard& shard)
    : shard_(shard)
    , self_(std::make_shared<FiguresTopic*>(this)) {
    shard_.loop().set_timer(*this, shard_.now() + kLook);
}

FiguresTopic::~FiguresTopic() {
    shard_.loop().timers().cancel(*this);
}

void FiguresTopic::expect() {
    expected_ = kLooksSoon;
    shard_.loop().set_timer(*this, shard_.now() + kSoon);
}

// The first shard knows the filters of all.
void FiguresTopic::on_timer(TimePoint now) {
    const bool is_wanted = !shard_.subscriptions.cache().look_up(kTopic).targets().empty();
    if (is_wanted) collect();
    if (expected_ > 0) --expected_;
    shard_.loop().set_timer(*this, now + (is_wanted       ? TimePoint::duration(kBeat)
                                          : expected_ > 0 ? TimePoint::duration(kSoon)
                                                          : TimePoint::duration(kLook)));
}

void FiguresTopic::collect() {
    collect_figures(shard_.shared(), [weak = std::weak_ptr(self_)](const Figures& figures) {
        const auto self = weak.lock();
        if (!self) return;
        Shard& shard = (*self)->shard_;
        const std::string json = as_json(figures, shard.config());
        Publication publication;
        publication.topic = kTopic;
        publication.payload = as_bytes(json);
        shard.publisher.publish(publication);
    });
}

}  // namespace mqtt::broker::http
