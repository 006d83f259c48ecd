// How all option tables become a Spec: those of bench, and those of connect_flags under the letters
// that are free here.
#include <fmt/format.h>

#include <deque>
#include <stdexcept>

#include "common/app.hpp"
#include "common/property_copy.hpp"
#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/sources.hpp"

namespace mqtt::bench {
namespace {

using tools::Flag;
using tools::FlagUse;
using tools::UsageError;

// A connection option under bench's letters: the row of connect_flags behind a copy of its Flag.
struct ConnectCopy {
    Flag flag;
    const tools::ConnectRow* row = nullptr;
};

// Also emqtt-bench's names.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"tls-alpn", "alpn"}, {"cafile", "cacertfile"}, {"cert", "certfile"}, {"key", "keyfile"}};

bool is_left_out(std::string_view name) {
    for (const std::string_view out :
         {"id", "id-prefix", "disable-clean-session", "max-inflight", "debug", "quiet",
          "max-retries", "retry-delay", "exit-on-disconnect", "bind"}) {
        if (name == out) return true;
    }
    return false;
}

const std::deque<ConnectCopy>& connect_copies() {
    static const std::deque<ConnectCopy> copies = [] {
        std::deque<ConnectCopy> out;
        const auto add = [&](std::span<const tools::ConnectRow> rows) {
            for (const tools::ConnectRow& row : rows) {
                if (is_left_out(row.flag.long_name)) continue;
                ConnectCopy copy{row.flag, &row};
                if (std::string_view("cdiILMAS").find(row.flag.short_name) !=
                    std::string_view::npos) {
                    copy.flag.short_name = 0;
                }
                if (row.flag.long_name == "url") copy.flag.repeatable = true;
                for (const auto& [name, alias] : kOtherNames) {
                    if (row.flag.long_name == name) copy.flag.aliases = alias;
                }
                out.push_back(copy);
            }
        };
        add(tools::connection_rows());
        add(tools::session_rows());
        add(tools::tls_rows());
        return out;
    }();
    return copies;
}

bool apply_connect(BenchSettings& settings, const FlagUse& use) {
    for (const ConnectCopy& copy : connect_copies()) {
        if (&copy.flag != use.flag) continue;
        if (copy.flag.long_name == "url") {
            settings.urls.push_back(use.word());
        }
        copy.row->apply(settings.connect, FlagUse{&copy.row->flag, use.words, use.from_file});
        return true;
    }
    return false;
}

// -h a,b: one after the other, for the rest alike.
std::vector<Endpoint> split_hosts(const Endpoint& endpoint) {
    std::vector<Endpoint> out;
    if (endpoint.transport == Transport::unix_socket) return {endpoint};
    for (std::string_view rest = endpoint.host; !rest.empty();) {
        const std::string_view one = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        if (one.empty()) continue;
        out.push_back(endpoint);
        out.back().host = one;
    }
    return out.empty() ? std::vector{endpoint} : out;
}

void set_targets(BenchSettings& s) {
    Spec& spec = s.spec;
    const bool version_given = s.connect.version.has_value();
    s.connect.no_delay = true;
    spec.connect = tools::make_connect_options(s.connect);
    spec.connect.fall_back_to_3_1_1 = !version_given;
    spec.connect.tcp_no_delay = !s.nagle;
    if (s.urls.size() <= 1) {
        spec.targets = split_hosts(spec.connect.endpoint);
        spec.connect.endpoint = spec.targets.front();
        return;
    }
    for (const std::string& url : s.urls) {
        const auto parsed = parse_url(url);
        if (!parsed.ok()) throw UsageError(fmt::format("'{}': {}", url, parsed.error().detail));
        spec.targets.push_back(parsed->endpoint);
    }
}

}  // namespace

const std::vector<const Flag*>& bench_flags() {
    static const std::vector<const Flag*> flags = [] {
        std::vector<const Flag*> out;
        tools::append_flags(out, load_rows());
        tools::append_flags(out, message_rows());
        tools::append_flags(out, client_rows());
        tools::append_flags(out, scenario_rows());
        tools::append_flags(out, output_rows());
        tools::append_flags(out, search_rows());
        tools::append_flags(out, team_rows());
        for (const ConnectCopy& copy : connect_copies())
            out.push_back(&copy.flag);
        // -o is the result's file here.
        static std::deque<Flag> general;
        for (const Flag& flag : tools::general_flags()) {
            general.push_back(flag);
            if (flag.short_name == 'o') general.back().short_name = 0;
            out.push_back(&general.back());
        }
        return out;
    }();
    return flags;
}

void apply_flags(BenchSettings& settings, std::span<const FlagUse> uses) {
    for (const FlagUse& use : uses) {
        if (apply_connect(settings, use)) continue;
        if (tools::apply_flag(load_rows(), settings, use)) continue;
        if (tools::apply_flag(message_rows(), settings, use)) continue;
        if (tools::apply_flag(client_rows(), settings, use)) continue;
        if (tools::apply_flag(scenario_rows(), settings, use)) continue;
        if (tools::apply_flag(output_rows(), settings, use)) continue;
        if (tools::apply_flag(search_rows(), settings, use)) continue;
        tools::apply_flag(team_rows(), settings, use);
    }
}

void finish_settings(BenchSettings& s) {
    Spec& spec = s.spec;
    const Command command = spec.command;
    if (s.rate_given && s.interval_given && command != Command::conn) {
        throw UsageError(
            "options '-R' and '-I' together: -R is messages per second of all "
            "publishers here; connections per second are --conn-rate");
    }
    if (command == Command::conn && s.rate_given) spec.connect_rate = spec.rate;
    const int brokers = (spec.embedded ? 1 : 0) + (spec.spawn.empty() ? 0 : 1) +
                        (spec.broker_pid != 0 ? 1 : 0) + (spec.broker_cgroup.empty() ? 0 : 1);
    if (brokers > 1) {
        throw UsageError(
            "--embedded, --spawn, --broker-pid and --broker-cgroup exclude each other");
    }
    if (command == Command::sub && !s.duration_given) spec.warmup = std::chrono::nanoseconds(0);
    if (spec.warmup_until_steady && command == Command::conn) {
        throw UsageError("option '--warmup': auto is for messages, conn has none");
    }
    // A connect-only run lasts as long as its connections are held.
    if (command == Command::conn && spec.hold.count() == 0 && s.duration_given) {
        spec.hold = spec.duration;
    }
    if (!s.clean) {
        if (!s.connect.session_expiry) s.connect.keep_session = true;
        s.connect.client_id = spec.client_id;  // each connection has its own
    }
    try {
        spec.sources = expand_sources(s.sources);
    } catch (const std::invalid_argument& error) {
        throw UsageError(error.what());
    }
    set_targets(s);
    if (!s.clean) spec.connect.clean_start = false;
    const Properties publish = s.connect.publish_properties.view();
    const auto expiry = publish.number(PropertyId::message_expiry_interval);
    if (expiry) spec.expiry_seconds = expiry;
    spec.properties = tools::without(publish, PropertyId::message_expiry_interval);
    spec.subscribe_properties = s.connect.subscribe_properties;
}

BenchSettings make_settings(Command command, std::span<const FlagUse> uses,
                            std::string command_line) {
    BenchSettings s;
    s.spec.command = command;
    s.spec.command_line = std::move(command_line);
    apply_flags(s, uses);
    finish_settings(s);
    return s;
}

}  // namespace mqtt::bench
