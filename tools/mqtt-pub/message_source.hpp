// The messages of a run, one after the other, whatever they come from.
// Used by publisher, which asks for the next one, publishes it, and takes it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/line_source.hpp"
#include "common/message_json.hpp"
#include "common/payload_input.hpp"
#include "mqtt-pub/line_format.hpp"
#include "mqtt-pub/options.hpp"
#include "mqtt-pub/pacer.hpp"
#include "mqtt-pub/template.hpp"
#include "mqtt/connection.hpp"

namespace mqtt_pub {

// All of a file; "-" and descriptors that are pipes included. Throws tools::ToolError naming it.
std::string read_whole_file(const std::string& path);

// The payload of a run that is no stream, file and standard input read to their end. Throws tools::ToolError.
std::string single_payload(const Options& options);

class MessageSource {
public:
    enum class State {
        ready,    // request() is the next message
        waiting,  // input has to be read first: fill()
        ended,
        later,    // due() is the time of the next message
        invalid,  // the line is no message: problem() says why; take() goes past it
    };

    // Reads files at once, as far as they are single messages. Throws tools::ToolError.
    explicit MessageSource(const Options& options);

    State next();
    // Valid after next() said ready, until take().
    const mqtt::PublishRequest& request() const { return request_; }
    // Messages are the lines as they are: they may be taken many at a time, instead of one by one.
    bool has_plain_lines() const;
    // As next(). Ready: lines() are the payloads, request() the rest of the messages.
    State next_lines();
    std::span<const mqtt::Bytes> lines() { return lines_.peek_some(); }
    std::shared_ptr<const void> lines_owner() const { return lines_.owner(); }
    void take_lines(std::size_t count);

    std::string problem() const;   // with the line that it is about
    int input_descriptor() const;  // of a stream
    void take();
    ReplaySource::Clock::time_point due() const { return replay_ ? replay_->due() : due_; }
    bool is_last() const;  // of a repeated message: the one that next() gave

    bool fill() { return replay_ ? true : lines_.fill(); }
    int errno_value() const { return lines_.errno_value(); }
    // Nothing more is read; what was read is still handed out.
    void stop() { stopped_ = true; }

private:
    State next_unpaced();
    State convert_payload();
    State next_made();
    State next_line();
    State parse_json(std::string_view line);
    State parse_format(std::string_view line);
    State next_replayed();
    void use_properties(mqtt::PropertyList& properties);

    const Options& options_;
    tools::LineSource lines_;
    std::optional<LineFormat> format_;
    std::optional<ReplaySource> replay_;
    Pacer pacer_;
    Pacer::Clock::time_point due_{};
    std::optional<tools::Pack> pack_;
    bool converts_ = false;  // payloads by --hex or --pack
    std::string converted_;
    std::uint64_t converted_number_ = 0;  // of the message that it belongs to, from 1
    std::optional<Template> topic_template_;
    std::optional<Template> payload_template_;
    std::mt19937_64 random_;
    std::uint64_t made_ = 0;  // number of the message that the templates made last
    std::string topic_;       // that they made
    std::string payload_;     // of a single message
    std::uint64_t taken_ = 0;
    bool stopped_ = false;
    mqtt::PublishRequest request_;
    std::optional<tools::JsonMessage> json_;
    mqtt::PropertyList replayed_properties_;
    std::string problem_;
};

}  // namespace mqtt_pub
