// Rows in and out of SQLite, and what its errors mean.
#include "broker/store/open.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <iterator>
#include <unordered_set>

#include "broker/store/schema.hpp"
#include "broker/store/sqlite_copy.hpp"
#include "broker/store/sqlite_entries.hpp"
#include "broker/store/sqlite_gather.hpp"
#include "broker/store/sqlite_read.hpp"

namespace mqtt::broker::store {
namespace {

// Pages of the write-ahead log after which it is moved into the file while writing; before that it is
// done when there is nothing else to do.
constexpr int kCheckpointAt = 4096;

// A log that grows under load is filled with zeros ahead of what is written, so much at a time. It is written
// over and over: a sync that need not note a new length takes 110 us instead of 170, and 35 us of CPU
// instead of 60 (ext4). SQLite takes zeros for the end of the log.
constexpr int kFillBytes = 1 << 20;
constexpr int kFillPiece = 1 << 16;  // SQLite's own layer writes less than 128 KiB at a time
constexpr int kFillAhead = 128;      // pages
constexpr int kBusyLog = 64;         // pages
constexpr sqlite3_int64 kLogPageBytes = 4096 + 24;

enum Sql : std::size_t {
    put_session,
    drop_session,
    drop_session_subscriptions,
    drop_session_received_ids,
    put_subscription,
    drop_subscription,
    put_handover,
    drop_handover,
    put_received_id,
    drop_received_id,
    put_retained,
    drop_retained,
    put_transit,
    drop_transit,
    begin,
    commit,
    rollback,
    kStatements
};

constexpr std::array<const char*, kStatements> kSql = {
    "REPLACE INTO session VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    "DELETE FROM session WHERE number = ?",
    "DELETE FROM subscription WHERE session = ?",
    "DELETE FROM received_id WHERE session = ?",
    "REPLACE INTO subscription VALUES (?,?,?,?,?)",
    "DELETE FROM subscription WHERE session = ? AND filter = ?",
    "REPLACE INTO handover VALUES (?,?,?)",
    "DELETE FROM handover WHERE session = ? AND shared_tag = ?",
    "INSERT OR IGNORE INTO received_id VALUES (?,?)",
    "DELETE FROM received_id WHERE session = ? AND packet_id = ?",
    "REPLACE INTO retained VALUES (?,?,?,?,?,?,?,?,?,?)",
    "DELETE FROM retained WHERE topic = ?",
    "INSERT INTO transit VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
    "DELETE FROM transit WHERE key = ?",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
};

class SqliteBackend final : public Backend {
public:
    explicit SqliteBackend(std::string file) : file_(std::move(file)) {}

    Fault open(Durability durability);
    Fault read(Reader& reader, bool several_shards) override;
    Fault write(std::span<const Batch* const> batches) override;
    Fault find(std::span<const Key> messages, std::vector<FoundMessage>& found) override;
    Fault copy(const std::string& to, bool& is_done) override;
    void stop_copying() override { copy_.reset(); }
    void idle() override;

private:
    Fault execute(const char* sql);
    Fault fault(const char* doing) const;
    Fault check_owner();
    Fault upgrade();
    std::int64_t pragma(const char* sql);
    static int on_log(void* self, sqlite3* database, const char* name, int pages);
    void fill_log();
    int write_batch(const Batch& batch);
    int write_sessions(const Batch& batch);
    int write_subscriptions(const Batch& batch);
    int write_retained(const Batch& batch);
    int write_transits(std::span<const Batch* const> batches);
    Statement& of(Sql sql) { return statements_[sql]; }

