// In a build without SQLite, in the place of the other files of this folder that know it.
#include "broker/store/open.hpp"

namespace mqtt::broker::store {

std::unique_ptr<Backend> open(const std::string&, Durability, Fault& fault) {
    fault.text = "this broker was built without SQLite: persistence must be off";
    return nullptr;
}

}  // namespace mqtt::broker::store
