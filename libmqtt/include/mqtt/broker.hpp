// An MQTT broker to embed: give it a configuration, start it, it runs on threads of its own.
// Used by mqtt-broker-lite, by mqtt-bench --embedded and by tests. Shows no socket, no TLS type.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/bridge.hpp"
#include "mqtt/endpoint.hpp"
#include "mqtt/error.hpp"
#include "mqtt/limits.hpp"
#include "mqtt/options.hpp"
#include "mqtt/scram.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

// What clients of one listener may do. All of it is enforced; what MQTT 5.0 can tell a client in
// CONNACK is told.
struct ListenerLimits {
    std::uint32_t maximum_packet_size = 0;  // bytes that a client may send; 0: the protocol's
    std::uint32_t maximum_connect_packet_size = 65'536;  // bytes, before a client is accepted
    std::uint16_t receive_maximum = 1'000;   // QoS 1/2 PUBLISH a client may have unacknowledged
    std::uint16_t topic_alias_maximum = 64;  // aliases that a client may set
    std::uint16_t outgoing_topic_alias_maximum = 65'535;  // that it gets, as far as it keeps them
    std::size_t maximum_connections = 0;                  // at a time; 0: no limit of its own
    QoS maximum_qos = QoS::exactly_once;
    bool retain_available = true;
    bool wildcard_subscription_available = true;
    bool subscription_identifiers_available = true;
    bool shared_subscription_available = true;

    bool operator==(const ListenerLimits&) const = default;
};

// Where a client's user name comes from: its CONNECT, or what its TLS handshake proved, which needs no
// password then.
enum class UserNameSource : std::uint8_t { packet, common_name, subject };

// The header of the PROXY protocol that a listener behind HAProxy or Nginx gets first.
enum class ProxyHeader : std::uint8_t { none, v1, v2 };

struct ListenerConfig {
    // Transport, address, port (0: the kernel chooses), path of a Unix socket. An empty host is
    // every address of IPv4 and IPv6; "localhost" is 127.0.0.1 and ::1.
    Endpoint endpoint;
    TlsOptions tls;
    // Origins of web pages that may connect, "https://example.org", or "*". Empty: pages of the same host.
    // Host must be an address, a name of this machine or of its certificate, or the host of an origin here.
    std::vector<std::string> websocket_origins = {};
    unsigned unix_mode = 0660;
    // Only the addresses of the interface of this name; an empty host is all of them.
    std::string interface = {};
    // Listening sockets that are there already (socket activation): taken over, in place of opening
    // some for `endpoint`, and closed at the end.
    std::vector<int> sockets = {};
    // tcp, tls and Unix sockets: WebSocket is accepted as well. The first byte tells them apart.
    bool shares_websocket = false;
    // HTTP is answered here: console page, API, metrics; a WebSocket upgrade becomes an MQTT connection.
    // tcp, tls and Unix sockets. Where others than programs of this machine may come, every request
    // needs a user name and password, so that `authenticate` must be set. Requests of web pages are
    // answered for `websocket_origins` and the page itself.
    bool serves_http = false;
    // The files of this folder are answered to GET, to everybody: on a listener for HTTP beside the API,
    // in place of the console page when it has an index.html; on one for WebSocket as all that HTTP is.
    // Symbolic links in it are not followed, names that begin with a dot are not there.
    std::string http_folder = {};
    // Connections of proxy_peers begin with this header; its client address counts from then on, for the
    // log, `maximum_connections_per_address` and logins. Others are as without a proxy: what looks like a
    // header is a malformed packet. Each is_address_range; empty: every peer is a proxy.
    ProxyHeader proxy_header = ProxyHeader::none;
    std::vector<std::string> proxy_peers = {};
    bool proxy_requires_tls = false;  // v2: refuse clients that did not reach the proxy over TLS
    ListenerLimits limits;
    // common_name: of the client's certificate, here or as the v2 header of the proxy tells, or the
    // identity of its pre-shared key. A client without is refused.
    UserNameSource user_name_source = UserNameSource::packet;
    bool user_name_is_client_id = false;  // a client without user name is refused
    // Put in front of every topic and filter of this listener's clients, and taken off what they get: they
    // see the part of the topics below it as if it were all. Rights are asked for the whole topic.
    std::string mount_point = {};
    std::string assigned_id_prefix = {};               // empty: the broker's
    std::optional<bool> empty_client_id_allowed = {};  // not set: the broker's
    std::vector<ProtocolVersion> versions = {};        // accepted; empty: all
};

// Who is at the door. Views are valid during the callback.
struct LoginRequest {
    std::string_view client_id;
    std::optional<std::string_view> user_name;
    std::optional<Bytes> password;
    bool is_identified = false;  // TLS has proved the user name
    std::string_view peer_address;
    std::size_t listener = 0;  // index into BrokerConfig::listeners
    ProtocolVersion version = ProtocolVersion::v5;
};

