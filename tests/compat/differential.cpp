// Carries out a script of operations of several clients against one broker and prints what the clients see:
// run against two brokers, the outputs must be the same. Used by tests/compat/differential.t.
//   differential PORT <script
// Script: a line per operation, `NAME COMMAND words...`; # begins a comment. A client finishes every
// exchange by itself unless it is told to `hold`; `see` prints what has come since, up to a PINGRESP.
//   NAME connect [v5|v311] [clean=0] [expiry=N] [maximum=N] [size=N] [will=TOPIC:PAYLOAD:QOS:RETAIN:DELAY]
//   NAME subscribe FILTER [qos=N] [nolocal] [rap] [rh=N] [id=N]
//   NAME unsubscribe FILTER
//   NAME publish TOPIC PAYLOAD [qos=N] [retain] [expiry=N] [user=NAME:VALUE] [type=TEXT]
//   NAME hold | see [sorted|highest] | disconnect [with-will] | cut | wait MILLISECONDS
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/decode.hpp"
#include "core/encode.hpp"
#include "core/frame.hpp"

namespace {

using namespace mqtt;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "differential: %s\n", why.c_str());
    std::exit(1);
}

// The words behind the command: "qos=1" and flags like "retain".
class Words {
public:
    explicit Words(std::istringstream& in) {
        for (std::string word; in >> word;)
            words_.push_back(word);
    }
    std::string at(std::size_t index) const {
        if (index >= words_.size()) give_up("a word is missing");
        return words_[index];
    }
    bool has(std::string_view flag) const {
        for (const std::string& word : words_)
            if (word == flag) return true;
        return false;
    }
    std::optional<std::string> value(const std::string& name) const {
        for (const std::string& word : words_)
            if (word.starts_with(name + '=')) return word.substr(name.size() + 1);
        return std::nullopt;
    }
    std::uint32_t number(const std::string& name, std::uint32_t otherwise) const {
        const auto text = value(name);
        return text ? static_cast<std::uint32_t>(std::stoul(*text)) : otherwise;
    }
    QoS qos() const { return static_cast<QoS>(number("qos", 0)); }

private:
    std::vector<std::string> words_;
};

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, separator);)
        parts.push_back(part);
    return parts;
}

class Client {
public:
    explicit Client(std::string name) : name_(std::move(name)) {}
    ~Client() { close(); }

    void connect(std::uint16_t port, const Words& words) {
        open(port);
        version_ = words.has("v311") ? ProtocolVersion::v3_1_1 : ProtocolVersion::v5;
        Connect packet;
        packet.version = version_;
        packet.client_id = name_;
        packet.clean_start = words.number("clean", 1) != 0;
        PropertyList properties;
        add_number(properties, words, "expiry", PropertyId::session_expiry_interval);
        add_number(properties, words, "maximum", PropertyId::receive_maximum);
        add_number(properties, words, "size", PropertyId::maximum_packet_size);
        if (version_ == ProtocolVersion::v5) packet.properties = properties.view();
        PropertyList of_will;
        std::vector<std::string> will;
        if (const auto text = words.value("will")) {
            will = split(*text, ':');
            if (will.size() < 5) give_up("will=TOPIC:PAYLOAD:QOS:RETAIN:DELAY");
            if (will[4] != "0") {
                of_will.add(PropertyId::will_delay_interval,
                            static_cast<std::uint32_t>(std::stoul(will[4])));
            }
            packet.will = WillView{static_cast<QoS>(will[2][0] - '0'), will[3] == "1",
                                   of_will.view(), will[0], as_bytes(will[1])};
        }
        send(packet);
        const Connack connack = await<Connack>();
        std::printf("%s connected, session present %d\n", name_.c_str(), connack.session_present);
    }

