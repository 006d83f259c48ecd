// Choices per message, and where the content comes from.
#include "mqtt-bench/load_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace mqtt::bench {
namespace {

// Different draws of one message.
constexpr std::uint64_t kForSize = 0x100;
constexpr std::uint64_t kForLength = 0x200;
constexpr std::uint64_t kForQos = 0x300;

std::string read_content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad() || !file.is_open()) {
        throw std::invalid_argument(fmt::format("option '-m': cannot read '{}'", path));
    }
    return text;
}

}  // namespace

LoadGroup::LoadGroup(const Plan& plan, const PlannedGroup& group, const Spec& spec,
                     std::uint32_t worker, std::uint32_t workers)
    : plan_(plan)
    , group_(group)
    , seed_(spec.seed)
    , replays_(group.topic.replays())
    , payload_(group.spec.payload_bytes) {
    Random random(spec.seed * 31);
    for (std::uint8_t& byte : payload_)
        byte = static_cast<std::uint8_t>(random.next());
    request_.qos = group.spec.qos;
    request_.retain = group.spec.retain;
    request_.payload = payload_;
    request_.properties = group.spec.properties;
    request_.message_expiry_interval = group.spec.expiry_seconds;
    // A session that is resumed must be able to send again what it was not acknowledged.
    request_.keep = group.spec.on_close == OnClose::reconnect && !group.spec.connect.clean_start;
    for (const SizeShare& share : group.spec.sizes)
        size_weights_ += share.weight;
    for (const QosShare& share : group.spec.qos_mix)
        qos_weights_ += share.weight;
    set_content();
    if (group.spec.limit != 0) {
        // By publishers, since a worker may own none.
        std::uint64_t before = 0;
        for (std::uint32_t w = 0; w < worker; ++w)
            before += owned_by(w, workers);
        const std::uint64_t all = std::max(1u, group.publishers);
        limit_ = group.spec.limit * (before + owned_by(worker, workers)) / all -
                 group.spec.limit * before / all;
    }
    if (!spec.max && worker < group.publishers) {
        schedule_ =
            std::make_unique<Schedule>(plan.schedule(group, spec.seed + group.first_publisher),
                                       group.publishers, worker, workers);
    }
}

std::uint32_t LoadGroup::owned_by(std::uint32_t worker, std::uint32_t workers) const {
    return worker < group_.publishers ? (group_.publishers - worker - 1) / workers + 1 : 0;
}

void LoadGroup::set_content() {
    const std::string& content = group_.spec.content;
    if (content.empty()) return;
    std::string text = content;
    if (content.starts_with('@')) text = read_content(content.substr(1));
    if (content.starts_with("template:")) {
        text = read_content(content.substr(9));
        is_template_ = true;
    }
    // Variables work on the command line, too; a file is taken as it is.
    if (!content.starts_with('@') && text.find('%') != std::string::npos) is_template_ = true;
    if (is_template_) template_ = Pattern(text);
    payload_.assign(text.begin(), text.end());
    request_.payload = payload_;
}

std::uint32_t LoadGroup::choose(const PublisherState& publisher) const {
    Pattern::Values values;
    values.number = publisher.number;
    values.message = replays_ ? recorded_number(publisher) : publisher.messages;
    values.seed = seed_;
    return group_.topic.choose(values);
}

// All publishers together play a recording, each the messages that fall to it.
std::uint64_t LoadGroup::recorded_number(const PublisherState& publisher) const {
    return publisher.messages * group_.publishers + publisher.number - group_.first_publisher;
}

LoadGroup::Message LoadGroup::next(const PublisherState& publisher, std::uint32_t choice) {
    if (group_.fixed_topic) {
        request_.topic = publisher.topic;
    } else {
        topic_.clear();
        plan_.append_topic(group_, publisher.number - group_.first_publisher, publisher.messages,
                           choice, topic_);
        request_.topic = topic_;
    }
    if (qos_weights_ > 0) draw_qos(publisher);
    if (group_.spec.round_trip) ask_for_answer(publisher);
    if (is_template_) {
        fill_template(publisher);
        return {request_, {}};
    }
    if (const auto& recorded = group_.spec.recorded; !recorded.empty()) {
        const std::string& payload = recorded[recorded_number(publisher) % recorded.size()];
        request_.payload =
            Bytes(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size());
        return {request_, {}};
    }
    std::span<std::uint8_t> payload(payload_);
    if (const auto& sizes = group_.spec.recorded_sizes; !sizes.empty()) {
        payload = payload.first(sizes[recorded_number(publisher) % sizes.size()]);
        request_.payload = payload;
    } else if (size_weights_ > 0 && group_.spec.content.empty()) {
        payload = payload.first(draw_size(publisher));
        request_.payload = payload;
    }
    return {request_, payload};
}

void LoadGroup::draw_qos(const PublisherState& publisher) {
    double at = draw_share(seed_, publisher.number + kForQos, publisher.messages) * qos_weights_;
    for (const QosShare& share : group_.spec.qos_mix) {
        request_.qos = share.qos;
        if (at < share.weight) return;
        at -= share.weight;
    }
}

std::size_t LoadGroup::draw_size(const PublisherState& publisher) const {
    const std::uint64_t who = publisher.number;
    double at = draw_share(seed_, who + kForSize, publisher.messages) * size_weights_;
    const SizeShare* chosen = &group_.spec.sizes.back();
    for (const SizeShare& share : group_.spec.sizes) {
        if (at < share.weight) {
            chosen = &share;
            break;
        }
        at -= share.weight;
    }
    const double span = chosen->to - chosen->from + 1.0;
    const double share = draw_share(seed_, who + kForLength, publisher.messages);
    return chosen->from + static_cast<std::size_t>(share * span);
}

// 5.0: where the answer shall go, and which request it is to. Before 5.0 the answerer knows: to the
// topic of the request with /reply after it.
void LoadGroup::ask_for_answer(const PublisherState& publisher) {
    const auto filters = plan_.filters_of(group_, publisher.number - group_.first_publisher);
    properties_ = group_.spec.properties;
    properties_.add(PropertyId::response_topic, filters.front());
    const std::uint64_t message = publisher.messages;
    char number[sizeof message];
    std::memcpy(number, &message, sizeof message);
    properties_.add(PropertyId::correlation_data, std::string_view(number, sizeof number));
    request_.properties = properties_;
}

void LoadGroup::fill_template(const PublisherState& publisher) {
    Pattern::Values values;
    values.number = publisher.number - group_.first_publisher + group_.spec.start_number;
    values.clients = group_.spec.clients;
    values.run_id = plan_.run_id();
    values.message = publisher.messages;
    values.seed = seed_;
    text_.clear();
    template_.append(text_, values);
    request_.payload = Bytes(reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size());
}

}  // namespace mqtt::bench
