// A copy of an open database into a new file, made in parts, between which the database may be written on its own
// connection. The file appears under its name when it is complete and on the disk.
#pragma once

#include <string>

#include "broker/store/sqlite.hpp"

namespace mqtt::broker::store {

class Copy {
public:
    Copy(sqlite3* from, std::string to) : from_(from), to_(std::move(to)) {}
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;
    ~Copy();  // an unfinished one leaves nothing

    Fault begin();
    // Some pages more.
    Fault step(bool& is_done);

private:
    Fault finish();
    Fault fault(int code) const;
    std::string part() const { return to_ + ".part"; }

    sqlite3* from_;
    const std::string to_;
    Database target_;
    sqlite3_backup* backup_ = nullptr;
    bool is_begun_ = false;
};

}  // namespace mqtt::broker::store
