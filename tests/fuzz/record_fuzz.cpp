// Record files: read to the end whatever is in them; messages come with valid topics, in time.
#include <cstdio>
#include <cstdlib>

#include "common/app.hpp"
#include "common/record_file.hpp"
#include "fuzz/text_file.hpp"
#include "mqtt/topic.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::MemoryFile file;
    tools::RecordReader reader(file.with(data, size));
    std::chrono::nanoseconds last{0};
    std::uint64_t line = 0;
    for (;;) {
        try {
            const auto message = reader.next();
            if (!message) return 0;
            if (!mqtt::validate_topic_name(message->topic)) std::abort();
            if (message->at < last) std::abort();
            last = message->at;
        } catch (const tools::ToolError& error) {
            if (error.what()[0] == '\0') std::abort();
        }
        if (reader.line() <= line && line != 0) std::abort();  // it goes on
        line = reader.line();
    }
}
