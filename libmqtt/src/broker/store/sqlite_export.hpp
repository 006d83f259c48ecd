// The rows of a store as lines of JSON, for `store export`. See mqtt/store.hpp.
#pragma once

#include "broker/store/sqlite.hpp"
#include "mqtt/store.hpp"

namespace mqtt::broker::store {

// Gives `take` every row, until it wants no more. An SQLite code: not all of them could be read.
int export_lines(sqlite3* database, const StoreFile::Take& take);

}  // namespace mqtt::broker::store
