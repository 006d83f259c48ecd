// A SQLite VFS that passes everything on, but counts and remembers.
#include "support/faulty_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <vector>

namespace test {
namespace {

using Fault = FaultyDisk::Fault;

std::atomic<std::uint64_t> g_calls = 0;
std::atomic<std::uint64_t> g_first = 0;  // 0: nothing fails
std::atomic<std::uint64_t> g_last = 0;
std::atomic<Fault> g_fault = Fault::none;
std::atomic<bool> g_reads_fail = false;
std::atomic<std::uint64_t> g_failed_reads = 0;

// What was written since the last sync, or cut off: then there are no bytes.
struct Unsynced {
    sqlite3_int64 at;
    std::vector<char> bytes;
};

// By path.
struct Contents {
    std::vector<char> synced;
    std::vector<Unsynced> since;
};
std::mutex g_mutex;
std::map<std::string, Contents> g_files;

sqlite3_vfs g_vfs;
sqlite3_vfs* g_real = nullptr;

struct File {
    sqlite3_file base;
    sqlite3_file* real;  // behind this struct
    const char* path;
};

File& self(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}

Fault next() {
    const std::uint64_t call = ++g_calls;
    const std::uint64_t first = g_first;
    return first != 0 && call >= first && call <= g_last ? g_fault.load() : Fault::none;
}

int code_of(Fault fault, int otherwise) {
    return fault == Fault::full ? SQLITE_FULL : otherwise;
}

void put_down(const Unsynced& change, std::vector<char>& to) {
    const auto at = static_cast<std::size_t>(change.at);
    if (change.bytes.empty()) return to.resize(std::min(at, to.size()));
    if (to.size() < at + change.bytes.size()) to.resize(at + change.bytes.size());
    std::copy(change.bytes.begin(), change.bytes.end(), to.begin() + change.at);
}

std::vector<char> contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void remember(sqlite3_file* file, sqlite3_int64 at, const void* from, int size) {
    if (self(file).path == nullptr) return;
    const std::lock_guard lock(g_mutex);
    const auto* bytes = static_cast<const char*>(from);
    g_files[self(file).path].since.push_back({at, {bytes, bytes + size}});
}

int do_close(sqlite3_file* file) {
    sqlite3_file* real = self(file).real;
    return real->pMethods != nullptr ? real->pMethods->xClose(real) : SQLITE_OK;
}

int do_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    sqlite3_file* real = self(file).real;
    if (g_reads_fail) {
        ++g_failed_reads;
        return SQLITE_IOERR_READ;
    }
    return real->pMethods->xRead(real, to, size, at);
}

int do_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    sqlite3_file* real = self(file).real;
    const Fault fault = next();
    if (fault == Fault::short_write) {
        real->pMethods->xWrite(real, from, size / 2, at);
        remember(file, at, from, size / 2);
    }
    if (fault != Fault::none) return code_of(fault, SQLITE_IOERR_WRITE);
    remember(file, at, from, size);
    return real->pMethods->xWrite(real, from, size, at);
}

int do_truncate(sqlite3_file* file, sqlite3_int64 size) {
    sqlite3_file* real = self(file).real;
    remember(file, size, nullptr, 0);
    return real->pMethods->xTruncate(real, size);
}

int do_sync(sqlite3_file* file, int) {
    const Fault fault = next();
    if (fault != Fault::none) return code_of(fault, SQLITE_IOERR_FSYNC);
    // What counts as being on the disk is what is remembered here: nobody has to wait for a real one.
    if (self(file).path == nullptr) return SQLITE_OK;
    const std::lock_guard lock(g_mutex);
    Contents& file_contents = g_files[self(file).path];
    for (const Unsynced& change : file_contents.since)
        put_down(change, file_contents.synced);
    file_contents.since.clear();
    return SQLITE_OK;
}

int do_size(sqlite3_file* file, sqlite3_int64* size) {
    sqlite3_file* real = self(file).real;
    return real->pMethods->xFileSize(real, size);
}

int do_lock(sqlite3_file* file, int level) {
    sqlite3_file* real = self(file).real;
    return real->pMethods->xLock(real, level);
}

int do_unlock(sqlite3_file* file, int level) {
    sqlite3_file* real = self(file).real;
    return real->pMethods->xUnlock(real, level);
}

