// See store_command.hpp.
#include "mqtt-broker-lite/store_command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "common/standard_streams.hpp"
#include "mqtt-broker-lite/setup.hpp"
#include "mqtt/store.hpp"

namespace tools::broker_lite {

const std::string_view kStoreText =
    "What --persistence keeps is one file (--store, or persistence_location and persistence_file "
    "of "
    "the configuration) with its log beside it (FILE-wal). Four commands look at it; they find the "
    "file by the same flags as the broker, so -c broker.conf is enough. A broker that runs need "
    "not "
    "be stopped: it is asked for a copy, between two of its commits, and the copy is looked at.\n\n"
    "store check reads every page and row, prints what is wrong, a sentence per line, and ends "
    "with "
    "status 11 when something is; of a running broker it checks the copy.\n\n"
    "store stats prints how much there is of everything; of a running broker also how many commits "
    "it has made and how long the last took.\n\n"
    "store export prints every row as a JSON object per line. The member kind says what it is: "
    "session, will, subscription, message, queued, received, retained or transit. Messages have "
    "the "
    "fields of mqtt-sub --json, so that\n\n"
    "  mqtt-broker-lite store export | grep '\"kind\":\"retained\"' | mqtt-pub --json-lines\n\n"
    "publishes the retained ones elsewhere.\n\n"
    "store backup TARGET makes a copy, which is a store itself: start a broker with --store "
    "TARGET, "
    "or put it in the file's place while no broker runs (and remove FILE-wal, which belongs to the "
    "old one). TARGET must not exist; it appears complete and on the disk, or not at all. Copying "
    "the "
    "file with cp while the broker runs gives no store that can be relied on.\n\n"
    "The broker is asked through the Unix socket FILE.control, which only its own user may open "
    "(mode 0600). It writes the copy itself, so its user must be allowed to write there.";

namespace {

constexpr int kExitDamaged = 11;  // beside those of exit_code.hpp

// What stands before the flags.
struct StoreRequest {
    std::string verb;
    std::string target;  // of backup
};

// Words that are taken off the command line.
int words_of(const StoreRequest& request) {
    return 2 + (request.verb.empty() ? 0 : 1) + (request.target.empty() ? 0 : 1);
}

StoreRequest parse_store(int argc, char** argv) {
    StoreRequest request;
    const auto word = [&](int i) {
        return argc > i && argv[i][0] != '-' ? std::string(argv[i]) : std::string();
    };
    request.verb = word(2);
    if (request.verb == "backup") request.target = word(3);
    return request;
}

std::string store_file(const Invocation& invocation) {
    Setup setup = read_setup(invocation);
    if (!tell_problems(setup.conf)) throw UsageError("the configuration has mistakes");
    if (setup.has_file() && setup.config.persistence == mqtt::Persistence::off) {
        throw UsageError(setup.options.config_file +
                         " has no persistence: name a file with --store");
    }
    return setup.config.store_file.empty() ? "mqtt-broker-lite.db" : setup.config.store_file;
}

std::unique_ptr<mqtt::StoreFile> open(const std::string& file) {
    std::string message;
    auto store = mqtt::StoreFile::open(file, message);
    if (!store) throw ToolError(kExitUsage, message);
    return store;
}

int check(const std::string& file) {
    const std::vector<std::string> problems = open(file)->check();
    for (const std::string& problem : problems)
        fmt::print("{}\n", problem);
    if (problems.empty()) {
        tools::print_error("{} is sound.\n", file);
        return kExitDone;
    }
    tools::print_error(
        "{} is damaged. Keep a copy of it; what can be read is printed by 'store export'.\n", file);
    return kExitDamaged;
}

int stats(const std::string& file) {
    for (const auto& [name, value] : open(file)->figures())
        fmt::print("{}: {}\n", name, value);
    return kExitDone;
}

int export_rows(const std::string& file) {
    const auto store = open(file);
    std::string message;
    bool is_written = true;
    const auto print = [&](std::string_view line) {
        is_written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                     std::fputc('\n', stdout) != EOF;
        return is_written;
    };
    if (!store->export_lines(print, message)) throw ToolError(kExitDamaged, message);
    if (!is_written || std::fflush(stdout) != 0) {
        throw ToolError(kExitOutput, "standard output failed");
    }
    return kExitDone;
}

int back_up(const std::string& file, const std::string& target) {
    std::string message;
    if (!mqtt::back_up_store(file, target, message)) throw ToolError(kExitUsage, message);
    tools::print_error("{} is a copy of {}.\n", target, file);
    return kExitDone;
}

int execute(const StoreRequest& request, const Invocation& invocation) {
    if (request.verb == "backup" && request.target.empty()) {
        throw UsageError("store backup TARGET: the new file is missing");
    }
    const std::string file = store_file(invocation);
    if (request.verb == "check") return check(file);
    if (request.verb == "stats") return stats(file);
    if (request.verb == "export") return export_rows(file);
    if (request.verb == "backup") return back_up(file, request.target);
    throw UsageError("store " + (request.verb.empty() ? "needs" : request.verb + ": none of") +
                     " check, stats, export and backup");
}

}  // namespace

int run_store(int argc, char** argv) {
    const StoreRequest request = parse_store(argc, argv);
    Tool tool;
    tool.info = tool_info();
    tool.run = [&request](const Invocation& invocation) { return execute(request, invocation); };
    std::vector<char*> rest{argv[0]};
    for (int i = std::min(words_of(request), argc); i < argc; ++i)
        rest.push_back(argv[i]);
    rest.push_back(nullptr);
    return run_app(static_cast<int>(rest.size()) - 1, rest.data(), tool);
}

}  // namespace tools::broker_lite
