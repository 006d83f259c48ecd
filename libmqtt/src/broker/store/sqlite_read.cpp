// Rows of SQLite to records.
#include "broker/store/sqlite_read.hpp"

#include <cstring>
#include <vector>

namespace mqtt::broker::store {
namespace {

template <class F>
int each_row(sqlite3* database, const char* sql, F&& f) {
    Statement rows;
    if (const int code = rows.prepare(database, sql); code != SQLITE_OK) return code;
    while (rows.next())
        f(rows);
    return rows.reset();
}

WillRow will_at(const Statement& row) {
    WillRow will;
    will.delay = static_cast<std::uint32_t>(row.number_at(8));
    if (!row.is_null(9)) will.expiry_interval = static_cast<std::uint32_t>(row.number_at(9));
    will.message.topic = row.text_at(10);
    will.message.properties = row.bytes_at(11);
    will.message.payload = row.bytes_at(12);
    will.message.qos = static_cast<QoS>(row.number_at(13));
    will.message.retain = row.number_at(14) != 0;
    return will;
}

void read_session(const Statement& row, Reader& reader) {
    SessionRow session;
    session.number = static_cast<Key>(row.number_at(0));
    session.client_id = row.text_at(1);
    session.expiry_interval = static_cast<std::uint32_t>(row.number_at(2));
    session.ends_at = row.is_null(3) ? kNever : row.number_at(3);
    session.is_online = row.number_at(4) != 0;
    session.has_identity = !row.is_null(5);
    session.user_name = row.text_at(5);
    session.listener = static_cast<std::uint64_t>(row.number_at(6));
    session.will_at = row.is_null(7) ? kNever : row.number_at(7);
    if (!row.is_null(10)) session.will = will_at(row);
    reader.on_session(session);
}

void read_subscription(const Statement& row, Reader& reader) {
    SubscriptionRow subscription;
    subscription.session = static_cast<Key>(row.number_at(0));
    subscription.filter = row.text_at(1);
    subscription.options = unpack_options(row.number_at(2));
    subscription.id = static_cast<std::uint32_t>(row.number_at(3));
    subscription.shared_tag = static_cast<std::uint32_t>(row.number_at(4));
    reader.on_subscription(subscription);
}

void read_retained(const Statement& row, Reader& reader) {
    RetainedRow retained{message_at(row, 1, row.text_at(0)), std::nullopt};
    // A file of version 3 that is only looked at lacks the column.
    if (row.columns() > 7 && !row.is_null(7)) {
        retained.source =
            Source{row.text_at(7), row.text_at(8), static_cast<std::size_t>(row.number_at(9))};
    }
    reader.on_retained(retained);
}

void read_transit(const Statement& row, Reader& reader) {
    TransitRow transit;
    transit.key = static_cast<Key>(row.number_at(0));
    transit.seed = static_cast<std::uint64_t>(row.number_at(1));
    transit.shards = static_cast<unsigned>(row.number_at(2));
    transit.shard = static_cast<unsigned>(row.number_at(3));
    transit.filter = row.text_at(4);
    transit.message = message_at(row, 6, row.text_at(5));
    reader.on_transit(transit);
}

}  // namespace

MessageRow message_at(const Statement& row, int column, std::string_view topic) {
    MessageRow message;
    message.topic = topic;
    message.properties = row.bytes_at(column);
    message.payload = row.bytes_at(column + 1);
    message.qos = static_cast<QoS>(row.number_at(column + 2));
    message.retain = row.number_at(column + 3) != 0;
    message.expires_at = row.is_null(column + 4) ? kNever : row.number_at(column + 4);
    message.publisher = static_cast<Key>(row.number_at(column + 5));
    return message;
}

EntryRow entry_at(const Statement& row, std::vector<std::uint32_t>& ids) {
    EntryRow entry;
    entry.key = static_cast<Key>(row.number_at(0));
    entry.session = static_cast<Key>(row.number_at(1));
    entry.message = static_cast<Key>(row.number_at(2));
    entry.packet_id = static_cast<PacketId>(row.number_at(3));
    entry.state = static_cast<EntryState>(row.number_at(4));
    entry.qos = static_cast<QoS>(row.number_at(5));
    entry.retain = row.number_at(6) != 0;
    const Bytes bytes = row.bytes_at(7);
    ids.resize(bytes.size() / sizeof(std::uint32_t));
    if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), ids.size() * sizeof(std::uint32_t));
    entry.subscription_ids = ids;
    entry.shared_tag = static_cast<std::uint32_t>(row.number_at(8));
    return entry;
}

