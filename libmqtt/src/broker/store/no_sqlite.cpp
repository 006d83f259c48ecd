// In a build without SQLite, in the place of the other files of this folder that know it.
#include "broker/store/open.hpp"
#include "mqtt/store.hpp"

namespace mqtt::broker::store {

std::unique_ptr<Backend> open(const std::string&, Durability, Fault& fault) {
    fault.text = "this broker was built without SQLite: persistence must be off";
    return nullptr;
}

}  // namespace mqtt::broker::store

namespace mqtt {

std::unique_ptr<StoreFile> StoreFile::open(const std::string&, std::string& message) {
    message = "this program was built without SQLite and can read no store";
    return nullptr;
}

bool back_up_store(const std::string&, const std::string&, std::string& message) {
    message = "this program was built without SQLite and can copy no store";
    return false;
}

std::string store_control_path(const std::string& file) {
    return file + ".control";
}

}  // namespace mqtt
