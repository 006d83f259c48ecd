// Nanoseconds per operation of the codec, the output buffer, messages and topics; and allocations, which
// must be none in steady state. Prints one line per probe: best and median of the runs.
//   codec_bench [words of probe names...]
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "base/out_buffer.hpp"
#include "core/decode.hpp"
#include "core/encode.hpp"
#include "core/message.hpp"
#include "core/utf8.hpp"
#include "mqtt/topic.hpp"

namespace {
std::size_t g_allocations = 0;
}

// Not inlined: GCC would see new paired with free and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++g_allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace {

using namespace mqtt;
using namespace mqtt::core;

constexpr int kRuns = 101;  // short ones: on a busy machine the best of many is what the code costs
std::vector<std::string> g_wanted;

// Hides a value from the optimiser.
template <class T>
void keep(const T& value) {
    asm volatile("" : : "r,m"(value) : "memory");
}

double cpu_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <class Body>
void probe(const char* name, std::size_t operations, Body body) {
    const auto wanted = [&](const std::string& word) { return std::strstr(name, word.c_str()); };
    if (!g_wanted.empty() && std::ranges::none_of(g_wanted, wanted)) return;
    body(operations / 10 + 1);  // warm up: caches and pool
    std::vector<double> runs;
    const std::size_t before = g_allocations;
    runs.reserve(kRuns);
    const std::size_t own = g_allocations - before;
    for (int run = 0; run < kRuns; ++run) {
        const double from = cpu_nanoseconds();
        body(operations);
        runs.push_back((cpu_nanoseconds() - from) / static_cast<double>(operations));
    }
    const std::size_t allocations = g_allocations - before - own;
    std::ranges::sort(runs);
    std::printf("%-46s best %8.2f ns  median %8.2f ns  allocations %zu\n", name, runs.front(),
                runs[kRuns / 2], allocations);
}

// What one read of a loop brings: as many packets as fit into 64 KiB.
std::vector<std::uint8_t> stream_of(ProtocolVersion version, const Publish& publish) {
    base::OutBuffer out;
    encode(out, version, publish);
    const std::size_t packets = 65'536 / out.size_bytes();
    for (std::size_t i = 1; i < packets; ++i)
        encode(out, version, publish);
    std::vector<std::uint8_t> bytes(out.size_bytes());
    iovec part{};
    out.gather(&part, 1);
    std::memcpy(bytes.data(), part.iov_base, bytes.size());
    return bytes;
}

void decode_stream(const char* name, ProtocolVersion version, const Publish& publish) {
    const auto bytes = stream_of(version, publish);
    probe(name, 100'000, [&](std::size_t operations) {
        std::size_t at = 0;
        for (std::size_t i = 0; i < operations; ++i) {
            if (at == bytes.size()) at = 0;
            const FrameResult found = find_frame(Bytes(bytes).subspan(at), 1 << 20);
            const Result<Publish> packet = decode_publish(found.frame, version);
            if (!packet.ok()) std::abort();
            keep(packet->payload.data());
            at += found.frame.size;
        }
    });
}

void decode_probes(const std::string& payload) {
    PropertyList properties;
    properties.add(PropertyId::content_type, "text/plain").add_user("sensor", "17");
    Publish publish;
    publish.topic = "building/floor-3/temperature";
    publish.payload = as_bytes(payload);
    decode_stream("decode PUBLISH 3.1.1, 100 bytes, QoS 0", ProtocolVersion::v3_1_1, publish);
    decode_stream("decode PUBLISH 5.0, 100 bytes, QoS 0", ProtocolVersion::v5, publish);
    publish.topic = "楼/三层/温度";
    decode_stream("decode PUBLISH 5.0, Chinese topic", ProtocolVersion::v5, publish);
    publish.topic = "building/floor-3/temperature";
    publish.qos = QoS::at_least_once;
    publish.id = 77;
    decode_stream("decode PUBLISH 5.0, 100 bytes, QoS 1", ProtocolVersion::v5, publish);
    publish.properties = properties;
    decode_stream("decode PUBLISH 5.0, two properties", ProtocolVersion::v5, publish);
}

void ack_probe() {
    base::OutBuffer out;
    encode(out, ProtocolVersion::v5, Ack{PacketType::puback, 9, {}, {}});
    iovec part{};
    out.gather(&part, 1);
    const Bytes bytes(static_cast<const std::uint8_t*>(part.iov_base), part.iov_len);
    probe("decode PUBACK by decode()", 100'000, [&](std::size_t operations) {
        for (std::size_t i = 0; i < operations; ++i) {
            const FrameResult found = find_frame(bytes, 1 << 20);
            const Result<Packet> packet = decode(found.frame, ProtocolVersion::v5);
            keep(packet.ok());
        }
    });
}