int do_check_lock(sqlite3_file* file, int* out) {
    sqlite3_file* real = self(file).real;
    return real->pMethods->xCheckReservedLock(real, out);
}

int do_control(sqlite3_file* file, int op, void* argument) {
    sqlite3_file* real = self(file).real;
    return real->pMethods->xFileControl(real, op, argument);
}

int do_sector_size(sqlite3_file* file) {
    sqlite3_file* real = self(file).real;
    return real->pMethods->xSectorSize(real);
}

int do_characteristics(sqlite3_file* file) {
    sqlite3_file* real = self(file).real;
    return real->pMethods->xDeviceCharacteristics(real);
}

// Version 1: no shared memory and no mapped pages, which the store does not use.
sqlite3_io_methods methods() {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = do_close;
    m.xRead = do_read;
    m.xWrite = do_write;
    m.xTruncate = do_truncate;
    m.xSync = do_sync;
    m.xFileSize = do_size;
    m.xLock = do_lock;
    m.xUnlock = do_unlock;
    m.xCheckReservedLock = do_check_lock;
    m.xFileControl = do_control;
    m.xSectorSize = do_sector_size;
    m.xDeviceCharacteristics = do_characteristics;
    return m;
}

int do_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    static const sqlite3_io_methods kMethods = methods();
    File& opened = self(file);
    opened.real = reinterpret_cast<sqlite3_file*>(&opened + 1);
    opened.path = name;
    const int code = g_real->xOpen(g_real, name, opened.real, flags, out);
    if (code == SQLITE_OK && name != nullptr) {
        // What another process, or an end in order, left is on the disk.
        const std::lock_guard lock(g_mutex);
        g_files[name] = {contents(name), {}};
    }
    file->pMethods = opened.real->pMethods != nullptr ? &kMethods : nullptr;
    return code;
}

void write_file(const std::string& path, const std::vector<char>& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

void FaultyDisk::install() {
    static const bool once = [] {
        g_real = sqlite3_vfs_find(nullptr);
        g_vfs = *g_real;
        g_vfs.zName = "faulty";
        g_vfs.szOsFile = static_cast<int>(sizeof(File)) + g_real->szOsFile;
        g_vfs.xOpen = do_open;
        return sqlite3_vfs_register(&g_vfs, 1) == SQLITE_OK;
    }();
    static_cast<void>(once);
}

void FaultyDisk::fail_from(std::uint64_t call, Fault fault) {
    g_fault = fault;
    g_last = ~std::uint64_t{0};
    g_first = g_calls + call;
}

void FaultyDisk::fail_at(std::uint64_t call, Fault fault) {
    g_fault = fault;
    g_last = g_calls + call;
    g_first = g_calls + call;
}

void FaultyDisk::fail_reads() {
    g_failed_reads = 0;
    g_reads_fail = true;
}

std::uint64_t FaultyDisk::failed_reads() {
    return g_failed_reads;
}

void FaultyDisk::mend() {
    g_first = 0;
    g_reads_fail = false;
}

std::uint64_t FaultyDisk::calls() {
    return g_calls;
}

void FaultyDisk::forget(const std::string& folder) {
    const std::lock_guard lock(g_mutex);
    std::erase_if(g_files, [&](const auto& file) { return file.first.starts_with(folder + '/'); });
}

std::string FaultyDisk::after_power_cut(const std::string& file, const std::string& folder,
                                        unsigned seed) {
    const std::string copy = folder + "/after-power-cut.db";
    std::minstd_rand random(seed);
    const std::lock_guard lock(g_mutex);
    for (const char* suffix : {"", "-wal"}) {
        std::filesystem::remove(copy + suffix);
        const auto at = g_files.find(file + suffix);
        if (at == g_files.end()) continue;
        std::vector<char> bytes = at->second.synced;
        for (const Unsynced& change : at->second.since) {
            if (seed == 0 || random() % 2 == 0) continue;
            Unsynced part = change;
            if (part.bytes.size() > 512 && random() % 4 == 0)
                part.bytes.resize(random() % (part.bytes.size() / 512) * 512 + 512);
            put_down(part, bytes);
        }
        if (!bytes.empty()) write_file(copy + suffix, bytes);
    }
    return copy;
}

}  // namespace test