    const std::string file_;
    Database database_;  // before the statements: it outlives them
    std::array<Statement, kStatements> statements_;
    SqliteEntries entries_;
    std::unique_ptr<Copy> copy_;  // while one is made
    bool does_sync_ = false;
    bool has_log_ = false;         // written since the last checkpoint
    int log_pages_ = 0;            // that are in use
    sqlite3_int64 log_bytes_ = 0;  // of its file, when last looked at
};

Fault SqliteBackend::fault(const char* doing) const {
    Fault fault;
    const int code = sqlite3_extended_errcode(database_.get());
    fault.is_full = (code & 0xFF) == SQLITE_FULL;
    fault.text = std::string(doing) + " '" + file_ + "': " + sqlite3_errmsg(database_.get());
    if ((code & 0xFF) == SQLITE_NOTADB) {
        fault.text = "'" + file_ +
                     "' is no store of this broker (mosquitto's own database cannot be read): "
                     "name another file";
    } else if ((code & 0xFF) == SQLITE_BUSY) {
        fault.text =
            "'" + file_ + "' is in use by another process: each broker needs a store of its own";
    } else if (const int cause = sqlite3_system_errno(database_.get()); cause != 0) {
        fault.text += std::string(" (") + std::strerror(cause) + ")";
    }
    return fault;
}

Fault SqliteBackend::execute(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return fault("cannot use the store");
}

std::int64_t SqliteBackend::pragma(const char* sql) {
    Statement statement;
    if (statement.prepare(database_.get(), sql) != SQLITE_OK || !statement.next()) return -1;
    return statement.number_at(0);
}

// An empty file becomes a store; one of somebody else's is left alone.
Fault SqliteBackend::check_owner() {
    if (Fault f = execute("PRAGMA schema_version"); f) return f;
    const bool is_new = pragma("PRAGMA schema_version") == 0;
    const std::int64_t owner = pragma("PRAGMA application_id");
    if (!is_new && owner != kApplicationId) {
        return {"'" + file_ + "' is a database of another program: name another file", false};
    }
    const std::int64_t version = pragma("PRAGMA user_version");
    if (!is_new && version > kSchemaVersion) {
        return {"'" + file_ + "' was written by a newer version of this broker", false};
    }
    return {};
}

// From what the file is, or from nothing, to the present version, in one transaction.
Fault SqliteBackend::upgrade() {
    const bool is_new = pragma("PRAGMA schema_version") == 0;
    const auto version = is_new ? 1 : static_cast<std::size_t>(pragma("PRAGMA user_version"));
    if (!is_new && version == kSchemaVersion) return {};
    std::string sql = "BEGIN EXCLUSIVE;";
    if (is_new) {
        sql += "PRAGMA application_id = " + std::to_string(kApplicationId) + ";" + kFirstSchema;
    }
    for (std::size_t next = version; next < kSchemaVersion; ++next)
        sql += kUpgrades[next - 1];
    sql += "PRAGMA user_version = " + std::to_string(kSchemaVersion) + ";COMMIT;";
    static_assert(std::size(kUpgrades) == kSchemaVersion - 1);
    Fault fault = execute(sql.c_str());
    if (fault && sqlite3_get_autocommit(database_.get()) == 0) execute("ROLLBACK");
    return fault;
}

Fault SqliteBackend::open(Durability durability) {
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    // Nobody else reads what is kept. The log gets the mode of the file, and one that is there keeps its own.
    const int fresh = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fresh >= 0) ::close(fresh);
    sqlite3* opened = nullptr;
    const char* layer = durability == Durability::machine ? gathering_layer() : nullptr;
    const int code = sqlite3_open_v2(file_.c_str(), &opened, kFlags, layer);
    database_.reset(opened);
    if (code != SQLITE_OK) return fault("cannot open the store");
    sqlite3_extended_result_codes(database_.get(), 1);
    // The order matters: with the exclusive lock taken before the log is opened there is no shared
    // memory file, and nobody else can open this one.
    for (const char* sql : {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA mmap_size = 0"}) {
        if (Fault f = execute(sql); f) return f;
    }
    if (Fault f = check_owner(); f) return f;
    if (Fault f = execute("PRAGMA journal_mode = WAL"); f) return f;
    if (Fault f = upgrade(); f) return f;
    const char* sync = durability == Durability::machine ? "PRAGMA synchronous = FULL"
                                                         : "PRAGMA synchronous = NORMAL";
    if (Fault f = execute(sync); f) return f;
    does_sync_ = durability == Durability::machine;
    sqlite3_wal_hook(database_.get(), &SqliteBackend::on_log, this);
    for (std::size_t i = 0; i < kStatements; ++i) {
        if (statements_[i].prepare(database_.get(), kSql[i]) != SQLITE_OK) {
            return fault("cannot use the store");
        }
    }
    const int code_of_entries = entries_.open(database_.get());
    if (code_of_entries == SQLITE_OK) return {};
    if (code_of_entries != SQLITE_CORRUPT) return fault("cannot use the store");
    return {"'" + file_ + "' is damaged: queued messages cannot be read; put a backup in its place",
            false};
}

// After each commit.
int SqliteBackend::on_log(void* self, sqlite3* database, const char*, int pages) {
    static_cast<SqliteBackend*>(self)->log_pages_ = pages;
    if (pages < kCheckpointAt) return SQLITE_OK;
    // The commit is made whatever comes of it: it is tried again after the next one.
    sqlite3_wal_checkpoint_v2(database, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    return SQLITE_OK;
}

// Where that fails the log grows as it goes.
void SqliteBackend::fill_log() {
    if (log_pages_ < kBusyLog || log_pages_ >= kCheckpointAt) return;
    if ((log_pages_ + kFillAhead) * kLogPageBytes < log_bytes_) return;
    sqlite3_file* log = nullptr;
    sqlite3_file_control(database_.get(), nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log == nullptr || log->pMethods == nullptr) return;
    if (log->pMethods->xFileSize(log, &log_bytes_) != SQLITE_OK) return;
    if ((log_pages_ + kFillAhead) * kLogPageBytes < log_bytes_) return;
    static const std::vector<char> zeros(kFillPiece);
    for (int filled = 0; filled < kFillBytes; filled += kFillPiece) {
        if (log->pMethods->xWrite(log, zeros.data(), kFillPiece, log_bytes_) != SQLITE_OK) return;
        log_bytes_ += kFillPiece;
    }
}

// Writing.

Fault SqliteBackend::write(std::span<const Batch* const> batches) {
    if (does_sync_) fill_log();
    int code = of(begin).run();
    for (std::size_t i = 0; code == SQLITE_OK && i < batches.size(); ++i)
        code = write_batch(*batches[i]);
    if (code == SQLITE_OK) code = write_transits(batches);
    if (code == SQLITE_OK) code = of(commit).run();
    entries_.settle(code == SQLITE_OK);
    has_log_ = true;
    if (code == SQLITE_OK) return {};
    Fault failed = fault("cannot write to the store");
    if (sqlite3_get_autocommit(database_.get()) == 0) of(rollback).run();
    return failed;
}

int SqliteBackend::write_batch(const Batch& batch) {
    int code = entries_.write(batch);
    if (code == SQLITE_OK) code = write_subscriptions(batch);
    // One that ended takes along what it subscribed to just before.
    if (code == SQLITE_OK) code = write_sessions(batch);
    if (code == SQLITE_OK) code = write_retained(batch);
    return code;
}

int SqliteBackend::write_sessions(const Batch& batch) {
    for (const auto& [number, change] : batch.sessions) {
        if (change.is_removed) {
            for (const Sql sql :
                 {drop_session, drop_session_subscriptions, drop_session_received_ids}) {
                if (const int code = of(sql).number(signed_key(number)).run(); code != SQLITE_OK) {
                    return code;
                }
            }
            continue;
        }
        const SessionRow row = batch.row(change);
        Statement& put = of(put_session);
        put.number(signed_key(row.number)).text(row.client_id).number(row.expiry_interval);
        row.ends_at == kNever ? put.null() : put.number(row.ends_at);
        put.number(row.is_online ? 1 : 0);
        row.has_identity ? put.text(row.user_name) : put.null();
        put.number(static_cast<std::int64_t>(row.listener));
        row.will_at == kNever ? put.null() : put.number(row.will_at);
        if (row.will) {
            put.number(row.will->delay);
            row.will->expiry_interval ? put.number(*row.will->expiry_interval) : put.null();
            put.text(row.will->message.topic).bytes(row.will->message.properties);
            put.bytes(row.will->message.payload);
            put.number(static_cast<int>(row.will->message.qos));
            put.number(row.will->message.retain ? 1 : 0);
        } else {
            for (int i = 0; i < 7; ++i)
                put.null();
        }
        if (const int code = put.run(); code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

int SqliteBackend::write_subscriptions(const Batch& batch) {
    for (const SubscriptionChange& change : batch.subscriptions) {
        Statement& statement = of(change.is_removed ? drop_subscription : put_subscription);
        statement.number(signed_key(change.session)).text(change.filter);
        if (!change.is_removed)
            statement.number(pack(change.options)).number(change.id).number(change.shared_tag);
        if (const int code = statement.run(); code != SQLITE_OK) return code;
    }
    for (const HandoverChange& change : batch.handovers) {
        Statement& statement = of(change.is_removed ? drop_handover : put_handover);
        statement.number(signed_key(change.session)).number(change.shared_tag);
        if (!change.is_removed) statement.text(change.filter);
        if (const int code = statement.run(); code != SQLITE_OK) return code;
    }
    for (const ReceivedIdChange& change : batch.received_ids) {
        Statement& statement = of(change.is_removed ? drop_received_id : put_received_id);
        const int code = statement.number(signed_key(change.session)).number(change.id).run();
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

int SqliteBackend::write_retained(const Batch& batch) {
    for (const auto& [topic, change] : batch.retained) {
        Statement& statement = of(change.message ? put_retained : drop_retained).text(topic);
        if (change.message) statement.message(batch.row(*change.message));
        if (change.source) {
            statement.text(change.source->client_id).text(change.source->user_name);
            statement.number(static_cast<std::int64_t>(change.source->listener));
        } else if (change.message) {
            statement.null().null().null();
        }
        if (const int code = statement.run(); code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

// What leaves one shard and arrives at another within the transaction was never on its way.
int SqliteBackend::write_transits(std::span<const Batch* const> batches) {
    std::unordered_set<Key> arrived;
    for (const Batch* batch : batches)
        arrived.insert(batch->arrived.begin(), batch->arrived.end());
    for (const Batch* batch : batches) {
        for (const NewTransit& transit : batch->transits) {
            if (arrived.erase(transit.key) != 0) continue;
            const MessageRow row = batch->row(*transit.message);
            Statement& put = of(put_transit).number(signed_key(transit.key));
            put.number(signed_key(batch->hash_seed)).number(batch->shards).number(transit.shard);
            put.text(transit.filter).text(row.topic).message(row);
            if (const int code = put.run(); code != SQLITE_OK) return code;
        }
    }
    for (const Key key : arrived) {
        if (const int code = of(drop_transit).number(signed_key(key)).run(); code != SQLITE_OK) {
            return code;
        }
    }
    return SQLITE_OK;
}

void SqliteBackend::idle() {
    if (!has_log_) return;
    has_log_ = false;
    sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                              nullptr);
}

Fault SqliteBackend::find(std::span<const Key> messages, std::vector<FoundMessage>& found) {
    const int code = entries_.find(messages, found);
    return code == SQLITE_OK ? Fault{} : fault("cannot read the store");
}

Fault SqliteBackend::copy(const std::string& to, bool& is_done) {
    is_done = false;
    Fault fault;
    if (!copy_) {
        copy_ = std::make_unique<Copy>(database_.get(), to);
        fault = copy_->begin();
    }
    if (!fault) fault = copy_->step(is_done);
    if (fault || is_done) copy_.reset();
    return fault;
}

Fault SqliteBackend::read(Reader& reader, bool several_shards) {
    int code = several_shards ? entries_.unpack() : SQLITE_OK;
    if (several_shards && code == SQLITE_OK) code = unshare_messages(database_.get());
    if (code == SQLITE_OK) code = read_sessions(database_.get(), reader);
    if (code == SQLITE_OK) code = entries_.read(reader);
    if (code == SQLITE_OK) code = read_the_rest(database_.get(), reader);
    return code == SQLITE_OK ? Fault{} : fault("cannot read the store");
}

}  // namespace

std::unique_ptr<Backend> open(const std::string& file, Durability durability, Fault& fault) {
    auto backend = std::make_unique<SqliteBackend>(file);
    fault = backend->open(durability);
    if (fault) return nullptr;
    return backend;
}

}  // namespace mqtt::broker::store
