// What connections are and what happens to them: ids, credentials, source addresses, pace, sessions,
// drops, slow readers.
#include <fmt/format.h>

#include <array>
#include <fstream>

#include "common/units.hpp"
#include "mqtt-bench/bench_flags.hpp"

namespace mqtt::bench {
namespace {

using tools::FlagUse;
using tools::Takes;
using tools::UsageError;

constexpr std::string_view kClients = "Clients";

// "20%" or "0.2".
double to_share(const FlagUse& use, std::string_view text) {
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    const double value = tools::parse_number(use.typed(), text, 0, percent ? 100 : 1);
    return percent ? value / 100 : value;
}

// "20%/s".
void set_churn_share(BenchSettings& s, const FlagUse& use, std::string_view word) {
    double per = 1;
    if (word.ends_with("/s")) word.remove_suffix(2);
    if (word.ends_with("/m")) {
        word.remove_suffix(2);
        per = 60;
    }
    const bool percent = word.ends_with('%');
    if (percent) word.remove_suffix(1);
    const double share = tools::parse_number(use.typed(), word, 0, 1e6);
    s.spec.churn = (percent ? share / 100 : share) / per;
}

void set_churn(BenchSettings& s, const FlagUse& use) {
    set_churn_share(s, use, use.word());
}

// "drop=1%/s": links that end without a word, and sessions that go on.
void set_chaos(BenchSettings& s, const FlagUse& use) {
    constexpr std::string_view kDrop = "drop=";
    if (!use.word().starts_with(kDrop)) {
        throw UsageError(fmt::format("option '--chaos' needs drop=SHARE, not '{}'", use.word()));
    }
    set_churn_share(s, use, std::string_view(use.word()).substr(kDrop.size()));
    s.spec.churn_ending = Ending::close;
    s.spec.on_close = OnClose::reconnect;
    s.clean = false;
}

// "N@60s" or "20%@60s".
void add_storm(BenchSettings& s, const FlagUse& use) {
    const std::string_view word = use.word();
    const std::size_t at = word.find('@');
    if (at == std::string_view::npos) {
        throw UsageError(fmt::format("option '--storm' needs N@TIME or 20%@TIME, not '{}'", word));
    }
    Stage stage;
    stage.ending = s.storm_ending;
    if (word[at - (at > 0 ? 1 : 0)] == '%') {
        stage.fraction = to_share(use, word.substr(0, at));
    } else {
        stage.count = static_cast<std::uint32_t>(
            tools::parse_integer(use.typed(), word.substr(0, at), 1, 100'000'000));
    }
    stage.at = tools::parse_duration(use.typed(), word.substr(at + 1));
    s.spec.stages.push_back(stage);
}

// Of churn and of storms, those before it on the command line, too.
void set_ending(BenchSettings& s, const FlagUse& use) {
    const Ending ending = use.word() == "close" ? Ending::close
                          : use.word() == "rst" ? Ending::reset
                                                : Ending::disconnect;
    s.spec.churn_ending = s.storm_ending = ending;
    for (Stage& stage : s.spec.stages)
        stage.ending = ending;
}

void add_connect_number(BenchSettings& s, const FlagUse& use, PropertyId id, std::int64_t least) {
    const auto number = tools::parse_integer(use.typed(), use.word(), least, 65'535);
    s.connect.connect_properties.add(id, static_cast<std::uint32_t>(number));
    s.connect.version = ProtocolVersion::v5;
}

// "5%@100/s".
void set_slow(BenchSettings& s, const FlagUse& use) {
    const std::string_view word = use.word();
    const std::size_t at = word.find('@');
    if (at == std::string_view::npos) {
        throw UsageError(fmt::format("option '--slow-sub' needs SHARE@RATE, not '{}'", word));
    }
    s.spec.slow_share = to_share(use, word.substr(0, at));
    s.spec.slow_rate = tools::parse_rate(use.typed(), word.substr(at + 1));
}

void read_credentials(BenchSettings& s, const FlagUse& use) {
    std::ifstream file(use.word());
    if (!file) throw UsageError(fmt::format("option '--auth-file': cannot read '{}'", use.word()));
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.empty()) continue;
        const std::size_t comma = line.find(',');
        if (comma == std::string::npos) {
            throw UsageError(
                fmt::format("option '--auth-file': '{}' has a line without a comma", use.word()));
        }
        s.spec.credentials.emplace_back(line.substr(0, comma), line.substr(comma + 1));
    }
    if (s.spec.credentials.empty()) {
        throw UsageError(fmt::format("option '--auth-file': '{}' is empty", use.word()));
    }
}

void add_sources(BenchSettings& s, const FlagUse& use) {
    std::string_view rest = use.word();
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find(','));
        s.sources.emplace_back(one);
        rest = one.size() < rest.size() ? rest.substr(one.size() + 1) : std::string_view{};
    }
}

