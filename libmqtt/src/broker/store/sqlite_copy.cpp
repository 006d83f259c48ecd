// See sqlite_copy.hpp.
#include "broker/store/sqlite_copy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace mqtt::broker::store {
namespace {

constexpr int kPages = 256;  // 1 MiB at a time

std::string copy_problem(const std::string& file) {
    return "cannot write '" + file + "': " + std::strerror(errno);
}

// A new name is on the disk when its folder is.
bool sync_folder(const std::string& file) {
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    const int fd =
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool is_synced = ::fsync(fd) == 0;
    ::close(fd);
    return is_synced;
}

}  // namespace

Copy::~Copy() {
    if (backup_ != nullptr) sqlite3_backup_finish(backup_);
    target_.reset();
    if (!is_begun_) return;
    ::unlink(part().c_str());
    ::unlink((part() + "-journal").c_str());
}

Fault Copy::fault(int code) const {
    return {"cannot copy the store to '" + to_ + "': " + sqlite3_errstr(code),
            (code & 0xFF) == SQLITE_FULL};
}

// Nobody else reads what may be passwords in topics and payloads.
Fault Copy::begin() {
    if (::access(to_.c_str(), F_OK) == 0) return {"'" + to_ + "' is there already", false};
    ::unlink(part().c_str());  // of an attempt that was killed
    ::unlink((part() + "-journal").c_str());
    const int fd = ::open(part().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return {copy_problem(part()), errno == ENOSPC};
    ::close(fd);
    is_begun_ = true;
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(part().c_str(), &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    target_.reset(opened);
    if (code != SQLITE_OK) return fault(code);
    backup_ = sqlite3_backup_init(target_.get(), "main", from_, "main");
    return backup_ != nullptr ? Fault{} : fault(sqlite3_errcode(target_.get()));
}

Fault Copy::step(bool& is_done) {
    const int code = sqlite3_backup_step(backup_, kPages);
    is_done = code == SQLITE_DONE;
    if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) return {};
    return is_done ? finish() : fault(code);
}

Fault Copy::finish() {
    const int code = sqlite3_backup_finish(std::exchange(backup_, nullptr));
    target_.reset();
    if (code != SQLITE_OK) return fault(code);
    // Not over somebody else's file that has come meanwhile.
    if (::link(part().c_str(), to_.c_str()) != 0) return {copy_problem(to_), errno == ENOSPC};
    ::unlink(part().c_str());
    is_begun_ = false;
    return sync_folder(to_) ? Fault{} : Fault{copy_problem(to_), false};
}

}  // namespace mqtt::broker::store
