// The rows, and their description.
#include "mqtt-bench/result_fields.hpp"

#include <fmt/format.h>

#include <iterator>

namespace mqtt::bench {
namespace {

// field<&Result::counters, &Counters::sent>("sent", "...")
template <class T, auto... Members>
constexpr Field<T> field(std::string_view name, std::string_view meaning) {
    return {name, meaning, [](T& object) { return Slot(&(object.*....*Members)); },
            [](const T& object) { return ConstSlot(&(object.*....*Members)); }};
}
template <auto... Members>
constexpr Field<Result> of_result(std::string_view name, std::string_view meaning) {
    return field<Result, Members...>(name, meaning);
}
template <auto Member>
constexpr Field<Result> counter(std::string_view name, std::string_view meaning) {
    return field<Result, &Result::counters, Member>(name, meaning);
}

constexpr Field<Result> kHead[] = {
    of_result<&Result::command>("command", "conn, pub, sub, pubsub or rtt"),
    of_result<&Result::shape>("shape", "of pubsub"),
    of_result<&Result::description>("description", "the load, defaults resolved"),
    of_result<&Result::command_line>("command_line", "as typed"),
    of_result<&Result::version>("mqtt_version", ""),
    of_result<&Result::qos>("qos", ""),
    of_result<&Result::saturation>("saturation", "true: as fast as it goes, latency is queueing"),
    of_result<&Result::lossless>("checked", "true: streams were checked for loss and order"),
    of_result<&Result::seed>("seed", ""),
    of_result<&Result::started_epoch>("started", "seconds since 1970"),
    of_result<&Result::clients>("clients", "connections"),
    of_result<&Result::publishers>("publishers", ""),
    of_result<&Result::subscribers>("subscribers", ""),
    of_result<&Result::fan_out>("fan_out", "deliveries of one message"),
    of_result<&Result::payload_bytes>("payload_bytes", ""),
    of_result<&Result::offered_rate>("offered_rate", "messages per second asked for"),
    of_result<&Result::connect_seconds>("connect_seconds", "until all were connected"),
    of_result<&Result::warmup_seconds>("warmup_seconds", "loaded and not measured"),
    of_result<&Result::measured_seconds>("measured_seconds", "between warm-up and cool-down"),
    of_result<&Result::drain_seconds>("drain_seconds", "waited for the last deliveries"),
    of_result<&Result::fairness>("fairness", "Jain's index over subscribers, 1: all alike"),
    of_result<&Result::deliveries_min>("deliveries_min", "of the subscriber with the fewest"),
    of_result<&Result::deliveries_median>("deliveries_median", ""),
    of_result<&Result::deliveries_max>("deliveries_max", ""),
    of_result<&Result::max_lag_seconds>("max_lag_seconds", "--max-lag"),
    of_result<&Result::warmup_steady>("warmup_steady", "false: --warmup auto gave up waiting"),
    of_result<&Result::impossible>("impossible", "true: the broker's limits rule it out"),
    of_result<&Result::hosts>("hosts", "load hosts that did it together"),
    of_result<&Result::clock_error_ns>("clock_error_ns", "of latencies between hosts, at most"),
    of_result<&Result::partial>("partial", "true: the run ended before its time"),
    of_result<&Result::proof>("proof", "what QoS 1 or 2 promised, kept or broken; empty: unproven"),
    of_result<&Result::stopped_by>("stopped_by", "the assertion that ended it early"),
    of_result<&Result::error>("error", "the first failure; empty: none"),
    of_result<&Result::exit_code>("exit_code", ""),
};

constexpr Field<Result> kCountFields[] = {
    counter<&Counters::connected>("connected", ""),
    counter<&Counters::connect_failed>("connect_failed", ""),
    counter<&Counters::connections_lost>("connections_lost", ""),
    counter<&Counters::dropped>("dropped", "connections ended by a stage or churn"),
    counter<&Counters::reconnected>("reconnected", ""),
    counter<&Counters::sessions_lost>("sessions_lost", "to be resumed, the broker had none"),
    counter<&Counters::subscribed>("subscribed", ""),
    counter<&Counters::measured_offered>("offered", "messages that were due (measured time)"),
    counter<&Counters::measured_sent>("sent", "of these sent"),
    counter<&Counters::measured_acked>("acked", "of these acknowledged"),
    counter<&Counters::measured_owed>("expected", "deliveries that these should cause"),
    counter<&Counters::measured_received>("received", "of these delivered"),
    counter<&Counters::refused>("refused", "acknowledged with an error"),
    counter<&Counters::offered>("all_offered", "whole run, warm-up included"),
    counter<&Counters::sent>("all_sent", ""),
    counter<&Counters::acked>("all_acked", ""),
    counter<&Counters::received>("all_received", "duplicates included"),
    of_result<&Result::expected>("all_expected", "deliveries owed for what was sent"),
    counter<&Counters::owed>("all_owed", "the same, refused messages included"),
    of_result<&Result::excused>("excused", "owed, but the subscriber was away"),
    counter<&Counters::retained>("retained", "replayed because of a subscription"),
    counter<&Counters::answered>("answered", "requests"),
    counter<&Counters::tls_full>("tls_full", "handshakes, with --tls-resume"),
    counter<&Counters::tls_resumed>("tls_resumed", ""),
    counter<&Counters::longest_wait_ns>("longest_wait_ns", "from due to sent"),
    counter<&Counters::unproven>("unproven", "sent, the acknowledgement lost with its connection"),
    counter<&Counters::unkept_deliveries>("unkept_deliveries", "of unproven ones too many to keep"),
    counter<&Counters::received_bytes>("received_bytes", "payload"),
    of_result<&Result::lost>("loss", "owed and not delivered after the drain"),
    of_result<&Result::checks, &CheckCounts::duplicates>("duplicates", "without the DUP flag"),
    of_result<&Result::checks, &CheckCounts::flagged_duplicates>("redelivered",
                                                                 "marked DUP, allowed for QoS 1"),
    of_result<&Result::checks, &CheckCounts::reordered>("reordered", ""),
    counter<&Counters::foreign>("foreign", "messages of somebody else"),
    counter<&Counters::unmeasured>("unmeasured", "without a usable time stamp"),
    counter<&Counters::window_sum>("window_sum", "in flight at each QoS 1/2 sending, summed"),
    counter<&Counters::waits_window>("waits_window", "messages that waited for acknowledgements"),
    counter<&Counters::waits_socket>("waits_socket", "messages that waited for a full socket"),
    counter<&Counters::queue_samples>("queue_samples", "of sockets, within the measured time"),
    counter<&Counters::receive_queue_bytes>("receive_queue_bytes",
                                            "unread, summed over the samples"),
    counter<&Counters::receive_queues_used>("receive_queues_used", "samples that were not empty"),
    counter<&Counters::send_queue_bytes>("send_queue_bytes", "not taken by the peer, summed"),
    counter<&Counters::send_queues_used>("send_queues_used", "samples that were not empty"),
    counter<&Counters::wire_received_in_window>("wire_received_in_window", "bytes"),
    counter<&Counters::wire_sent_in_window>("wire_sent_in_window", "bytes"),
    counter<&Counters::tcp_busy_us>("tcp_busy_us", "connections with something to send, summed"),
    counter<&Counters::tcp_no_room_us>("tcp_no_room_us", "of that, the peer's window was full"),
    counter<&Counters::tcp_segments>("tcp_segments", "sent"),
    counter<&Counters::tcp_retransmits>("tcp_retransmits", ""),
    counter<&Counters::sent_in_window>("sent_in_window", "sent within the measured time"),
    counter<&Counters::acked_in_window>("acked_in_window", ""),
    counter<&Counters::received_in_window>("received_in_window", ""),
};

constexpr DerivedField kRates[] = {
    {"sent", "messages per second",
     [](const Result& r) { return std::optional(r.per_second(r.counters.sent_in_window)); }},
    {"acked", "",
     [](const Result& r) { return std::optional(r.per_second(r.counters.acked_in_window)); }},
    {"received", "",
     [](const Result& r) { return std::optional(r.per_second(r.counters.received_in_window)); }},
};

constexpr Field<BrokerCost> kBroker[] = {
    field<BrokerCost, &BrokerCost::source>("source", "which process"),
    field<BrokerCost, &BrokerCost::cpu_ns>("cpu_ns", "CPU time within the measured time"),
    field<BrokerCost, &BrokerCost::rss_before>("rss_before", "bytes, before the first connection"),
    field<BrokerCost, &BrokerCost::rss_connected>("rss_connected", "all connected, no load yet"),
    field<BrokerCost, &BrokerCost::rss_after>("rss_after", "at the end"),
    field<BrokerCost, &BrokerCost::switches>("context_switches", "within the measured time"),
};
std::optional<double> inverse_us(std::optional<double> us) {
    return us ? std::optional(1e6 / *us) : std::nullopt;
}
constexpr DerivedField kBrokerDerived[] = {
    {"cpu_us_per_message", "", [](const Result& r) { return r.broker_us_per_message(); }},
    {"messages_per_cpu_second", "",
     [](const Result& r) { return inverse_us(r.broker_us_per_message()); }},
    {"bytes_per_connection", "from 500 connections on",
     [](const Result& r) { return r.broker_bytes_per_connection(); }},
};

constexpr Field<SysCounts> kSys[] = {
    field<SysCounts, &SysCounts::version>("version", "$SYS/broker/version"),
    field<SysCounts, &SysCounts::counted>("counted", "true: counters were seen at both ends"),
    field<SysCounts, &SysCounts::received>("received", "PUBLISH packets, over the whole run"),
    field<SysCounts, &SysCounts::sent>("sent", ""),
    field<SysCounts, &SysCounts::dropped>("dropped", ""),
    field<SysCounts, &SysCounts::own>("own", "$SYS messages that we received, part of sent"),
    field<SysCounts, &SysCounts::agreement>("agreement", "with our counts, in words"),
};

constexpr Field<GeneratorCost> kGenerator[] = {
    field<GeneratorCost, &GeneratorCost::threads>("threads", ""),
    field<GeneratorCost, &GeneratorCost::polls>("polls", "true: --precise"),
    field<GeneratorCost, &GeneratorCost::cpu_ns>("cpu_ns", "within the measured time"),
    field<GeneratorCost, &GeneratorCost::busiest_share>("busiest_share",
                                                        "of one core, the busiest thread"),
    field<GeneratorCost, &GeneratorCost::waiting_share>("waiting_share",
                                                        "ready to run without a core"),
    field<GeneratorCost, &GeneratorCost::rss_before>("rss_before", "bytes"),
    field<GeneratorCost, &GeneratorCost::rss_connected>("rss_connected", ""),
    field<GeneratorCost, &GeneratorCost::rss_bytes>("rss", "at the end"),
};
constexpr DerivedField kGeneratorDerived[] = {
    {"messages_per_cpu_second", "",
     [](const Result& r) { return inverse_us(r.generator_us_per_message()); }},
    {"unread_ns", "time that input lay in receive queues, mean",
     [](const Result& r) { return r.unread_ns(); }},
    {"unsent_ns", "time that output lay in send queues, mean",
     [](const Result& r) { return r.unsent_ns(); }},
    {"no_room_share", "of the time with output, the broker took none",
     [](const Result& r) { return r.no_room_share(); }},
    {"retransmit_share", "of TCP segments", [](const Result& r) { return r.retransmit_share(); }},
};

constexpr Field<Second> kSecondFields[] = {
    field<Second, &Second::at>("at", "its end, seconds after the schedule's start"),
    field<Second, &Second::elapsed>("elapsed", "its end, seconds after the run's start"),
    field<Second, &Second::offered>("offered", "per second"),
    field<Second, &Second::sent>("sent", ""),
    field<Second, &Second::acked>("acked", ""),
    field<Second, &Second::received>("received", ""),
    field<Second, &Second::outstanding>("outstanding", "due or in flight"),
    field<Second, &Second::e2e_p50_ns>("e2e_p50_ns",
                                       "of the second's samples, however few; so below"),
    field<Second, &Second::e2e_p99_ns>("e2e_p99_ns", ""),
    field<Second, &Second::e2e_max_ns>("e2e_max_ns", ""),
    field<Second, &Second::ack_p99_ns>("ack_p99_ns", ""),
    field<Second, &Second::lag_p99_ns>("lag_p99_ns", "the generator's lateness"),
    field<Second, &Second::broker_cpu_share>("broker_cpu_share", "of one core"),
    field<Second, &Second::broker_rss_bytes>("broker_rss", "bytes"),
    field<Second, &Second::generator_cpu_share>("generator_cpu_share", "of one core"),
    field<Second, &Second::connected>("connected", "connections that stand"),
};

constexpr Field<StageResult> kStage[] = {
    field<StageResult, &StageResult::at>("at", "seconds after the start of the load"),
    field<StageResult, &StageResult::text>("text", "what was done, to whom"),
    field<StageResult, &StageResult::clients>("clients", "that it was about"),
    field<StageResult, &StageResult::back>("back", "of them, ready again"),
    field<StageResult, &StageResult::back_seconds>("back_seconds", "until the last of these was"),
    field<StageResult, &StageResult::backlog>("backlog", "messages that had waited"),
    field<StageResult, &StageResult::backlog_seconds>("backlog_seconds", "until the last of them"),
};

template <class Rows>
void describe(std::string& out, std::string_view prefix, const Rows& rows) {
    for (const auto& row : rows) {
        std::string line =
            fmt::format("  {:<34}{}", fmt::format("{}{}", prefix, row.name), row.meaning);
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
}

}  // namespace

std::span<const Field<Result>> head_fields() {
    return kHead;
}
std::span<const Field<Result>> count_fields() {
    return kCountFields;
}
std::span<const DerivedField> rate_fields() {
    return kRates;
}
std::span<const Field<BrokerCost>> broker_fields() {
    return kBroker;
}
std::span<const DerivedField> broker_derived_fields() {
    return kBrokerDerived;
}
std::span<const Field<SysCounts>> sys_fields() {
    return kSys;
}
std::span<const Field<GeneratorCost>> generator_fields() {
    return kGenerator;
}
std::span<const DerivedField> generator_derived_fields() {
    return kGeneratorDerived;
}
std::span<const Field<Second>> second_fields() {
    return kSecondFields;
}

std::span<const Field<StageResult>> stage_fields() {
    return kStage;
}

std::string schema_text() {
    std::string out = fmt::format(
        "--json writes one object. Members are only added within a version of the schema; "
        "readers shall skip what they do not know. Durations end in _ns or stand under "
        "latency_ns, both in nanoseconds; sizes are bytes.\n\n"
        "  {:<34}\"{}\"\n",
        "schema", kResultSchema);
    describe(out, "", kHead);
    out += fmt::format("  {:<34}{}\n", "run_id", "eight hexadecimal digits");
    out += fmt::format("  {:<34}{}\n", "targets[]", "URLs");
    describe(out, "counts.", kCountFields);
    describe(out, "rates.", kRates);
    const std::string series = "latency_ns.SERIES.";
    out +=
        fmt::format("  {:<34}{}\n", series + "count", "SERIES: e2e, service, ack, lag, connect,");
    out += fmt::format("  {:<34}{}\n", series + "min, mean, max", "subscribe; what has samples");
    out += fmt::format("  {:<34}{}\n", series + "p50 ... p99.999", "where ten samples lie above");
    out += fmt::format("  {:<34}{}\n", series + "hdr", "HdrHistogram V2, compressed, base64");
    out += fmt::format("  {:<34}{}\n", "messages_per_read.p50 ...",
                       "as of a series: what one look at a socket brought");
    describe(out, "broker.", kBroker);
    describe(out, "broker.", kBrokerDerived);
    describe(out, "sys.", kSys);
    describe(out, "generator.", kGenerator);
    describe(out, "generator.", kGeneratorDerived);
    out += fmt::format("  {:<34}{}\n", "verdict.valid", "false: the figures are the generator's");
    out += fmt::format("  {:<34}{}\n", "verdict.limit", "none, broker, generator or network");
    out += "  verdict.text\n";
    out += "  assertions[].text\n";
    out += fmt::format("  {:<34}{}\n", "assertions[].outcome", "pass, fail or unknown");
    out += "  assertions[].value, .why\n";
    out += fmt::format("  {:<34}{}\n", "environment.NAME", "kernel, cpu, limits ... as text");
    describe(out, "stages[].", kStage);
    describe(out, "seconds[].", kSecondFields);
    out += fmt::format("  {:<34}{}\n", "seconds[].heat[][]",
                       "[row, samples]: row n begins at 10^(n/8) us");
    return out;
}

}  // namespace mqtt::bench