    void subscribe(const Words& words) {
        SubscriptionOptions options;
        options.qos = words.qos();
        options.no_local = words.has("nolocal");
        options.retain_as_published = words.has("rap");
        options.retain_handling = static_cast<RetainHandling>(words.number("rh", 0));
        FilterListBuilder filters(true);
        filters.add(words.at(0), options);
        PropertyList properties;
        add_number(properties, words, "id", PropertyId::subscription_identifier);
        send(Subscribe{++id_, properties.view(), filters.view()});
        std::printf("%s SUBACK %02x\n", name_.c_str(), await<Suback>().codes[0]);
    }

    void unsubscribe(const Words& words) {
        FilterListBuilder filters(false);
        filters.add(words.at(0));
        send(Unsubscribe{++id_, {}, filters.view()});
        const Unsuback unsuback = await<Unsuback>();
        std::printf("%s UNSUBACK", name_.c_str());
        for (const std::uint8_t code : unsuback.codes)
            std::printf(" %02x", code);
        std::printf("\n");
    }

    // Returns when the broker has it.
    void publish(const Words& words) {
        const QoS qos = words.qos();
        PropertyList properties;
        add_number(properties, words, "expiry", PropertyId::message_expiry_interval);
        if (const auto type = words.value("type")) properties.add(PropertyId::content_type, *type);
        if (const auto user = words.value("user")) {
            const auto pair = split(*user, ':');
            properties.add_user(pair.at(0), pair.at(1));
        }
        const PacketId id = qos == QoS::at_most_once ? PacketId{0} : ++id_;
        const std::string topic = words.at(0);
        const std::string payload = words.at(1) == "-" ? "" : words.at(1);
        send(Publish{false, qos, words.has("retain"), id, topic, properties.view(),
                     as_bytes(payload)});
        if (qos == QoS::at_most_once) return fence();
        await<Ack>();
        if (qos == QoS::at_least_once) return;
        send(Ack{PacketType::pubrel, id, ReasonCode::success, {}});
        await<Ack>();
    }

