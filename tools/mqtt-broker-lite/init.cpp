// See init.hpp.
#include "mqtt-broker-lite/init.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "common/flags.hpp"
#include "common/units.hpp"
#include "mqtt-broker-lite/command.hpp"
#include "mqtt-broker-lite/init_text.hpp"
#include "mqtt/access.hpp"

namespace tools::broker_lite {
namespace {

constexpr std::string_view kInitHelp =
    "mqtt-broker-lite init: write a configuration to begin with\n"
    "\n"
    "  mqtt-broker-lite init [-p PORT] [-u USER] DIR\n"
    "\n"
    "DIR gets broker.conf (with comments), passwords (one user with a random password), acl, data, "
    "and\n"
    "client.conf with what mqtt-pub and mqtt-sub need to connect (-o DIR/client.conf). Without -p "
    "the\n"
    "port is made of the folder's name, so that two such brokers run side by side. Nothing that "
    "is\n"
    "there already is overwritten.\n";

struct InitRequest {
    std::optional<std::uint16_t> port;
    std::string user = "admin";
    std::string directory;
};

InitRequest parse_init(const std::vector<std::string>& words) {
    InitRequest request;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "-p" || word == "-u") {
            if (++i == words.size()) throw UsageError("init " + word + ": the value is missing");
            if (word == "-u")
                request.user = words[i];
            else
                request.port = static_cast<std::uint16_t>(parse_integer("-p", words[i], 1, 65'535));
        } else if (word.starts_with('-') || !request.directory.empty()) {
            throw UsageError("init [-p PORT] [-u USER] DIR: what is '" + word + "'?");
        } else {
            request.directory = word;
        }
    }
    if (request.directory.empty()) throw UsageError("init needs DIR");
    if (request.user.empty() || request.user.find_first_of(":\n\r") != std::string::npos) {
        throw UsageError("init: a user name cannot be empty or have a colon or a line break");
    }
    return request;
}

bool is_free(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return is_bound;
}

// Below the ports that the kernel gives to clients; the same for the same folder.
std::uint16_t own_port(const std::string& directory) {
    constexpr unsigned kFirst = 18'830, kCount = 10'000;
    std::uint32_t hash = 2'166'136'261u;
    for (const char c : directory)
        hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
    for (unsigned i = 0; i < kCount; ++i) {
        const auto port = static_cast<std::uint16_t>(kFirst + (hash + i) % kCount);
        if (is_free(port)) return port;
    }
    throw CommandFailure{"no port is free; choose one with -p"};
}

// 24 letters and digits: 120 bits.
std::string random_password() {
    static constexpr char kLetters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    std::array<unsigned char, 24> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw CommandFailure{"no random numbers"};
    }
    std::string text;
    for (const unsigned char byte : bytes)
        text += kLetters[byte % 32];
    return text;
}

void write_file(const std::string& path, const std::string& text, mode_t mode) {
    std::FILE* file = std::fopen(path.c_str(), "wxe");
    if (file == nullptr) throw CommandFailure{path + ": " + std::strerror(errno)};
    const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const bool has_mode = ::fchmod(::fileno(file), mode) == 0;
    if (std::fclose(file) != 0 || !is_written || !has_mode) {
        throw CommandFailure{path + ": " + std::strerror(errno)};
    }
}

std::string name_of_user() {
    const passwd* user = ::getpwuid(::geteuid());
    return user == nullptr ? "root" : user->pw_name;
}

void write_folder(const InitRequest& request) {
    namespace fs = std::filesystem;
    std::error_code failed;
    fs::create_directories(fs::path(request.directory) / "data", failed);
    if (failed) throw CommandFailure{request.directory + ": " + failed.message()};
    InitFacts facts;
    facts.directory = fs::canonical(request.directory).string();
    for (const char* name : {"broker.conf", "passwords", "acl", "client.conf"}) {
        const std::string path = facts.directory + "/" + name;
        if (fs::exists(path))
            throw CommandFailure{path + " is there already; choose another folder"};
    }
    facts.port = request.port ? *request.port : own_port(facts.directory);
    facts.run_as = name_of_user();
    facts.user = request.user;
    facts.password = random_password();
    ::chmod((facts.directory + "/data").c_str(), 0700);
    mqtt::PasswordFile passwords;
    passwords.set(facts.user, mqtt::as_bytes(facts.password));
    if (!passwords.save(facts.directory + "/passwords")) {
        throw CommandFailure{facts.directory + "/passwords: " + std::strerror(errno)};
    }
    write_file(facts.directory + "/acl", init_acl(facts), 0600);
    write_file(facts.directory + "/client.conf", init_client(facts), 0600);
    write_file(facts.directory + "/broker.conf", init_conf(facts), 0644);
    fmt::print(
        "{0} is ready.\n  start:     mqtt-broker-lite -c {0}/broker.conf\n"
        "  subscribe: mqtt-sub -o {0}/client.conf -t '#' -v\n"
        "  publish:   mqtt-pub -o {0}/client.conf -t hello -m world\n",
        facts.directory);
}

}  // namespace

int run_init(const std::vector<std::string>& words) {
    static constexpr Command kCommand{"init", kInitHelp, [](const std::vector<std::string>& given) {
                                          write_folder(parse_init(given));
                                      }};
    return run_command(kCommand, words);
}

}  // namespace tools::broker_lite
