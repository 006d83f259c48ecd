// What the files of `init` say. Text only.
#pragma once

#include <cstdint>
#include <string>

namespace tools::broker_lite {

struct InitFacts {
    std::string directory;  // absolute
    std::uint16_t port = 0;
    std::string run_as;  // of the machine
    std::string user;    // of the broker
    std::string password;
};

std::string init_conf(const InitFacts& facts);
std::string init_acl(const InitFacts& facts);
std::string init_client(const InitFacts& facts);  // options for mqtt-pub and mqtt-sub

}  // namespace tools::broker_lite
