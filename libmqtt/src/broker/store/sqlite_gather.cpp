// Everything is passed on, but writes that follow each other.
#include "broker/store/sqlite_gather.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <vector>

namespace mqtt::broker::store {
namespace {

// Pieces of this size are as good as one; SQLite's own layer takes less than twice as much.
constexpr std::size_t kMostGathered = 64 * 1024;
// Of the database. Each begin costs the device's bell, some 20 us on a virtual machine.
constexpr sqlite3_int64 kWorthBeginning = 1 << 20;

struct GatheringFile {
    enum class Kind : std::uint8_t { log, database, other };

    sqlite3_file base;
    sqlite3_file* real;
    Kind kind;
    bool is_synced;              // nothing was written since
    sqlite3_int64 at;            // of what is gathered
    std::vector<char> gathered;  // written, and not yet passed on
    const char* path;            // the database's; SQLite keeps it as long as the file is open
    int descriptor;              // of our own
    sqlite3_int64 begun;         // so far the device has been told of what was passed on
};

GatheringFile& gathering(sqlite3_file* file) {
    return *reinterpret_cast<GatheringFile*>(file);
}

sqlite3_file* real_of(sqlite3_file* file) {
    return gathering(file).real;
}

// The log is moved into the database by writing pages in ascending order, and a sync. The device begins
// meanwhile, so that the sync waits for the rest only; what comes of it is the sync's to say.
// Closing any descriptor of a file ends the locks of this process on it: so there is none before the
// database is locked for us alone, and it is closed when the lock is to end.
void begin_writing(GatheringFile& database, sqlite3_int64 end) {
    if (end < database.begun) database.begun = end;
    const sqlite3_int64 waiting = end - database.begun;
    if (waiting < kWorthBeginning) return;
    if (database.descriptor < 0) database.descriptor = ::open(database.path, O_WRONLY | O_CLOEXEC);
    if (database.descriptor >= 0)
        ::sync_file_range(database.descriptor, database.begun, waiting, SYNC_FILE_RANGE_WRITE);
    database.begun = end;
}

// When that fails the transaction does, of which all of it is, or the move of the log: it is forgotten.
int pass_on(sqlite3_file* file) {
    GatheringFile& to = gathering(file);
    if (to.gathered.empty()) return SQLITE_OK;
    const auto size = static_cast<int>(to.gathered.size());
    const int code = to.real->pMethods->xWrite(to.real, to.gathered.data(), size, to.at);
    to.gathered.clear();
    if (code == SQLITE_OK && to.kind == GatheringFile::Kind::database)
        begin_writing(to, to.at + size);
    return code;
}

int gather_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    GatheringFile& to = gathering(file);
    to.is_synced = false;
    if (to.kind == GatheringFile::Kind::other)
        return to.real->pMethods->xWrite(to.real, from, size, at);
    const auto end = to.at + static_cast<sqlite3_int64>(to.gathered.size());
    const auto bytes = static_cast<std::size_t>(size);
    if (at != end || to.gathered.size() + bytes > kMostGathered) {
        if (const int code = pass_on(file); code != SQLITE_OK) return code;
        to.at = at;
    }
    if (bytes >= kMostGathered) return to.real->pMethods->xWrite(to.real, from, size, at);
    const char* first = static_cast<const char*>(from);
    to.gathered.insert(to.gathered.end(), first, first + bytes);
    return SQLITE_OK;
}

int gather_close(sqlite3_file* file) {
    const int written = pass_on(file);
    GatheringFile& closing = gathering(file);
    if (closing.descriptor >= 0) ::close(closing.descriptor);
    const int closed = closing.real->pMethods->xClose(closing.real);
    sqlite3_free(closing.real);
    closing.~GatheringFile();
    return written != SQLITE_OK ? written : closed;
}

int gather_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    const int code = pass_on(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xRead(real_of(file), to, size, at);
}

int gather_truncate(sqlite3_file* file, sqlite3_int64 size) {
    gathering(file).is_synced = false;
    const int code = pass_on(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

// Before it is moved the log is synced once more, whatever was synced before.
int gather_sync(sqlite3_file* file, int flags) {
    GatheringFile& to = gathering(file);
    if (const int code = pass_on(file); code != SQLITE_OK) return code;
    if (to.is_synced) return SQLITE_OK;
    const int code = to.real->pMethods->xSync(to.real, flags);
    to.is_synced = code == SQLITE_OK;
    return code;
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
    using Kind = GatheringFile::Kind;
    const Kind kind = (flags & SQLITE_OPEN_WAL) != 0       ? Kind::log
                      : (flags & SQLITE_OPEN_MAIN_DB) != 0 ? Kind::database
                                                           : Kind::other;
    ::new (file) GatheringFile{{&kGatherMethods}, real, kind, false, 0, {}, name, -1, 0};
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
