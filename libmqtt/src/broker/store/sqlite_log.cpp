// Everything is passed on, but writes to a log that follow each other.
#include "broker/store/sqlite_log.hpp"

#include <sqlite3.h>

#include <cstring>
#include <new>
#include <vector>

namespace mqtt::broker::store {
namespace {

// Pieces of this size are as good as one; SQLite's own layer takes less than twice as much.
constexpr std::size_t kMostGathered = 64 * 1024;

struct GatheringFile {
    sqlite3_file base;
    sqlite3_file* real;
    bool is_log;
    sqlite3_int64 at;            // of what is gathered
    std::vector<char> gathered;  // written, and not yet passed on
};

GatheringFile& gathering(sqlite3_file* file) {
    return *reinterpret_cast<GatheringFile*>(file);
}

sqlite3_file* real_of(sqlite3_file* file) {
    return gathering(file).real;
}

// When that fails the transaction does, of which all of it is: it is forgotten.
int pass_on(sqlite3_file* file) {
    GatheringFile& log = gathering(file);
    if (log.gathered.empty()) return SQLITE_OK;
    const int code = log.real->pMethods->xWrite(log.real, log.gathered.data(),
                                                static_cast<int>(log.gathered.size()), log.at);
    log.gathered.clear();
    return code;
}

int gather_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    GatheringFile& log = gathering(file);
    if (!log.is_log) return log.real->pMethods->xWrite(log.real, from, size, at);
    const auto end = log.at + static_cast<sqlite3_int64>(log.gathered.size());
    const auto bytes = static_cast<std::size_t>(size);
    if (at != end || log.gathered.size() + bytes > kMostGathered) {
        if (const int code = pass_on(file); code != SQLITE_OK) return code;
        log.at = at;
    }
    if (bytes >= kMostGathered) return log.real->pMethods->xWrite(log.real, from, size, at);
    const char* first = static_cast<const char*>(from);
    log.gathered.insert(log.gathered.end(), first, first + bytes);
    return SQLITE_OK;
}

int gather_close(sqlite3_file* file) {
    const int written = pass_on(file);
    GatheringFile& log = gathering(file);
    const int closed = log.real->pMethods->xClose(log.real);
    sqlite3_free(log.real);
    log.~GatheringFile();
    return written != SQLITE_OK ? written : closed;
}

int gather_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    const int code = pass_on(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xRead(real_of(file), to, size, at);
}

int gather_truncate(sqlite3_file* file, sqlite3_int64 size) {
    const int code = pass_on(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

int gather_sync(sqlite3_file* file, int flags) {
    const int code = pass_on(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

int gather_size(sqlite3_file* file, sqlite3_int64* size) {
    const int code = pass_on(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

int gather_lock(sqlite3_file* file, int level) {
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

int gather_unlock(sqlite3_file* file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

int gather_check_lock(sqlite3_file* file, int* out) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

int gather_control(sqlite3_file* file, int op, void* argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

int gather_sector_size(sqlite3_file* file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

int gather_characteristics(sqlite3_file* file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

// Version 1: no shared memory and no mapped pages, which the store does not use.
constexpr sqlite3_io_methods kGatherMethods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = gather_close;
    m.xRead = gather_read;
    m.xWrite = gather_write;
    m.xTruncate = gather_truncate;
    m.xSync = gather_sync;
    m.xFileSize = gather_size;
    m.xLock = gather_lock;
    m.xUnlock = gather_unlock;
    m.xCheckReservedLock = gather_check_lock;
    m.xFileControl = gather_control;
    m.xSectorSize = gather_sector_size;
    m.xDeviceCharacteristics = gather_characteristics;
    return m;
}();

int gather_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    file->pMethods = nullptr;
    sqlite3_vfs* layer = sqlite3_vfs_find(nullptr);
    auto* real = static_cast<sqlite3_file*>(sqlite3_malloc(layer->szOsFile));
    if (real == nullptr) return SQLITE_NOMEM;
    std::memset(real, 0, static_cast<std::size_t>(layer->szOsFile));
    const int code = layer->xOpen(layer, name, real, flags, out);
    if (code != SQLITE_OK) {
        if (real->pMethods != nullptr) real->pMethods->xClose(real);
        sqlite3_free(real);
        return code;
    }
    const bool is_log = (flags & SQLITE_OPEN_WAL) != 0;
    ::new (file) GatheringFile{{&kGatherMethods}, real, is_log, 0, {}};
    return SQLITE_OK;
}

}  // namespace

const char* gathering_layer() {
    constexpr const char* kName = "mqtt-gather";
    static const bool once = [] {
        static sqlite3_vfs layer = *sqlite3_vfs_find(nullptr);
        layer.zName = kName;
        layer.szOsFile = sizeof(GatheringFile);
        layer.xOpen = gather_open;
        return sqlite3_vfs_register(&layer, 0) == SQLITE_OK;
    }();
    return once ? kName : nullptr;
}

}  // namespace mqtt::broker::store
