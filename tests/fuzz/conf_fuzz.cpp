// mosquitto.conf: any bytes are read to the end, and every problem says where it is.
#include <cstdio>
#include <cstdlib>

#include "fuzz/text_file.hpp"
#include "mqtt-broker-lite/conf.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::MemoryFile file;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.find("include_dir") != std::string_view::npos) return 0;  // other people's files
    tools::broker_lite::Conf conf;
    const std::string& path = file.with(data, size);
    tools::broker_lite::read_conf(conf, path);
    for (const tools::broker_lite::ConfProblem& problem : conf.problems) {
        if (problem.text.starts_with(path)) continue;
        std::fprintf(stderr, "a problem without its place: %s\n", problem.text.c_str());
        std::abort();
    }
    int last = 0;
    for (const tools::broker_lite::ConfLine& line : conf.lines) {
        if (line.number <= last || line.key.empty()) std::abort();
        last = line.number;
    }
    return 0;
}
