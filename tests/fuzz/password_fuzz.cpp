// Password files: read, and written and read again with the same users.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "fuzz/text_file.hpp"
#include "mqtt/access.hpp"

namespace {

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::MemoryFile file;
    static const std::string copy = "/tmp/mqtt_password_fuzz." + std::to_string(::getpid());
    mqtt::PasswordFile passwords;
    if (const mqtt::FileError error = passwords.load(file.with(data, size))) {
        require(passwords.size() == 0, "a file that could not be read has no user");
        return 0;
    }
    require(!passwords.check("", {}), "nobody has no name and no password");
    if (passwords.size() == 0) return 0;
    require(passwords.save(copy), "it can be written");
    mqtt::PasswordFile again;
    const mqtt::FileError error = again.load(copy);
    ::unlink(copy.c_str());
    require(!error, "what was written can be read");
    require(again.size() == passwords.size(), "nobody is lost");
    return 0;
}
