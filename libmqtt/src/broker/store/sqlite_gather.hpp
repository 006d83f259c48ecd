// SQLite's files written in larger pieces. SQLite writes each page of its log by two calls, some 13 for a commit of
// 64 messages, which cost more than the copying, and moves them into the database one by one. Only where every
// commit is synced: what is gathered is written before that, so nothing counts as committed that is in
// this process alone. Used by sqlite_backend.
#pragma once

namespace mqtt::broker::store {

// The name of SQLite's file layer that does it, on top of the one that is the default when a file is opened.
// Of one connection, with exclusive locking: there is no shared memory.
const char* gathering_layer();

}  // namespace mqtt::broker::store
