// A file in memory for fuzz targets of parsers that read by path: its content changes, its path stays.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace fuzz {

class MemoryFile {
public:
    MemoryFile()
        : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC))
        , path_("/proc/self/fd/" + std::to_string(descriptor_)) {}
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { ::close(descriptor_); }

    const std::string& with(const std::uint8_t* data, std::size_t size) {
        static_cast<void>(!::ftruncate(descriptor_, 0));
        static_cast<void>(!::pwrite(descriptor_, data, size, 0));
        return path_;
    }

private:
    int descriptor_;
    std::string path_;
};

}  // namespace fuzz
