// A store looked at from outside: checks, counts, and copies of it. See mqtt/store.hpp.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "broker/store/control.hpp"
#include "broker/store/schema.hpp"
#include "broker/store/sqlite_copy.hpp"
#include "broker/store/sqlite_entries.hpp"
#include "broker/store/sqlite_export.hpp"
#include "mqtt/store.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {
namespace {

using namespace broker::store;

// What must not be, as a count, and how it is told.
struct Rule {
    const char* sql;
    const char* text;
};
constexpr Rule kRules[] = {
    {"SELECT count(*) - count(DISTINCT client_id) FROM session",
     "sessions share a client id with another one"},
    {"SELECT count(*) FROM subscription WHERE session NOT IN (SELECT number FROM session)",
     "subscriptions belong to no session"},
    {"SELECT count(*) FROM received_id WHERE session NOT IN (SELECT number FROM session)",
     "received packet ids belong to no session"},
    {"SELECT count(*) FROM entry WHERE session NOT IN (SELECT number FROM session)"
     "  AND (session, shared_tag) NOT IN (SELECT session, shared_tag FROM handover)",
     "queued messages belong to no session"},
    {"SELECT count(*) FROM entry WHERE state NOT BETWEEN 0 AND 3 OR qos NOT BETWEEN 0 AND 2",
     "queued messages have a state or a QoS that does not exist"},
    {"SELECT count(*) FROM entry WHERE state != 3"
     "  AND message NOT IN (SELECT key FROM message)",
     "queued messages have lost their content"},
    {"SELECT count(*) FROM entry WHERE state != 0 AND packet_id = 0",
     "messages under way have no packet id"},
};

constexpr Rule kFigures[] = {
    {"PRAGMA user_version", "schema version"},
    {"SELECT count(*) FROM session", "sessions"},
    {"SELECT count(*) FROM session WHERE is_online", "sessions of clients that were connected"},
    {"SELECT count(*) FROM subscription", "subscriptions"},
    {"SELECT count(*) FROM entry WHERE state = 0", "queued messages"},
    {"SELECT count(*) FROM entry WHERE state != 0", "messages under way to clients"},
    {"SELECT count(*) FROM received_id", "QoS 2 messages under way from clients"},
    {"SELECT count(*) FROM message", "contents of queued messages"},
    {"SELECT coalesce(sum(length(topic) + length(properties) + length(payload)), 0) FROM message",
     "bytes of queued messages"},
    {"SELECT count(*) FROM retained", "retained messages"},
    {"SELECT coalesce(sum(length(topic) + length(properties) + length(payload)), 0) FROM retained",
     "bytes of retained messages"},
    {"SELECT count(*) FROM transit", "messages between threads"},
    {"SELECT count(*) FROM handover", "members of shared subscriptions whose messages others get"},
    {"SELECT count(*) FROM session WHERE will_topic IS NOT NULL", "wills"},
};

// What the broker has copied for us, gone with its reader.
struct Snapshot {
    explicit Snapshot(std::string f) : file(std::move(f)) {}
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot() {
        for (const char* suffix : {"", "-wal", "-journal"})
            ::unlink((file + suffix).c_str());
    }
    const std::string file;
};

class OpenStore final : public StoreFile {
public:
    Fault open(const std::string& file);
    // Before rows are looked at.
    Fault unpack();
    bool is_in_use() const { return is_in_use_; }  // why open() failed
    void use(std::unique_ptr<Snapshot> snapshot, std::vector<Figure> live) {
        snapshot_ = std::move(snapshot);
        live_ = std::move(live);
    }
    sqlite3* database() { return database_.get(); }

    std::vector<std::string> check() override;
    std::vector<Figure> figures() override;
    bool export_lines(const Take& take, std::string& message) override;

private:
    std::optional<std::int64_t> number(const char* sql);
    void check_pages(std::vector<std::string>& problems);
    void check_topics(std::vector<std::string>& problems);

