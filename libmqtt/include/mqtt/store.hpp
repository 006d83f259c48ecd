// A broker's durable store from outside: whether it is sound, what is in it, a copy of it. A file that nobody
// uses is opened; of a broker that runs a copy is asked for, through its control socket, and looked at
// instead, so nothing here waits for the broker's disk or makes it wait. For tools; a broker of this
// process needs nothing of it. Blocking; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt {

// Why this library can keep no store, and what to do about it; empty: it can. Persistence::batch and
// strict, and everything below, are then refused with this.
std::string_view no_store();

// The Unix socket on which the broker of this store listens, for its own user: FILE.control.
std::string store_control_path(const std::string& file);

// Copies the store, whether a broker uses it or not, to a new file, which appears complete or not at all
// and is on the disk then. False: `message` says why.
bool back_up_store(const std::string& file, const std::string& to, std::string& message);

class StoreFile {
public:
    // Null: `message` says why.
    static std::unique_ptr<StoreFile> open(const std::string& file, std::string& message);
    virtual ~StoreFile() = default;

    // What is wrong with it, in sentences; none: it is sound.
    virtual std::vector<std::string> check() = 0;
    // How many rows of each kind, bytes, and of a running broker what its writer has done.
    struct Figure {
        std::string name;
        std::uint64_t value = 0;
    };
    virtual std::vector<Figure> figures() = 0;
    // One JSON object per row; messages have the fields of mqtt-sub --json. `take` returns false to end it.
    // False: `message` says why it could not be read to the end.
    using Take = std::function<bool(std::string_view line)>;
    virtual bool export_lines(const Take& take, std::string& message) = 0;
};

}  // namespace mqtt
