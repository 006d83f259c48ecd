// How messages and entries are written in chunks, and read: everything that they can say, bytes that are damaged, and the layout of earlier
// versions.
#include <doctest/doctest.h>

#include "broker/store/chunk.hpp"
#include "support/store_sql.hpp"
#include "support/stored_broker.hpp"
#include "support/temp_folder.hpp"

using namespace ::test;
using namespace mqtt;
using namespace mqtt::broker::store;

namespace {

// All that a chunk keeps, as text.
class ChunkText final : public ChunkItems {
public:
    std::string text;
    void on_message(Key key, const MessageRow& row) override {
        add(key, row.publisher, row.expires_at, int(row.qos), row.retain);
        text += std::string(row.topic) + '|' + std::string(as_text(row.properties)) + '|' +
                std::string(as_text(row.payload)) + '\n';
    }
    void on_entry(const EntryRow& row) override {
        add(row.key, row.session, row.message, row.packet_id, int(row.state), int(row.qos),
            row.retain, row.shared_tag);
        for (const std::uint32_t id : row.subscription_ids)
            add(id);
        text += '\n';
    }
    template <class... Numbers>
    void add(Numbers... numbers) {
        ((text += std::to_string(numbers) + ' '), ...);
    }
};

// Numbers of all sizes, and items with everything and with nothing.
void fill_extreme(Batch& batch, ChunkText& expected) {
    constexpr Key kMost = std::numeric_limits<std::int64_t>::max();
    const std::uint8_t property[] = {0x01, 0x01};
    const Key keys[] = {1 << 8, 2 << 8, kMost >> 1, kMost};
    const Key others[] = {0, ~Key{0}, kMost, 1};
    for (int i = 0; i < 4; ++i) {
        const std::string topic(i == 3 ? 65'535 : static_cast<std::size_t>(i), 't');
        const std::string payload(i == 1 ? 20'000 : static_cast<std::size_t>(i), 'p');
        core::Message::Init init;
        init.topic = topic;
        init.payload = as_bytes(payload);
        if (i % 2 == 1) init.properties = Properties(Bytes(property));
        init.qos = static_cast<QoS>(i % 3);
        init.retain = i % 2 == 0;
        init.publisher = others[i];
        if (i > 1) init.expires_at = TimePoint(std::chrono::milliseconds(i));
        batch.messages.push_back({keys[i], core::Message::create(init)});
        expected.on_message(keys[i], batch.row(*batch.messages.back().message));
    }
    batch.messages.push_back({kMost, {}});  // nobody needs it any more
    for (int i = 0; i < 4; ++i) {
        NewEntry& entry = batch.entries.emplace_back();
        entry.key = keys[i];
        entry.session = others[i];
        entry.message = i == 2 ? 0 : keys[3 - i];
        entry.qos = static_cast<QoS>(i % 3);
        entry.retain = i % 2 == 1;
        entry.state = static_cast<EntryState>(i);
        entry.packet_id = static_cast<PacketId>(i == 0 ? 0 : 65'536 - i);
        entry.shared_tag = i < 2 ? 0 : ~std::uint32_t{0};
        entry.subscription_id = i == 1 ? 268'435'455 : 0;
        const std::uint32_t many[] = {1, 200, 268'435'455};
        if (i == 3) entry.subscription_ids = core::SubscriptionIds::create(many);
        expected.on_entry(Batch::row(entry));
    }
    batch.entries.emplace_back().is_cancelled = true;
}

// A chunk as versions before the sixth wrote it: heads of fixed size. Messages 1 to `count` of shard 0, each with an entry
// of `session`.
std::string fixed_chunk(std::uint64_t session, int count) {
    std::string body;
    const auto put = [&](std::uint64_t value, int size) {
        for (int i = 0; i < size; ++i)
            body.push_back(static_cast<char>(value >> 8 * i));
    };
    put(static_cast<std::uint64_t>(count), 4);
    for (int i = 1; i <= count; ++i) {
        const std::string text = std::to_string(i);
        put(static_cast<std::uint64_t>(i) << 8, 8);
        put(~std::uint64_t{0} >> 1, 8);  // never expires
        put(7, 8);                       // publisher
        put(1, 4);                       // bytes of topic, properties, payload
        put(0, 4);
        put(text.size(), 4);
        put(1, 4);  // QoS; no retain flag
        body += "t" + text;
    }
    put(static_cast<std::uint64_t>(count), 4);
    for (int i = 1; i <= count; ++i) {
        put(static_cast<std::uint64_t>(i) << 8, 8);
        put(session, 8);
        put(static_cast<std::uint64_t>(i) << 8, 8);
        put(i == 1 ? 1 : 0, 4);      // identifiers
        put(0, 3);                   // packet id; queued
        put(i == 2 ? 1 | 4 : 1, 1);  // QoS, retain
        if (i == 1) put(268'435'455, 4);
    }
    return body;
}

}  // namespace

TEST_CASE("store: what goes into a chunk comes out, and a part of one is damaged") {
    Batch batch;
    batch.steady_offset = 1'000'000'000'000;
    ChunkText expected;
    fill_extreme(batch, expected);
    ChunkPart part;
    part.end_message = batch.messages.size();
    part.end_entry = batch.entries.size();
    std::vector<std::uint8_t> body(300'000, 0xFF);  // whatever was there before
    encode_chunk(batch, part, body);
    ChunkText found;
    CHECK(decode_chunk(body, found));
    CHECK((found.text == expected.text));
    for (std::size_t size = 0; size < body.size(); size += size < 300 ? 1 : 97) {
        const std::vector<std::uint8_t> cut(body.begin(), body.begin() + std::ptrdiff_t(size));
        ChunkText some;
        CHECK_FALSE(decode_chunk(cut, some));
    }
    // One byte changed: whatever it says, nothing is read beyond the end.
    for (std::size_t at = 0; at < 300; ++at) {
        std::vector<std::uint8_t> changed = body;
        changed[at] = static_cast<std::uint8_t>(~changed[at]);
        ChunkText some;
        static_cast<void>(decode_chunk(changed, some));
    }
}

TEST_CASE(
    "store: a chunk in the layout of earlier versions is read, by one thread and by several") {
    const TempFolder folder;
    const std::string old = folder.path() + "/old.db";
    {
        TestBroker broker(stored(old));
        leave_session(broker, "sub", "t", QoS::at_least_once);
    }
    const std::string session = value(old, "SELECT number FROM session");
    std::string hex;
    for (const char byte : fixed_chunk(std::stoull(session), 20)) {
        constexpr char kDigits[] = "0123456789abcdef";
        hex += {kDigits[static_cast<unsigned char>(byte) >> 4], kDigits[byte & 15]};
    }
    run_sql(old, ("INSERT INTO chunk VALUES (1, 0, 256, 5120, x'" + hex +
                  "'); DROP TABLE handover;"
                  "PRAGMA user_version = 5")
                     .c_str());
    CHECK(problems_of(old).empty());
    for (const unsigned threads : {1U, 3U}) {
        const std::string file = folder.path() + "/store" + std::to_string(threads);
        std::filesystem::copy(old, file);
        BrokerConfig config = stored(file);
        config.threads = threads;
        TestBroker broker(config);
        CHECK(broker->stats().queued_messages == 20);
        // What comes now is behind them, in the present layout.
        RawClient pub = broker.client("pub");
        for (int i = 21; i <= 40; ++i)
            pub.publish("t", std::to_string(i), QoS::at_least_once, static_cast<PacketId>(i));
        for (int i = 21; i <= 40; ++i)
            pub.expect<Ack>();
        RawClient sub = broker.client();
        CHECK(resume(sub, "sub").session_present);
        for (int i = 1; i <= 40; ++i) {
            const Publish got = sub.expect_publish("t", std::to_string(i));
            CHECK(got.retain == (i == 2));
            sub.ack(PacketType::puback, got.id);
        }
    }
}
