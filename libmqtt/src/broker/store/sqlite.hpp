// A thin shell around SQLite's C interface: statements that are prepared once, bound by position, and end
// themselves; errors become sentences. The only files that know SQLite are this one and its users in
// this folder.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <utility>

#include "broker/store/backend.hpp"

namespace mqtt::broker::store {

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// SQLite's integers have a sign.
inline std::int64_t signed_key(Key key) {
    return static_cast<std::int64_t>(key);
}

class Statement {
public:
    Statement() = default;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() { sqlite3_finalize(statement_); }

    int prepare(sqlite3* database, const char* sql) {
        sqlite3_finalize(std::exchange(statement_, nullptr));
        return sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_,
                                  nullptr);
    }
    // Bound bytes must stay until step() returns.
    Statement& number(std::int64_t value) {
        sqlite3_bind_int64(statement_, ++bound_, value);
        return *this;
    }
    Statement& text(std::string_view value) {
        sqlite3_bind_text(statement_, ++bound_, value.data() ? value.data() : "",
                          static_cast<int>(value.size()), SQLITE_STATIC);
        return *this;
    }
    Statement& bytes(Bytes value) {
        sqlite3_bind_blob(statement_, ++bound_, value.empty() ? nothing() : value.data(),
                          static_cast<int>(value.size()), SQLITE_STATIC);
        return *this;
    }
    Statement& null() {
        sqlite3_bind_null(statement_, ++bound_);
        return *this;
    }
    // A message's columns behind its topic, which are the same wherever one is stored.
    Statement& message(const MessageRow& row) {
        bytes(row.properties).bytes(row.payload);
        number(static_cast<int>(row.qos)).number(row.retain ? 1 : 0);
        row.expires_at == kNever ? null() : number(row.expires_at);
        return number(static_cast<std::int64_t>(row.publisher));
    }

    // A row is there.
    bool next() { return sqlite3_step(statement_) == SQLITE_ROW; }
    // Without rows; ready to be bound anew. SQLITE_OK or the error.
    int run() {
        const int code = sqlite3_step(statement_);
        reset();
        return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
    }
    int reset() {
        bound_ = 0;
        return sqlite3_reset(statement_);
    }

    // Of the present row, by column.
    std::int64_t number_at(int column) const { return sqlite3_column_int64(statement_, column); }
    int columns() const { return sqlite3_column_count(statement_); }
    bool is_null(int column) const {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    std::string_view text_at(int column) const {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
        return {text ? text : "",
                static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    Bytes bytes_at(int column) const {
        const auto* bytes =
            static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }

private:
    static const void* nothing() { return ""; }  // a null pointer would bind NULL
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
};

}  // namespace mqtt::broker::store
