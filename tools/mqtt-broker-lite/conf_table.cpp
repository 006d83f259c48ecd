// One row per key of mosquitto.conf: parser, --print-config and mqtt-broker-lite.conf(5) read it here.
// The rows are in conf_keys_*.cpp, by subject.
#include <vector>

#include "mqtt-broker-lite/conf_keys.hpp"

namespace tools::broker_lite {

std::span<const ConfKey> conf_table() {
    static const std::vector<ConfKey> kTable = [] {
        std::vector<ConfKey> all;
        for (const auto keys : {access_keys(), limit_keys(), listener_keys(), tls_keys(),
                                operation_keys(), data_keys(), bridge_keys()}) {
            all.insert(all.end(), keys.begin(), keys.end());
        }
        return all;
    }();
    return kTable;
}

}  // namespace tools::broker_lite
