// What stands in the file of a store, asked of SQLite and of StoreFile, for tests of the store. No broker may have it open.
#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "mqtt/store.hpp"

namespace test {

using namespace mqtt;

// Exclusive, for the disk of these tests has no shared memory.
inline sqlite3* open_sql(const std::string& file) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
    sqlite3_exec(database, "PRAGMA locking_mode = EXCLUSIVE", nullptr, nullptr, nullptr);
    return database;
}

inline void run_sql(const std::string& file, const char* sql) {
    sqlite3* database = open_sql(file);
    CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
}

inline std::string value(const std::string& file, const char* sql) {
    std::string text;
    sqlite3* database = open_sql(file);
    const auto take = [](void* to, int, char** columns, char**) {
        *static_cast<std::string*>(to) = columns[0];
        return 0;
    };
    CHECK(sqlite3_exec(database, sql, take, &text, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    return text;
}

inline std::vector<std::string> problems_of(const std::string& file) {
    std::string message;
    const auto store = StoreFile::open(file, message);
    if (!store) return {message};
    return store->check();
}

}  // namespace test
