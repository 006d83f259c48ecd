// The tables of the store and the ways from older versions to this one. A version is never changed once
// released; a new one gets a new number and an upgrade.
#pragma once

namespace mqtt::broker::store {

// PRAGMA application_id: the file is ours ("MQTB").
inline constexpr int kApplicationId = 0x4D515442;
// PRAGMA user_version.
inline constexpr int kSchemaVersion = 7;

inline constexpr const char* kTransitTable =
    "CREATE TABLE transit (key INTEGER PRIMARY KEY, seed INTEGER NOT NULL,"
    "  shards INTEGER NOT NULL, shard INTEGER NOT NULL, filter TEXT NOT NULL,"
    "  topic TEXT NOT NULL, properties BLOB NOT NULL, payload BLOB NOT NULL,"
    "  qos INTEGER NOT NULL, retain INTEGER NOT NULL, expires_at INTEGER,"
    "  publisher INTEGER NOT NULL);";

// Messages and entries by the hundred (chunk.hpp), with the least and the greatest key of the entries;
// and what became of single ones of these: their present state, 4 when they are gone.
inline constexpr const char* kChunkTables =
    "CREATE TABLE chunk (number INTEGER PRIMARY KEY, shard INTEGER NOT NULL,"
    "  first INTEGER NOT NULL, last INTEGER NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE change (key INTEGER PRIMARY KEY, state INTEGER NOT NULL,"
    "  packet_id INTEGER NOT NULL);";

// Who published a retained message, when rights were checked: no client, no right to ask for again.
inline constexpr const char* kSourceColumns =
    "ALTER TABLE retained ADD COLUMN source_client TEXT;"
    "ALTER TABLE retained ADD COLUMN source_user TEXT;"
    "ALTER TABLE retained ADD COLUMN source_listener INTEGER;";

// Which shared subscription a message came through: the tag of the session's membership, 0 for none. Memberships
// that are there get one; of what waits it is not known any more.
inline constexpr const char* kSharedTags =
    "ALTER TABLE subscription ADD COLUMN shared_tag INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE entry ADD COLUMN shared_tag INTEGER NOT NULL DEFAULT 0;"
    "UPDATE subscription SET shared_tag = numbered.n FROM"
    "  (SELECT session, filter, row_number() OVER () AS n FROM subscription"
    "    WHERE filter LIKE '$share/%') AS numbered"
    "  WHERE subscription.session = numbered.session AND subscription.filter = numbered.filter;";

// New chunks have a layout of their own, which tells itself from the one before.
inline constexpr const char* kCompactChunks = "";

// What waits for members of shared subscriptions that have left, and is on its way to other members.
inline constexpr const char* kHandoverTable =
    "CREATE TABLE handover (session INTEGER NOT NULL, shared_tag INTEGER NOT NULL,"
    "  filter TEXT NOT NULL, PRIMARY KEY (session, shared_tag)) WITHOUT ROWID;";

// From version 1 to 2, from 2 to 3 and so on.
inline constexpr const char* kUpgrades[] = {kTransitTable, kChunkTables,   kSourceColumns,
                                            kSharedTags,   kCompactChunks, kHandoverTable};
// Since which version these are there.
inline constexpr int kWithChunks = 3;
inline constexpr int kWithSharedTags = 5;
inline constexpr int kWithHandovers = 7;
// For who looks at a file of an older version and changes nothing: all columns of the present one.
inline constexpr const char* kShowWithoutSharedTags =
    "CREATE TEMP VIEW row_entry AS SELECT *, 0 AS shared_tag FROM main.entry;"
    "CREATE TEMP VIEW subscription AS SELECT *, 0 AS shared_tag FROM main.subscription;";
inline constexpr const char* kShowWithSharedTags =
    "CREATE TEMP VIEW row_entry AS SELECT * FROM main.entry;";
inline constexpr const char* kShowWithoutHandovers =
    "CREATE TEMP TABLE handover (session, shared_tag, filter);";

// Version 1. A new file gets it and the upgrades, so that there is one way to each version.
// Columns of a message are the same, and in the same order, wherever one is stored.
inline constexpr const char* kFirstSchema =
    "CREATE TABLE session (number INTEGER PRIMARY KEY, client_id TEXT NOT NULL,"
    "  expiry_interval INTEGER NOT NULL, ends_at INTEGER, is_online INTEGER NOT NULL,"
    "  user_name TEXT, listener INTEGER NOT NULL, will_at INTEGER, will_delay INTEGER,"
    "  will_expiry INTEGER, will_topic TEXT, will_properties BLOB, will_payload BLOB,"
    "  will_qos INTEGER, will_retain INTEGER);"
    "CREATE TABLE subscription (session INTEGER NOT NULL, filter TEXT NOT NULL,"
    "  options INTEGER NOT NULL, id INTEGER NOT NULL,"
    "  PRIMARY KEY (session, filter)) WITHOUT ROWID;"
    "CREATE TABLE message (key INTEGER PRIMARY KEY, topic TEXT NOT NULL,"
    "  properties BLOB NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL,"
    "  retain INTEGER NOT NULL, expires_at INTEGER, publisher INTEGER NOT NULL);"
    "CREATE TABLE entry (key INTEGER PRIMARY KEY, session INTEGER NOT NULL,"
    "  message INTEGER NOT NULL, packet_id INTEGER NOT NULL, state INTEGER NOT NULL,"
    "  qos INTEGER NOT NULL, retain INTEGER NOT NULL, subscription_ids BLOB NOT NULL);"
    "CREATE TABLE received_id (session INTEGER NOT NULL, packet_id INTEGER NOT NULL,"
    "  PRIMARY KEY (session, packet_id)) WITHOUT ROWID;"
    "CREATE TABLE retained (topic TEXT PRIMARY KEY,"
    "  properties BLOB NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL,"
    "  retain INTEGER NOT NULL, expires_at INTEGER, publisher INTEGER NOT NULL) WITHOUT ROWID;";

}  // namespace mqtt::broker::store