constexpr std::array kRows{
    BenchRow{{.long_name = "client-id",
              .aliases = "prefix id",
              .argument = "PATTERN",
              .category = kClients,
              .help = "client ids; %i is the number, %r the run's id",
              .initial = "bench-%r-%i"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.client_id = use.word();
                 if (use.word().find("%i") == std::string::npos) s.spec.client_id += "%i";
             }},
    BenchRow{{.long_name = "shortids",
              .takes = Takes::nothing,
              .category = kClients,
              .help = "client ids are just numbers"},
             [](BenchSettings& s, const FlagUse&) { s.spec.client_id = "%i"; }},
    BenchRow{{.long_name = "start-number",
              .short_name = 'n',
              .aliases = "startnumber",
              .argument = "N",
              .category = kClients,
              .help = "first value of %i",
              .initial = "0"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.start_number = static_cast<std::uint32_t>(
                     tools::parse_integer(use.typed(), use.word(), 0, 2'000'000'000));
             }},
    BenchRow{{.long_name = "auth-file",
              .argument = "FILE",
              .category = kClients,
              .help = "lines of user,password, taken in turn; -u and -P may have variables, too",
              .complete = tools::Complete::file},
             read_credentials},
    BenchRow{{.long_name = "clean",
              .short_name = 'C',
              .argument = "[BOOL]",
              .category = kClients,
              .help = "start without an old session",
              .details = "With --clean false sessions are kept and resumed; -x says for how long.",
              .initial = "true",
              .choices = "true false",
              .complete = tools::Complete::choices},
             [](BenchSettings& s, const FlagUse& use) { s.clean = use.word() != "false"; }},
    BenchRow{{.long_name = "no-clean",
              .takes = Takes::nothing,
              .category = kClients,
              .help = "as --clean false"},
             [](BenchSettings& s, const FlagUse&) { s.clean = false; }},
    BenchRow{{.long_name = "conn-rate",
              .aliases = "connrate",
              .argument = "RATE",
              .category = kClients,
              .help = "connections per second; as fast as 64 at a time go unless said"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.connect_rate = tools::parse_rate(use.typed(), use.word());
             }},
    BenchRow{{.long_name = "conn-interval",
              .short_name = 'i',
              .argument = "MS",
              .category = kClients,
              .help = "milliseconds between two connections, instead of a rate"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.connect_rate =
                     1000 / tools::parse_number(use.typed(), use.word(), 1e-3, 1e9);
             }},
    BenchRow{{.long_name = "bind",
              .aliases = "ifaddr",
              .argument = "ADDRESS,...",
              .category = kClients,
              .help = "local addresses and networks (10.0.0.0/28) to connect from, in turn",
              .details = "One address has about 28,000 ports per target. Where that is too little "
                         "and nothing is said, the addresses of this host are taken in turn; on "
                         "loopback 127.0.0.1, 127.0.0.2 and so on, already from 11,000 on.",
              .repeatable = true},
             add_sources},
    BenchRow{{.long_name = "start",
              .argument = "TIME",
              .category = kClients,
              .help = "connect at this time in the run instead of before it"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.start = tools::parse_duration(use.typed(), use.word());
             }},
    BenchRow{{.long_name = "on-close",
              .argument = "WHAT",
              .category = kClients,
              .help = "when the broker closes a connection: fail, ignore or reconnect",
              .initial = "fail",
              .choices = "fail ignore reconnect"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.on_close = use.word() == "fail"     ? OnClose::fail
                                   : use.word() == "ignore" ? OnClose::ignore
                                                            : OnClose::reconnect;
             }},
    BenchRow{{.long_name = "reconnect",
              .takes = Takes::nothing,
              .category = kClients,
              .help = "as --on-close reconnect"},
             [](BenchSettings& s, const FlagUse&) { s.spec.on_close = OnClose::reconnect; }},
    BenchRow{{.long_name = "churn",
              .argument = "SHARE",
              .category = kClients,
              .help = "so many clients disconnect and come back: 20%/s"},
             set_churn},
    BenchRow{{.long_name = "chaos",
              .argument = "drop=SHARE",
              .category = kClients,
              .help = "so many links are cut, come back and resume their sessions: drop=1%/s",
              .details = "As --churn SHARE --drop-mode close --reconnect --no-clean: the test of "
                         "what QoS 1 and 2 promise."},
             set_chaos},
    BenchRow{{.long_name = "storm",
              .argument = "N@TIME",
              .category = kClients,
              .help = "at this time N clients (or 20%) lose their connection and come back",
              .repeatable = true},
             add_storm},
    BenchRow{{.long_name = "drop-mode",
              .argument = "HOW",
              .category = kClients,
              .help = "how churn and storms end connections: close, disconnect or rst",
              .details = "close: the link ends; disconnect: with DISCONNECT; rst: with a TCP "
                         "reset. Unless said churn disconnects and storms close.",
              .choices = "close disconnect rst",
              .complete = tools::Complete::choices},
             set_ending},
    BenchRow{{.long_name = "receive-max",
              .argument = "N",
              .category = kClients,
              .help = "QoS 1 and 2 messages that the broker may send unacknowledged (5.0)"},
             [](BenchSettings& s, const FlagUse& use) {
                 add_connect_number(s, use, PropertyId::receive_maximum, 1);
             }},
    BenchRow{{.long_name = "topic-alias",
              .argument = "N",
              .category = kClients,
              .help = "topic aliases that the broker may use to subscribers (5.0)",
              .details = "Publishers use as many as the broker takes, always.",
              .initial = "0"},
             [](BenchSettings& s, const FlagUse& use) {
                 add_connect_number(s, use, PropertyId::topic_alias_maximum, 0);
             }},
    BenchRow{{.long_name = "slow-sub",
              .argument = "SHARE@RATE",
              .category = kClients,
              .help = "so many subscribers read slowly: 5%@100/s",
              .details = "When the load is over they read as fast as the others, so that loss is "
                         "what the broker has dropped."},
             set_slow},
    BenchRow{{.long_name = "tls-resume",
              .takes = Takes::nothing,
              .category = kClients,
              .help = "resume TLS sessions: whoever connects again offers the last ticket",
              .details = "Without it every handshake is a full one. The summary counts both."},
             [](BenchSettings& s, const FlagUse&) { s.spec.resume_tls = true; }},
    // What emqtt-bench says for what is always so here, or has another name.
    BenchRow{{.long_name = "wait-before-publishing",
              .short_name = 'w',
              .takes = Takes::nothing,
              .category = kClients,
              .help = "always so here",
              .hidden = true},
             [](BenchSettings&, const FlagUse&) {}},
    BenchRow{{.long_name = "lowmem",
              .short_name = 'l',
              .takes = Takes::nothing,
              .category = kClients,
              .help = "always so here",
              .hidden = true},
             [](BenchSettings&, const FlagUse&) {}},
    BenchRow{{.long_name = "max-random-wait",
              .argument = "MS",
              .category = kClients,
              .help = "as --phase random",
              .hidden = true},
             [](BenchSettings& s, const FlagUse& use) {
                 if (tools::parse_number(use.typed(), use.word(), 0, 1e9) > 0) {
                     s.spec.phase = Phase::random;
                 }
             }},
    BenchRow{{.long_name = "num-retry-connect",
              .argument = "N",
              .category = kClients,
              .help = "as --reconnect",
              .hidden = true},
             [](BenchSettings& s, const FlagUse& use) {
                 if (tools::parse_integer(use.typed(), use.word(), 0, 1'000'000) > 0) {
                     s.spec.on_close = OnClose::reconnect;
                 }
             }},
    BenchRow{{.long_name = "ssl",
              .short_name = 'S',
              .takes = Takes::nothing,
              .category = kClients,
              .help = "as --tls",
              .hidden = true},
             [](BenchSettings& s, const FlagUse&) { s.connect.tls.wanted = true; }},
};

}  // namespace

std::span<const BenchRow> client_rows() {
    return kRows;
}

}  // namespace mqtt::bench