// What a line of the log is about, for logs that programs read. Empty members are not about it. Views are valid
// during the call, and what clients chose stands in them as it came.
struct LogDetails {
    std::string_view event =
        {};  // client_connected, client_disconnected, client_refused, limit, received, ...
    std::string_view client_id = {};
    std::string_view user_name = {};
    std::string_view address = {};  // of the client
    std::string_view packet = {};   // its name, for received and sent
    std::string_view topic = {};    // or filter
    std::string_view limit = {};    // its name under $SYS/broker/limits
    std::optional<ReasonCode> reason = {};
};

enum class Access : std::uint8_t { publish, subscribe, deliver };

struct AccessRequest {
    Access access = Access::publish;
    std::string_view client_id;
    std::string_view user_name;  // empty: anonymous
    std::string_view topic;      // topic name, or the filter of a subscription
    std::size_t listener = 0;    // where the client came in: index into BrokerConfig::listeners
};

// What becomes of a QoS 1/2 message that meets a full queue.
enum class QueueOverflow : std::uint8_t {
    newest,      // it is dropped, as mosquitto does
    oldest,      // the oldest in the queue is
    disconnect,  // it is dropped, and the subscriber disconnected with 0x97
    block,  // it is queued, and its acknowledgement withheld until there is room again; messages
            // to clients that are away are dropped. Needs threads = 1.
};

// What outlives the broker's process: retained messages, and sessions that outlive their connection
// with subscriptions, queues and exchanges under way.
enum class Persistence : std::uint8_t {
    off,
    batch,   // written every 100 ms: survives the end of the process up to the last time
    strict,  // what promises something (PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, CONNACK of such a
             // session) leaves when it is on disk.
};

struct BrokerConfig {
    std::vector<ListenerConfig> listeners;
    std::vector<BridgeConfig> bridges = {};
    // Event loops, each with its own thread. More than one pays only when one core is full.
    unsigned threads = 1;

