// In a build without SQLite, in the place of the other files of this folder that know it: refuses.
#include "broker/store/open.hpp"
#include "mqtt/store.hpp"

namespace mqtt::broker::store {

std::unique_ptr<Backend> open(const std::string&, Durability, Fault& fault) {
    fault.text = no_store();
    return nullptr;
}

}  // namespace mqtt::broker::store

namespace mqtt {

std::string_view no_store() {
    return "nothing can be kept over a restart: this program was built without SQLite; take "
           "--persistence off (persistence false in a file), or one that was built with "
           "-DMQTT_SQLITE=ON";
}

std::unique_ptr<StoreFile> StoreFile::open(const std::string&, std::string& message) {
    message =
        "stores cannot be read: this program was built without SQLite; take one that was "
        "built with -DMQTT_SQLITE=ON";
    return nullptr;
}

bool back_up_store(const std::string& file, const std::string&, std::string& message) {
    return StoreFile::open(file, message) != nullptr;
}

std::string store_control_path(const std::string& file) {
    return file + ".control";
}

}  // namespace mqtt
