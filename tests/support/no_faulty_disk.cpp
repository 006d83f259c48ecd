// In a build without SQLite, in the place of faulty_disk.cpp: its cases are skipped, and only have to link.
#include "support/faulty_disk.hpp"

namespace test {

void FaultyDisk::install() {}
void FaultyDisk::fail_from(std::uint64_t, Fault) {}
void FaultyDisk::fail_at(std::uint64_t, Fault) {}
void FaultyDisk::mend() {}
std::uint64_t FaultyDisk::calls() {
    return 0;
}
void FaultyDisk::forget(const std::string&) {}
std::string FaultyDisk::after_power_cut(const std::string& file, const std::string&, unsigned) {
    return file;
}

}  // namespace test