    std::chrono::milliseconds connect_timeout{10'000};  // accepted to CONNECT, handshakes included
    // Seconds: told to 5.0 clients that ask for more; 3.x clients are refused. 0: whatever they ask for.
    std::uint16_t maximum_keep_alive = 0;
    std::uint32_t maximum_session_expiry = kNeverExpires;  // seconds; a longer wish is cut to this
    // 3.x clients with Clean Session 0: how long their session is kept, seconds.
    std::uint32_t persistent_session_expiry = kNeverExpires;
    std::size_t maximum_connections = 0;              // 0: what the descriptor limit allows
    std::size_t maximum_connections_per_address = 0;  // 0: no limit
    double maximum_connect_rate =
        0;  // per second and listener; over it accepting waits. 0: no limit
    std::size_t maximum_sessions = 0;  // connected or kept; 0: no limit
    // Per client and second; over it reading from the client waits. 0: no limit.
    double maximum_publish_rate = 0;
    std::size_t maximum_payload_size = 0;   // a larger PUBLISH is refused; 0: no limit
    std::size_t maximum_subscriptions = 0;  // per client; 0: no limit
    std::size_t maximum_topic_levels = 200;

    std::string client_id_prefix;  // others are refused; empty: none are
    std::string assigned_id_prefix = "auto-";
    bool empty_client_id_allowed = true;  // false: refused in 3.x; 5.0 always gets one assigned
    // Refuse (0x99) payloads and wills that are marked as UTF-8 text and are none. Off, nobody looks.
    bool check_payload_format = false;
    // Told to 5.0 clients that ask for Response Information: what their response topics begin with. %c
    // becomes the client id, %u the user name. Empty: they are told nothing.
    std::string response_information;
    // Deliver with the QoS of the subscription even when that of the message is lower.
    bool upgrade_outgoing_qos = false;

    // Per client: QoS 1/2 messages sent and not yet acknowledged (a client's Receive Maximum may
    // ask for less); mosquitto has 20, which leaves a fast link idle.
    std::uint16_t maximum_inflight = 1'000;
    // The same in bytes of payload: the next one leaves while fewer are under way, so that a larger message
    // goes alone. For connections to come; 0: no limit.
    std::size_t maximum_inflight_bytes = 0;
    // Per client: what waits behind that window or for the client's return. What a limit drops is
    // counted and told once per client. 0: no limit.
    std::size_t maximum_queued_messages = 1'000;
    std::size_t maximum_queued_bytes = 64 * 1024 * 1024;
    QueueOverflow queue_overflow = QueueOverflow::newest;
    bool queue_qos0_offline = false;
    // Per client: bytes of output that its socket does not take, after which QoS 0 is dropped.
    std::size_t output_budget_bytes = 4 * 1024 * 1024;
    // Retained messages; 0: no limit.
    std::size_t maximum_retained_messages = 0;

    Persistence persistence = Persistence::off;
    std::string store_file;  // a SQLite database, made when it is missing; one broker for each
    // With persistence: bytes of waiting messages of all clients together that are kept in memory, too.
    // What is queued beyond is on the disk only until its turn comes. 0: no limit.
    std::size_t queue_memory = 64 * 1024 * 1024;

    // Memory of messages, queues, subscriptions and buffers, all threads together; 0: no limit. From
    // 7/8 of it on (until less than 3/4 are in use) CONNECT, SUBSCRIBE and PUBLISH with QoS > 0 are refused (0x97; 3.x: CONNACK 3, the
    // connection of a publisher ends), QoS 0 is dropped. Over it the largest queues are thrown away
    // and their clients disconnected.
    std::size_t memory_limit = 0;

    std::size_t match_cache_bytes = 8 * 1024 * 1024;  // per thread
    std::size_t ring_bytes = 1024 * 1024;             // per pair of threads

    std::chrono::seconds sys_interval{10};           // $SYS; 0: none
    std::chrono::milliseconds drain_timeout{1'000};  // how long a last packet may take to leave
    std::string version_text = "libmqtt broker";     // $SYS/broker/version

    // Lines in mosquitto's style. Called on the loops' threads, several at a time when `threads` is
    // over one; must not block. With `log_packets` one line per packet (mosquitto's -v), too.
    LogSink log;
    // In its place for lines that have details, when it is set.
    std::function<void(LogLevel, std::string_view, const LogDetails&)> log_details;
    bool log_packets = false;
    // With these the packets of some clients alone, and the messages of topics that match a filter.
    std::vector<std::string> trace_clients = {};
    std::vector<std::string> trace_topics = {};
    bool log_connections = true;     // who comes and goes
    bool log_subscriptions = false;  // "client 1 filter" for each, also without log_packets

    // Success or the reason of the refusal. Empty: everybody. Called on loop threads, where it must
    // not block, or with `login_threads` on threads of its own, several at a time, when there is a
    // password to check: so that a storm of logins does not stall traffic.
    std::function<ReasonCode(const LoginRequest&)> authenticate;
    unsigned login_threads = 0;
    std::size_t maximum_waiting_logins = 10'000;  // more are refused: server busy
    // Refusals after wrong passwords, when many came from one address (of IPv6: one /64) or for one user:
    // 200 ms after the first five, twice as long each time, at most this. One failure is forgotten every
    // five seconds. A right password is let in at once. 0: every refusal at once.
    std::chrono::milliseconds maximum_login_delay{5'000};
    // With `login_threads`: verdicts that are remembered, right ones and some wrong ones, and not asked for
    // again until forget_logins(). Only where nothing but listener, user name and password decides. 0: none.
    std::size_t remembered_logins = 0;
    // SCRAM-SHA-256 as authentication method of MQTT 5.0, at CONNECT and again later: the credentials of
    // `user_name`, or nothing for an unknown user. The password is proved to be known and never sent;
    // `authenticate` is not asked then. Called on loop threads, must not block. Empty: the method is
    // refused (0x8C), as all others are.
    std::function<std::optional<ScramCredentials>(const LoginRequest&)> scram_credentials;
    // Publishing, wills, subscribing, and every delivery, retained messages included; a delivery that
    // is not allowed is left out in silence. Empty: everything is allowed.
    std::function<bool(const AccessRequest&)> authorize;
    // Retained messages are sent only as long as the client that published them, by its client id and user
    // name, may do so: `authorize` is asked again. It is known of messages that came while there was an
    // `authorize`; those of the broker itself and of bridges without a local user are always sent.
    bool check_retain_source = true;
    // For `GET /api/explain`: what speaks against it, as a sentence. Loop threads, must not block.
    std::function<std::string(const AccessRequest&)> explain_authorize;
    // For `GET /api/config`: the configuration as in effect, without secrets. Empty: it is not told.
    std::function<std::string()> describe_configuration;
};

// Counters since the start and gauges of now, summed over all threads.
struct BrokerStats {
    std::chrono::seconds uptime{0};
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t packets_sent = 0;
    std::uint64_t publishes_received = 0;
    std::uint64_t publishes_sent = 0;
    std::uint64_t publish_bytes_received = 0;  // payload
    std::uint64_t publish_bytes_sent = 0;
    std::uint64_t messages_dropped = 0;     // by any limit: the sum of the three below
    std::uint64_t dropped_output_full = 0;  // QoS 0 to a client that does not read
    std::uint64_t dropped_queue_full = 0;   // QoS 1/2 over a session's queue limits
    std::uint64_t dropped_too_large = 0;    // over a client's Maximum Packet Size
    std::uint64_t messages_expired = 0;
    std::uint64_t publishes_refused = 0;  // into $SYS, or not authorised
    std::uint64_t sessions_expired = 0;
    std::uint64_t connects = 0;        // accepted CONNECTs
    std::uint64_t store_commits = 0;   // with persistence
    std::uint64_t store_failures = 0;  // each try to write or read that failed
    LimitHits limits;
    // gauges
    std::uint64_t sockets = 0;  // open connections, also before CONNECT
    std::uint64_t clients_connected = 0;
    std::uint64_t clients_maximum = 0;  // most connected at a time
    std::uint64_t sessions = 0;         // connected or kept
    std::uint64_t subscriptions = 0;
    std::uint64_t shared_subscriptions = 0;
    std::uint64_t retained_messages = 0;
    std::uint64_t retained_bytes = 0;
    std::uint64_t queued_messages = 0;
    std::uint64_t queued_bytes = 0;
    std::uint64_t queued_bytes_on_disk = 0;  // of these, in the store only
    std::uint64_t output_bytes = 0;          // staged for sockets that do not take them yet
    std::uint64_t output_packets = 0;
    std::uint64_t memory_bytes = 0;      // as memory_limit counts it
    std::uint64_t store_is_failing = 0;  // 1: it cannot be written, and what needs it is refused
    std::uint64_t store_commit_us = 0;   // how long the last commit took
};

namespace net {
class TlsContext;
}

// What the files of a TLS listener hold, read and found to fit together. Empty when they do not.
class ListenerTls {
public:
    ListenerTls();
    ~ListenerTls();
    ListenerTls(ListenerTls&&) noexcept;
    ListenerTls& operator=(ListenerTls&&) noexcept;

    // `message` says what is not right.
    static ListenerTls load(const TlsOptions& options, std::string* message);
    explicit operator bool() const { return context_ != nullptr; }

private:
    friend class Broker;
    std::unique_ptr<net::TlsContext> context_;
};

// All members but the constructor may be called from any thread except, where nothing else is said, a
// loop's own.
class Broker {
public:
    // Keeps the configuration; opens nothing. Throws std::invalid_argument when it contradicts
    // itself (no listener, no thread).
    explicit Broker(BrokerConfig config);
    // Stops at once when still running.
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    // The limits and log switches of `next` hold from now on; everything else of it is ignored (listeners,
    // threads, persistence, callbacks, and what has a table of its own: connect rates, caches,
    // retained messages, $SYS). Its listeners are those of the running broker, in their order.
    // What a client was promised in CONNACK stays with its connection. On failure nothing changes and
    // `message` says why.
    Status change_limits(const BrokerConfig& next, std::string* message = nullptr);
    // These bridges from now on. One that is known by its local client id and whose name and revision are
    // the same goes on undisturbed. One that differs says good-bye and connects anew, with the same
    // session: what waits for the remote broker goes out by the new lines. One that is gone ends with its
    // session and what waits there. On failure nothing changes and `message` says why.
    Status change_bridges(std::vector<BridgeConfig> bridges, std::string* message = nullptr);

    // Binds all listeners, then starts the threads. On failure nothing is left open and
    // `start_error` has the sentence for people (which listener, why, what to do).
    Status start();
    const std::string& start_error() const;
    // The listener that start_error() is about; none of them when it is about the store.
    std::size_t failed_listener() const;

    // Real addresses and ports, in the order of the listeners; one with two families has two.
    struct Bound {
        std::size_t listener = 0;
        Endpoint endpoint;
        bool serves_http = false;
    };
    const std::vector<Bound>& bound() const;

    // How many connections fit: maximum_connections, or what the limit of file descriptors leaves, which the
    // constructor raises as far as it may.
    std::size_t connection_limit() const;

    // Stops accepting, sends DISCONNECT 0x8B to 5.0 clients, writes out what is staged, closes,
    // joins the threads. Returns when done, at the latest after `deadline`. Wills are sent as the
    // standard says: the server's own shutdown is no orderly end for the client, but nobody is left
    // to hear.
    void stop(std::chrono::milliseconds deadline = std::chrono::milliseconds(2'000));

    // Certificates for connections to come, by listener; those that are there stay. Empty ones, and those that
    // are missing, leave a listener its old ones.
    void use_tls(std::vector<ListenerTls> loaded);

    // Passwords or users have changed: what is remembered of logins no longer counts.
    void forget_logins();

    // Any thread, the loops' too. A message of the broker itself, QoS 0, to whoever subscribes; topics
    // of $SYS as well.
    void publish(std::string topic, std::string payload);

    BrokerStats stats() const;
    const BrokerConfig& config() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mqtt
