// What to run, as plain data: filled from flags, presets or scenario files, echoed in reports.
// Defaults are those of the command line. Checks that need no network are in plan.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt-bench/load_change.hpp"
#include "mqtt-bench/outputs.hpp"
#include "mqtt-bench/pattern.hpp"
#include "mqtt-bench/schedule.hpp"
#include "mqtt/options.hpp"

namespace mqtt::bench {

enum class Command : std::uint8_t { conn, pub, sub, pubsub, rtt, run };
enum class Shape : std::uint8_t { pair, fanout, fanin, share, ring, mesh };
// off: plain payload, nothing is expected; count: plain payload, missing ones are counted; order:
// every stream; exact: the same, and any loss, duplicate or disorder fails the run.
enum class Verify : std::uint8_t { off, count, order, exact };
// What the clients of a group do. `answer` sends what it gets to the response topic.
enum class Role : std::uint8_t { pub, sub, both, idle, answer };
// What happens when a connection ends that the run did not end.
enum class OnClose : std::uint8_t { fail, ignore, reconnect };

std::string_view command_name(Command command);
std::string_view shape_name(Shape shape);
std::string_view role_name(Role role);

struct SizeShare {
    std::uint32_t from = 64;  // bytes, inclusive
    std::uint32_t to = 64;
    double weight = 1;
};
struct QosShare {
    QoS qos = QoS::at_most_once;
    double weight = 1;
};

// What one group of clients does; in Spec: what the flags say, and the defaults of all groups.
struct Traffic {
    std::string client_id = "bench-%r-%i";  // patterns: see pattern.hpp
    std::uint32_t start_number = 0;         // of %i
    double connect_rate = 0;                // per second; 0: as fast as 64 at a time go
    std::chrono::nanoseconds start{0};      // 0: connect before the run; else at this time in it
    OnClose on_close = OnClose::fail;
    double slow_share = 0;  // of the subscribers; they read at most slow_rate messages per second
    double slow_rate = 0;

    std::string topic = "bench/%i";
    std::uint32_t topics = 0;          // different values of %i in topics; 0: one per publisher
    std::vector<std::string> filters;  // patterns; empty: by shape

    // Load: open loop at `rate` messages per second of all publishers, or saturation
    double rate = 1000;
    double client_interval_ms = 0;  // -I: per client, instead of rate
    Arrival arrival = Arrival::uniform;
    Phase phase = Phase::spread;
    std::uint32_t burst_size = 1;
    double burst_period = 0;  // seconds per client; 0: as the rate says
    std::chrono::nanoseconds ramp{0};
    std::vector<RateProfile::Piece> steps;  // --vary-rate
    std::uint16_t inflight = 1000;          // QoS 1/2: min(this, Receive Maximum)
    std::vector<double> recorded_times;     // --replay: seconds; instead of a rate
    double recorded_period = 0;
    std::shared_ptr<const RecordedTopics> recorded_topics;  // for %{topic}
    std::uint64_t limit = 0;  // messages of all publishers of the group; 0: by time

    // Message
    QoS qos = QoS::at_most_once;            // the highest of the mix
    std::vector<QosShare> qos_mix;          // empty: qos
    QoS subscribe_qos = QoS::exactly_once;  // set to qos unless given
    bool subscribe_qos_given = false;
    bool retain = false;
    std::uint32_t payload_bytes = 64;           // the largest of `sizes`
    std::vector<SizeShare> sizes;               // empty: payload_bytes
    std::string content;                        // -m: text, @file, template:file; empty: made up
    std::vector<std::string> recorded;          // --replay: payloads, taken in turn
    std::vector<std::uint32_t> recorded_sizes;  // --trace: of payloads, instead
    PropertyList properties;                    // of PUBLISH, 5.0
    PropertyList subscribe_properties;          // of SUBSCRIBE, 5.0
    std::optional<std::uint32_t> expiry_seconds;
    Verify verify = Verify::order;
};

// Clients that are alike. Flags make one or two of them (shapes.cpp), scenario files any number.
struct Group : Traffic {
    std::string name;
    Role role = Role::pub;
    std::uint32_t clients = 1;
    std::uint32_t id_base = 0;  // added to %i in client ids
    bool round_trip = false;    // role both: gets back what it sent, by a group of role answer
    ConnectOptions connect;
    std::vector<Endpoint> targets;
};

// How a connection is ended on purpose: closed, after DISCONNECT, or with a TCP reset.
enum class Ending : std::uint8_t { close, disconnect, reset };

// How messages share writes in an open loop. automatic: what is due in the same turn; off: every
// message is a write of its own; on: the generator wakes once in kCoalesceFor at most.
enum class Coalesce : std::uint8_t { automatic, off, on };
inline constexpr std::chrono::milliseconds kCoalesceFor{1};

// Something that happens to a group in the middle of the run.
struct Stage {
    enum class Action : std::uint8_t { drop, disconnect, connect, subscribe, unsubscribe, rate };
    std::chrono::nanoseconds at{0};  // after the start of the load, warm-up included
    Action action = Action::drop;
    std::string group;        // empty: all
    double fraction = 1;      // of the group's clients, or
    std::uint32_t count = 0;  // so many of them
    Ending ending = Ending::close;
    std::uint32_t repeat = 1;
    std::chrono::nanoseconds every{0};
    double rate = 0;                   // of action rate: messages per second of the group
    bool rate_each = false;            // of each of its clients
    std::chrono::nanoseconds over{0};  // changes evenly over this time
};

struct Target {
    Endpoint endpoint;
    bool given = false;  // by flag or URL, so not the default
};

struct Spec : Traffic {
    Command command = Command::pubsub;
    std::string command_line;  // as typed, for reports
    std::string scenario;      // name of the scenario, when one was run

