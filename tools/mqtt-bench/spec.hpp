// What to run, as plain data: filled from flags, presets or scenario files, echoed in reports.
// Defaults are those of the command line. Checks that need no network are in plan.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "mqtt-bench/schedule.hpp"
#include "mqtt/options.hpp"

namespace mqtt::bench {

enum class Command : std::uint8_t { conn, pub, sub, pubsub };
enum class Shape : std::uint8_t { pair, fanout, fanin, share };
enum class Verify : std::uint8_t { off, count, order };

std::string_view command_name(Command command);
std::string_view shape_name(Shape shape);

struct Target {
    Endpoint endpoint;
    bool given = false;  // by flag or URL, so not the default
};

struct Spec {
    Command command = Command::pubsub;
    std::string command_line;  // as typed, for reports

    // Connections. `connect.endpoint` is the first target; clients go round the list.
    ConnectOptions connect;
    std::vector<Endpoint> targets;
    std::string client_id = "bench-%r-%i";  // %r run id, %i number of the client
    double connect_rate = 0;                // per second; 0: as fast as 64 at a time go
    std::uint32_t clients = 0;              // -c: of conn, pub, sub; pairs of pubsub
    std::chrono::nanoseconds hold{0};       // conn: stay connected for so long

    // Topology
    Shape shape = Shape::pair;
    std::uint32_t publishers = 0;  // 0: by shape
    std::uint32_t subscribers = 0;
    std::uint32_t topics = 0;
    std::string topic = "bench/%i";
    std::string share_group = "bench";

    // Load: open loop at `rate` messages per second of all publishers, or saturation
    double rate = 1000;
    double client_interval_ms = 0;  // -I: per client, instead of rate
    bool max = false;
    std::uint32_t batch = 32;                // saturation: messages per write
    std::uint32_t max_outstanding = 10'000;  // saturation: deliveries that may lag
    Arrival arrival = Arrival::uniform;
    Phase phase = Phase::spread;
    std::uint32_t burst_size = 1;
    double burst_period = 0;  // seconds per client; 0: as the rate says
    std::chrono::nanoseconds ramp{0};
    std::vector<RateProfile::Piece> steps;  // --vary-rate
    std::uint16_t inflight = 1000;          // QoS 1/2: min(this, Receive Maximum)

    // Message
    QoS qos = QoS::at_most_once;
    QoS subscribe_qos = QoS::exactly_once;  // set to qos unless given
    bool subscribe_qos_given = false;
    bool retain = false;
    std::uint32_t payload_bytes = 64;
    Verify verify = Verify::order;

    // Time
    std::chrono::nanoseconds warmup = std::chrono::seconds(1);
    std::chrono::nanoseconds duration = std::chrono::seconds(10);  // after the warm-up
    std::chrono::nanoseconds cooldown{0};
    std::chrono::nanoseconds drain = std::chrono::seconds(5);
    std::uint64_t limit = 0;  // -L: messages of all publishers; 0: by duration

    // Host
    std::uint32_t threads = 1;
    std::vector<int> cpus;   // --pin; worker i runs on cpus[i % size]
    bool precise = false;    // poll instead of sleeping while there is load
    std::uint64_t seed = 0;  // 0: drawn

    // Broker beside it
    bool embedded = false;
    pid_t broker_pid = 0;
    std::string broker_cgroup;
    std::string spawn;

    // Judging and output
    std::vector<std::string> assertions;
    std::string json_file;
    std::string csv_file;
    std::string hdr_file;
    bool silent = false;  // no live line
};

}  // namespace mqtt::bench
