// SQLite's files on a disk that can be full, fail, or lose power: a layer over the real file system that
// every database opened after install() uses. Numbers are of writes and syncs together, over all files.
#pragma once

#include <cstdint>
#include <string>

namespace test {

class FaultyDisk {
public:
    enum class Fault : std::uint8_t { none, full, io_error, short_write };

    // Once per process.
    static void install();
    // From the `call`th write or sync on (1 is the next) everything fails so, until mend().
    static void fail_from(std::uint64_t call, Fault fault);
    // Only that one call.
    static void fail_at(std::uint64_t call, Fault fault);
    static void mend();
    // Reads fail, until mend(); how many have so far.
    static void fail_reads();
    static std::uint64_t failed_reads();
    static std::uint64_t calls();
    // What is remembered of the files in a folder.
    static void forget(const std::string& folder);

    // What would be on the disk if power failed now: copies `file` and its log into `folder`, as they
    // were at their last sync. With a seed some of what was written since then is there, too, in any
    // order and in parts of sectors, as a disk with a cache may have it. The path of the copy.
    static std::string after_power_cut(const std::string& file, const std::string& folder,
                                       unsigned seed = 0);
};

}  // namespace test