    std::string file_;
    bool is_in_use_ = false;
    bool has_damaged_chunks_ = false;
    std::unique_ptr<Snapshot> snapshot_;  // ends after the database
    std::vector<Figure> live_;            // of the running broker
    Database database_;
};

// Looking changes nothing: the log stays where it is.
Fault OpenStore::open(const std::string& file) {
    file_ = file;
    if (::access(file.c_str(), F_OK) != 0) {
        return {"'" + file + "': " + std::strerror(errno), false};
    }
    sqlite3* opened = nullptr;
    int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                               nullptr);
    database_.reset(opened);
    if (code == SQLITE_OK) {
        sqlite3_db_config(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        code = sqlite3_exec(opened,
                            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA mmap_size = 0;"
                            "BEGIN IMMEDIATE; SELECT count(*) FROM sqlite_master; COMMIT",
                            nullptr, nullptr, nullptr);
    }
    is_in_use_ = code == SQLITE_BUSY;
    if (code != SQLITE_OK) return {"'" + file + "': " + sqlite3_errmsg(opened), false};
    if (number("PRAGMA application_id") != kApplicationId) {
        return {"'" + file + "' is no store of this broker", false};
    }
    if (number("PRAGMA user_version").value_or(0) > kSchemaVersion) {
        return {"'" + file + "' was written by a newer version of this broker", false};
    }
    return {};
}

Fault OpenStore::unpack() {
    const int code = SqliteEntries::show_unpacked(database());
    has_damaged_chunks_ = code == SQLITE_CORRUPT;
    if (code == SQLITE_OK || has_damaged_chunks_) return {};
    return {"'" + file_ + "': " + sqlite3_errmsg(database()), false};
}

std::optional<std::int64_t> OpenStore::number(const char* sql) {
    Statement statement;
    if (statement.prepare(database(), sql) != SQLITE_OK || !statement.next()) return std::nullopt;
    return statement.number_at(0);
}

void OpenStore::check_pages(std::vector<std::string>& problems) {
    Statement lines;
    const int code = lines.prepare(database(), "PRAGMA integrity_check");
    while (code == SQLITE_OK && lines.next()) {
        if (lines.text_at(0) != "ok") problems.emplace_back(lines.text_at(0));
    }
    if (code != SQLITE_OK || lines.reset() != SQLITE_OK)
        problems.emplace_back(sqlite3_errmsg(database()));
}

void OpenStore::check_topics(std::vector<std::string>& problems) {
    Statement rows;
    rows.prepare(database(), "SELECT topic FROM message UNION ALL SELECT topic FROM retained");
    std::uint64_t bad = 0;
    while (rows.next()) {
        if (!validate_topic_name(rows.text_at(0))) ++bad;
    }
    if (rows.reset() != SQLITE_OK) problems.emplace_back(sqlite3_errmsg(database()));
    if (bad != 0) problems.push_back(std::to_string(bad) + " messages have no valid topic");
}

std::vector<std::string> OpenStore::check() {
    std::vector<std::string> problems;
    check_pages(problems);
    if (!problems.empty()) return problems;  // what rows say means nothing then
    if (has_damaged_chunks_) problems.emplace_back("queued messages cannot be read");
    for (const Rule& rule : kRules) {
        const auto count = number(rule.sql);
        if (!count) problems.push_back(std::string("unreadable: ") + sqlite3_errmsg(database()));
        if (count.value_or(0) != 0) problems.push_back(std::to_string(*count) + ' ' + rule.text);
    }
    check_topics(problems);
    return problems;
}

std::vector<StoreFile::Figure> OpenStore::figures() {
    std::vector<Figure> all;
    for (const Rule& figure : kFigures) {
        if (const auto value = number(figure.sql)) {
            all.push_back({figure.text, static_cast<std::uint64_t>(*value)});
        }
    }
    for (const auto& [suffix, name] :
         {std::pair{"", "bytes of the file"}, std::pair{"-wal", "bytes of its log"}}) {
        std::error_code missing;
        const auto size = std::filesystem::file_size(file_ + suffix, missing);
        all.push_back({name, missing ? 0 : size});
    }
    all.insert(all.end(), live_.begin(), live_.end());
    return all;
}

bool OpenStore::export_lines(const Take& take, std::string& message) {
    if (broker::store::export_lines(database(), take) == SQLITE_OK) return true;
    message = "'" + file_ + "': " + sqlite3_errmsg(database());
    return false;
}

std::vector<StoreFile::Figure> parse_figures(std::string_view lines) {
    std::vector<StoreFile::Figure> all;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        const std::size_t blank = line.rfind(' ');
        if (blank == std::string_view::npos) continue;
        all.push_back({std::string(line.substr(0, blank)),
                       std::strtoull(std::string(line.substr(blank + 1)).c_str(), nullptr, 10)});
    }
    return all;
}

}  // namespace

std::string_view no_store() {
    return {};
}

std::string store_control_path(const std::string& file) {
    return file + ".control";
}

std::unique_ptr<StoreFile> StoreFile::open(const std::string& file, std::string& message) {
    auto store = std::make_unique<OpenStore>();
    Fault fault = store->open(file);
    if (!fault) fault = store->unpack();
    if (!fault) return store;
    message = fault.text;
    if (!store->is_in_use()) return nullptr;
    // A broker has it.
    const std::string socket = store_control_path(file);
    auto snapshot = std::make_unique<Snapshot>(std::filesystem::absolute(file).string() +
                                               ".snapshot." + std::to_string(::getpid()));
    std::string answer;
    if (!ask_broker(socket, "backup " + snapshot->file, answer)) {
        message = "'" + file + "' is in use by a broker, and " + answer;
        return nullptr;
    }
    std::string figures;
    ask_broker(socket, "figures", figures);
    store = std::make_unique<OpenStore>();
    fault = store->open(snapshot->file);
    if (!fault) fault = store->unpack();
    message = fault.text;
    store->use(std::move(snapshot), parse_figures(figures));
    return fault ? nullptr : std::move(store);
}

bool back_up_store(const std::string& file, const std::string& to, std::string& message) {
    OpenStore store;
    Fault fault = store.open(file);
    const std::string target = std::filesystem::absolute(to).string();
    if (store.is_in_use()) {
        if (ask_broker(store_control_path(file), "backup " + target, message)) return true;
        message = "'" + file + "' is in use by a broker, and " + message;
        return false;
    }
    Copy copy(store.database(), target);
    if (!fault) fault = copy.begin();
    for (bool is_done = false; !fault && !is_done;)
        fault = copy.step(is_done);
    message = fault.text;
    return !fault;
}

}  // namespace mqtt