    // Connections. `connect.endpoint` is the first target; clients go round the list.
    ConnectOptions connect;
    std::vector<Endpoint> targets;
    std::uint32_t clients = 0;         // -c: of conn, pub, sub; pairs of pubsub
    std::chrono::nanoseconds hold{0};  // conn: stay connected for so long

    // Topology
    Shape shape = Shape::pair;
    std::uint32_t publishers = 0;  // 0: by shape
    std::uint32_t subscribers = 0;
    std::string share_group = "bench";
    std::vector<Group> groups;  // of a scenario; otherwise made of the above by make_groups()
    std::vector<Stage> stages;

    // Saturation
    bool max = false;
    std::uint32_t batch = 32;                // messages per write
    std::uint32_t max_outstanding = 10'000;  // deliveries that may lag

    double churn = 0;  // share of all clients that is dropped and comes back, per second
    Ending churn_ending = Ending::disconnect;

    // Time
    std::chrono::nanoseconds warmup = std::chrono::seconds(1);
    bool warmup_until_steady = false;  // --warmup auto: warmup.hpp; `warmup` is not read then
    std::chrono::nanoseconds duration = std::chrono::seconds(10);  // after the warm-up
    std::chrono::nanoseconds cooldown{0};
    std::chrono::nanoseconds drain = std::chrono::seconds(5);
    std::chrono::nanoseconds max_lag = std::chrono::seconds(1);  // later: no open loop any more

    // Host
    std::uint32_t threads = 1;
    std::vector<int> cpus;         // --pin; worker i runs on cpus[i % size]
    bool precise = false;          // poll instead of sleeping while there is load
    std::uint64_t seed = 0;        // 0: drawn
    std::uint32_t run_id = 0;      // 0: drawn
    std::uint32_t agents = 1;      // load hosts that do this together: --agents
    std::uint32_t agent = 0;       // which of them this is
    int receive_buffer_bytes = 0;  // of sockets; 0: the system's
    int send_buffer_bytes = 0;
    Coalesce coalesce = Coalesce::automatic;
    bool resume_tls = false;
    std::vector<std::string> sources;  // --bind: local addresses, taken in turn
    std::vector<std::pair<std::string, std::string>> credentials;  // --auth-file, taken in turn

    // Broker beside it
    bool embedded = false;
    pid_t broker_pid = 0;
    std::string broker_cgroup;
    std::string spawn;
    bool sys_version = true;    // ask for $SYS/broker/version before the run
    bool sys_counters = false;  // compare with the counters under $SYS

    LoadChange change;  // of find and vs: made already, noted for other load hosts

    // Judging and output
    std::vector<std::string> assertions;
    bool abort_on_fail = false;  // end the run when an assertion cannot hold as it goes
    Outputs outputs;
    std::string hdr_file;
    std::string lines_file;  // --jsonl: a JSON line per second, as it goes
    std::string prometheus;  // address to serve figures at: "127.0.0.1:9090"
    bool silent = false;     // no live line
    bool color = true;       // if the terminal wants it
    int frames_per_second = 5;

    // Of this host: its workers are the run's [first_worker(), first_worker() + threads).
    std::uint32_t workers() const { return threads * agents; }
    std::uint32_t first_worker() const { return threads * agent; }
};

}  // namespace mqtt::bench