int pack(const SubscriptionOptions& options) {
    return static_cast<int>(options.qos) | (options.no_local ? 4 : 0) |
           (options.retain_as_published ? 8 : 0) | static_cast<int>(options.retain_handling) << 4;
}

SubscriptionOptions unpack_options(std::int64_t bits) {
    SubscriptionOptions options;
    options.qos = static_cast<QoS>(bits & 3);
    options.no_local = (bits & 4) != 0;
    options.retain_as_published = (bits & 8) != 0;
    options.retain_handling = static_cast<RetainHandling>(bits >> 4 & 3);
    return options;
}

// Keys of the copies: above all that are there, of shard 0, as if it had made them.
int unshare_messages(sqlite3* database) {
    return sqlite3_exec(
        database,
        "BEGIN;"
        "CREATE TEMP TABLE extra AS SELECT key, message, row_number() OVER () AS n FROM ("
        "  SELECT key, message, row_number() OVER (PARTITION BY message ORDER BY key) AS place"
        "  FROM entry WHERE message != 0) WHERE place > 1;"
        "CREATE TEMP TABLE base AS SELECT coalesce(max(key), 0) / 256 * 256 AS top FROM message;"
        "INSERT INTO message SELECT top + n * 256, topic, properties, payload, qos, retain,"
        "  expires_at, publisher FROM extra JOIN message ON message.key = extra.message, base;"
        "UPDATE entry SET message ="
        "  (SELECT top + n * 256 FROM extra, base WHERE extra.key = entry.key)"
        "  WHERE key IN (SELECT key FROM extra);"
        "DROP TABLE extra; DROP TABLE base; COMMIT;",
        nullptr, nullptr, nullptr);
}

int read_sessions(sqlite3* database, Reader& reader) {
    int code = each_row(database, "SELECT * FROM session",
                        [&](const Statement& row) { read_session(row, reader); });
    if (code != SQLITE_OK) return code;
    code = each_row(database, "SELECT * FROM subscription",
                    [&](const Statement& row) { read_subscription(row, reader); });
    if (code != SQLITE_OK) return code;
    return each_row(database, "SELECT * FROM handover", [&](const Statement& row) {
        reader.on_handover({static_cast<Key>(row.number_at(0)),
                            static_cast<std::uint32_t>(row.number_at(1)), row.text_at(2)});
    });
}

int read_everything(sqlite3* database, Reader& reader) {
    int code = read_sessions(database, reader);
    if (code != SQLITE_OK) return code;
    for (const char* sql : {"SELECT * FROM message WHERE key IN"
                            "  (SELECT message FROM entry WHERE state != 0)",
                            "SELECT * FROM message WHERE key NOT IN"
                            "  (SELECT message FROM entry WHERE state != 0) ORDER BY key"}) {
        code = each_row(database, sql, [&](const Statement& row) {
            reader.on_message(static_cast<Key>(row.number_at(0)),
                              message_at(row, 2, row.text_at(1)));
        });
        if (code != SQLITE_OK) return code;
        reader.on_waiting_messages();
    }
    std::vector<std::uint32_t> ids;
    code = each_row(database, "SELECT * FROM entry ORDER BY key",
                    [&](const Statement& row) { reader.on_entry(entry_at(row, ids)); });
    return code == SQLITE_OK ? read_the_rest(database, reader) : code;
}

int read_the_rest(sqlite3* database, Reader& reader) {
    int code = each_row(database, "SELECT * FROM received_id", [&](const Statement& row) {
        reader.on_received_id(static_cast<Key>(row.number_at(0)),
                              static_cast<PacketId>(row.number_at(1)));
    });
    if (code != SQLITE_OK) return code;
    code = each_row(database, "SELECT * FROM retained",
                    [&](const Statement& row) { read_retained(row, reader); });
    Statement has_transits;  // a file of version 1 that is only looked at has none
    code = code != SQLITE_OK ? code
                             : has_transits.prepare(
                                   database, "SELECT 1 FROM sqlite_master WHERE name = 'transit'");
    if (code != SQLITE_OK || !has_transits.next()) return code;
    return each_row(database, "SELECT * FROM transit ORDER BY key",
                    [&](const Statement& row) { read_transit(row, reader); });
}

}  // namespace mqtt::broker::store
