// Reads a whole store, row by row. Used by the SQLite back end at the start and by export.
#pragma once

#include <vector>

#include "broker/store/records.hpp"
#include "broker/store/sqlite.hpp"

namespace mqtt::broker::store {

// SQLITE_OK, or the error of the connection.
// A message in columns that begin at this one; `topic` is apart: where it stands differs.
MessageRow message_at(const Statement& row, int column, std::string_view topic);

// The entry of a row; `ids` has its identifiers.
EntryRow entry_at(const Statement& row, std::vector<std::uint32_t>& ids);

int read_everything(sqlite3* database, Reader& reader);
// Its parts, before and after messages and entries.
int read_sessions(sqlite3* database, Reader& reader);
int read_the_rest(sqlite3* database, Reader& reader);
// A message that several sessions wait for gets a copy for each but the first.
int unshare_messages(sqlite3* database);

// How subscription options are stored.
int pack(const SubscriptionOptions& options);
SubscriptionOptions unpack_options(std::int64_t bits);

}  // namespace mqtt::broker::store
