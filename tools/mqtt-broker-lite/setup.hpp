// Flags and configuration file together: what the broker is to be. Opens nothing but files to read.
#pragma once

#include <string>
#include <vector>

#include "common/app.hpp"
#include "mqtt-broker-lite/conf.hpp"
#include "mqtt-broker-lite/log.hpp"
#include "mqtt-broker-lite/options.hpp"

namespace tools::broker_lite {

struct Setup {
    Options options;
    Conf conf;
    mqtt::BrokerConfig config;
    // Per listener; empty: a run without file and --user, which is open to everybody, as its start says.
    std::vector<ConfAccess> accesses;
    std::vector<FlagUse> uses;  // flags, as given

    bool has_file() const { return !options.config_file.empty(); }
};

Setup read_setup(const Invocation& invocation);

// Whether this program can keep anything at all. Problems are added to setup.conf.
void check_persistence(Setup& setup);

// Everything that can be found out without opening a socket: files of passwords, rights and certificates,
// contradictions. Problems are added to setup.conf.
void check_setup(Setup& setup);

// Problems on standard error, one line each; true when none is an error.
bool tell_problems(const Conf& conf);

LogSettings log_settings(const Conf& conf, const Options& options);

// For --print-config: every key with the value that holds and where it was said, keys that nobody mentioned
// with their usual values, then the flags, which win. For others' eyes without secrets.
std::string effective_text(const Setup& setup, bool hides_secrets = false);

}  // namespace tools::broker_lite