    void hold() { holds_ = true; }
    // Retained messages come in any order: `see sorted` compares them all the same. Overlapping
    // subscriptions may give a message more than once: `see highest` has its copy of the highest QoS.
    void see(const Words& words) {
        fence();
        if (words.has("sorted")) std::sort(seen_.begin(), seen_.end());
        if (words.has("highest")) keep_highest();
        for (const std::string& line : seen_)
            std::printf("%s sees %s\n", name_.c_str(), line.c_str());
        if (seen_.empty()) std::printf("%s sees nothing\n", name_.c_str());
        seen_.clear();
    }
    void disconnect(const Words& words) {
        send(Disconnect{
            words.has("with-will") ? ReasonCode::disconnect_with_will_message : ReasonCode::success,
            {}});
        while (read_more()) {  // until the broker has closed, too
        }
        close();
    }
    void cut() {
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

private:
    static void add_number(PropertyList& list, const Words& words, const std::string& name,
                           PropertyId id) {
        if (words.value(name)) list.add(id, words.number(name, 0));
    }
    void open(std::uint16_t port) {
        close();
        fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            give_up("nobody listens");
        }
    }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
        input_.clear();
        taken_ = 0;
        holds_ = false;
    }
    void send(const Packet& packet) {
        base::OutBuffer out;
        core::encode(out, version_, packet);
        while (!out.empty()) {
            iovec part{};
            out.gather(&part, 1);
            const ssize_t n = ::send(fd_, part.iov_base, part.iov_len, MSG_NOSIGNAL);
            if (n < 0) give_up(name_ + ": the connection is gone");
            out.consume(static_cast<std::size_t>(n));
        }
    }
    void fence() {
        send(Pingreq{});
        await<Pingresp>();
    }
    bool read_more() {
        pollfd poller{fd_, POLLIN, 0};
        if (::poll(&poller, 1, 10'000) <= 0) give_up(name_ + ": nothing comes");
        std::uint8_t buffer[4096];
        const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
        if (n > 0) input_.insert(input_.end(), buffer, buffer + n);
        return n > 0;
    }
    // The next packet of this kind; others are dealt with on the way.
    template <class T>
    T await() {
        for (;;) {
            input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(taken_));
            taken_ = 0;
            core::FrameResult found;
            while ((found = core::find_frame(Bytes(input_), 0)).status !=
                   core::FrameStatus::complete) {
                if (!read_more()) give_up(name_ + ": the broker has closed");
            }
            taken_ = found.frame.size;
            const auto packet = core::decode(found.frame, version_);
            if (!packet) give_up(name_ + ": what came cannot be decoded");
            if (const auto* publish = std::get_if<Publish>(&*packet)) {
                take(*publish);
                continue;
            }
            if (const auto* ack = std::get_if<Ack>(&*packet); ack && is_of_delivery(*ack)) continue;
            if (!std::holds_alternative<T>(*packet)) give_up(name_ + ": another packet came");
            return std::get<T>(*packet);
        }
    }
    bool is_of_delivery(const Ack& ack) {
        if (ack.type != PacketType::pubrel) return false;
        if (!holds_) send(Ack{PacketType::pubcomp, ack.id, ReasonCode::success, {}});
        return true;
    }
    void take(const Publish& publish) {
        std::ostringstream line;
        line << publish.topic << " q" << static_cast<int>(publish.qos) << " r" << publish.retain
             << " d" << publish.dup << " '" << as_text(publish.payload) << '\'';
        for (const PropertyView& property : publish.properties) {
            line << ' ' << property.info->name << '=';
            if (property.info->id == PropertyId::user_property)
                line << property.name << ':' << property.text;
            else if (property.info->type == PropertyType::utf8_string)
                line << property.text;
            else
                line << property.number;
        }
        seen_.push_back(line.str());
        if (holds_ || publish.qos == QoS::at_most_once) return;
        send(Ack{publish.qos == QoS::at_least_once ? PacketType::puback : PacketType::pubrec,
                 publish.id,
                 ReasonCode::success,
                 {}});
    }

    void keep_highest() {
        std::vector<std::string> kept;
        for (const std::string& line : seen_) {
            const std::size_t qos = line.find(" q") + 2;
            auto same = std::find_if(kept.begin(), kept.end(), [&](const std::string& other) {
                return other.substr(0, qos) == line.substr(0, qos) &&
                       other.substr(qos + 1) == line.substr(qos + 1);
            });
            if (same == kept.end())
                kept.push_back(line);
            else
                *same = std::max(*same, line);
        }
        seen_ = std::move(kept);
    }

    std::string name_;
    ProtocolVersion version_ = ProtocolVersion::v5;
    int fd_ = -1;
    PacketId id_ = 0;
    bool holds_ = false;
    std::vector<std::uint8_t> input_;
    std::size_t taken_ = 0;
    std::vector<std::string> seen_;
};

void carry_out(std::map<std::string, Client>& clients, std::uint16_t port,
               const std::string& line) {
    std::istringstream in(line);
    std::string name;
    std::string command;
    if (!(in >> name) || name.starts_with('#')) return;
    in >> command;
    const Words words(in);
    Client& client = clients.try_emplace(name, name).first->second;
    if (command == "connect") return client.connect(port, words);
    if (command == "subscribe") return client.subscribe(words);
    if (command == "unsubscribe") return client.unsubscribe(words);
    if (command == "publish") return client.publish(words);
    if (command == "hold") return client.hold();
    if (command == "see") return client.see(words);
    if (command == "disconnect") return client.disconnect(words);
    if (command == "cut") return client.cut();
    if (command != "wait") give_up("no such command: " + command);
    std::this_thread::sleep_for(std::chrono::milliseconds(std::stoi(words.at(0))));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) give_up("differential PORT <script");
    std::map<std::string, Client> clients;
    std::string line;
    while (std::getline(std::cin, line)) {
        if (line.starts_with("= "))
            std::printf("%s\n", line.c_str());
        else
            carry_out(clients, static_cast<std::uint16_t>(std::atoi(argv[1])), line);
    }
    return 0;
}