// Fills and drains the buffer as a loop turn does: some 512 packets between two flushes.
template <class Append>
void encode_probe(const char* name, std::size_t per_flush, Append append) {
    probe(name, 100'000, [&](std::size_t operations) {
        base::OutBuffer out;
        for (std::size_t i = 0; i < operations; ++i) {
            append(out);
            if (i % per_flush == per_flush - 1) out.consume(out.size_bytes());
        }
        keep(out.size_bytes());
    });
}

void encode_probes(const std::string& payload) {
    OutgoingPublish outgoing;
    outgoing.topic = "building/floor-3/temperature";
    outgoing.payload = as_bytes(payload);
    const auto bytes = encoded_size(ProtocolVersion::v5, outgoing);
    const std::string blob(bytes, 'x');
    encode_probe("memcpy of the same size, 512 per flush", 512,
                 [&](base::OutBuffer& out) { out.append(as_bytes(blob)); });
    encode_probe("encode OutgoingPublish 5.0, 512 per flush", 512,
                 [&](base::OutBuffer& out) { encode(out, ProtocolVersion::v5, outgoing); });
    encode_probe("encode OutgoingPublish 5.0, 1 per flush", 1,
                 [&](base::OutBuffer& out) { encode(out, ProtocolVersion::v5, outgoing); });
    outgoing.qos = QoS::at_least_once;
    outgoing.id = 7;
    encode_probe("encode OutgoingPublish 3.1.1, QoS 1", 512,
                 [&](base::OutBuffer& out) { encode(out, ProtocolVersion::v3_1_1, outgoing); });
    Message::Init init;
    const std::string large(65'536, 'p');
    init.payload = as_bytes(large);
    const MessageRef message = Message::create(init);
    outgoing.payload = message->payload();
    outgoing.owner = message;
    encode_probe("encode OutgoingPublish, 64 KiB by reference", 64,
                 [&](base::OutBuffer& out) { encode(out, ProtocolVersion::v5, outgoing); });
    encode_probe("encode PUBACK 5.0", 512, [](base::OutBuffer& out) {
        encode(out, ProtocolVersion::v5, Ack{PacketType::puback, 9, {}, {}});
    });
}

void message_probes(const std::string& payload) {
    Message::Init init;
    init.topic = "building/floor-3/temperature";
    init.payload = as_bytes(payload);
    probe("message create and drop, 100 bytes", 100'000, [&](std::size_t operations) {
        for (std::size_t i = 0; i < operations; ++i)
            keep(Message::create(init).get());
    });
    std::vector<MessageRef> held(1000);
    probe("message create, 1000 held", 100'000, [&](std::size_t operations) {
        for (std::size_t i = 0; i < operations; ++i)
            held[i % 1000] = Message::create(init);
    });
}

void text_probes() {
    for (const std::size_t size : {7u, 20u, 64u, 1000u}) {
        const std::string ascii(size, 'x');
        const std::string name = "utf8, ASCII, " + std::to_string(size) + " bytes";
        probe(name.c_str(), 100'000, [&](std::size_t operations) {
            for (std::size_t i = 0; i < operations; ++i)
                keep(is_valid_utf8(ascii));
        });
    }
    std::string chinese;
    for (int i = 0; i < 100; ++i)
        chinese += "温度二";
    probe("utf8, Chinese, 900 bytes", 10'000, [&](std::size_t operations) {
        for (std::size_t i = 0; i < operations; ++i)
            keep(is_valid_utf8(chinese));
    });
    const std::string name = "building/floor-3/room/temperature";
    for (const auto* filter : {"building/+/room/#", "building/floor-3/room/temperature"}) {
        const std::string label = std::string("topic_matches ") + filter;
        probe(label.c_str(), 100'000, [&](std::size_t operations) {
            for (std::size_t i = 0; i < operations; ++i)
                keep(topic_matches(filter, name));
        });
    }
    probe("validate_topic_filter", 100'000, [&](std::size_t operations) {
        for (std::size_t i = 0; i < operations; ++i) {
            keep(validate_topic_filter("building/+/room/#").ok());
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    g_wanted.assign(argv + 1, argv + argc);
    const std::string payload(100, 'p');
    decode_probes(payload);
    ack_probe();
    encode_probes(payload);
    message_probes(payload);
    text_probes();
}
