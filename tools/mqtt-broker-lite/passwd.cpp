// See passwd.hpp.
#include "mqtt-broker-lite/passwd.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "common/flags.hpp"
#include "common/units.hpp"
#include "mqtt-broker-lite/command.hpp"
#include "mqtt/access.hpp"

namespace tools::broker_lite {
namespace {

constexpr std::string_view kPasswdHelp =
    "mqtt-broker-lite passwd: make and edit password files, as mosquitto_passwd does\n"
    "\n"
    "  mqtt-broker-lite passwd [-c] [-H HOW] [-I N] FILE USER     set USER's password, which is "
    "asked for\n"
    "  mqtt-broker-lite passwd [-c] [-H HOW] [-I N] -b FILE USER PASSWORD  the same; other users "
    "may see "
    "it\n"
    "  mqtt-broker-lite passwd -D FILE USER                       remove USER\n"
    "  mqtt-broker-lite passwd -U FILE                            hash a file of USER:PASSWORD "
    "lines\n"
    "\n"
    "  -c   make a new file; one that is there is replaced\n"
    "  -b   the password is on the command line\n"
    "  -D   remove the user\n"
    "  -U   hash the passwords of the file that are plain\n"
    "  -H   how to keep the password: sha512-pbkdf2 as mosquitto 2 does [default], sha512 as "
    "mosquitto\n"
    "       1.6 and earlier, argon2id as mosquitto 2.1 (needs OpenSSL 3.2), or scram-sha-256, with "
    "which\n"
    "       a user can log in by SCRAM-SHA-256 as well (not for mosquitto)\n"
    "  -I   iterations for what is hashed now [1000, scram-sha-256: 4096, argon2id: 1; sha512 has "
    "none]\n"
    "\n"
    "Without a terminal the password is the first line of standard input. The file is replaced as "
    "a whole\n"
    "or not at all; a running broker reads it again at SIGHUP.\n";

enum class Hashing : std::uint8_t { sha512_pbkdf2, sha512, argon2id, scram_sha_256 };

struct HashingName {
    std::string_view name;
    Hashing hashing;
};
constexpr HashingName kHashings[] = {{"sha512-pbkdf2", Hashing::sha512_pbkdf2},
                                     {"sha512", Hashing::sha512},
                                     {"argon2id", Hashing::argon2id},
                                     {"scram-sha-256", Hashing::scram_sha_256}};

Hashing parse_hashing(const std::string& word) {
    for (const HashingName& known : kHashings)
        if (known.name == word) return known.hashing;
    throw UsageError("-H: '" + word +
                     "' is none of sha512-pbkdf2, sha512, argon2id and scram-sha-256");
}

struct PasswdRequest {
    bool create = false;
    bool on_command_line = false;
    bool remove = false;
    bool hash_file = false;
    Hashing hashing = Hashing::sha512_pbkdf2;
    unsigned iterations = 0;
    std::vector<std::string> names;  // FILE [USER [PASSWORD]]
};

PasswdRequest parse_passwd(const std::vector<std::string>& words) {
    PasswdRequest request;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "-c") {
            request.create = true;
        } else if (word == "-b") {
            request.on_command_line = true;
        } else if (word == "-D") {
            request.remove = true;
        } else if (word == "-U") {
            request.hash_file = true;
        } else if (word == "-I") {
            if (++i == words.size()) throw UsageError("-I: the number is missing");
            request.iterations =
                static_cast<unsigned>(parse_integer("-I", words[i], 1, 100'000'000));
        } else if (word == "-H") {
            if (++i == words.size()) throw UsageError("-H: the name is missing");
            request.hashing = parse_hashing(words[i]);
        } else if (word.size() > 1 && word.starts_with('-')) {
            throw UsageError("passwd has no option " + word + " (-b, -c, -D, -H, -I, -U)");
        } else {
            request.names.push_back(word);
        }
    }
    const std::size_t wanted = request.hash_file ? 1 : request.on_command_line ? 3 : 2;
    if (request.remove + request.hash_file + request.on_command_line > 1 ||
        (request.create && (request.remove || request.hash_file))) {
        throw UsageError("passwd: -b, -D and -U exclude each other, and -c goes with -b only");
    }
    if (request.names.size() != wanted) {
        throw UsageError(wanted == 1   ? "passwd -U needs FILE"
                         : wanted == 2 ? "passwd needs FILE and USER"
                                       : "passwd -b needs FILE, USER and PASSWORD");
    }
    if (wanted > 1 && request.names[1].find_first_of(":\n\r") != std::string::npos) {
        throw UsageError("passwd: a user name cannot have a colon or a line break");
    }
    return request;
}

// A line without echo from the terminal, or the first of standard input.
std::string read_secret(const char* prompt) {
    const bool is_terminal = ::isatty(STDIN_FILENO) == 1;
    termios before{};
    if (is_terminal && ::tcgetattr(STDIN_FILENO, &before) == 0) {
        termios silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        std::fputs(prompt, stderr);
    }
    std::string line;
    const bool good = static_cast<bool>(std::getline(std::cin, line));
    if (is_terminal) {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        std::fputc('\n', stderr);
    }
    if (!good) throw CommandFailure{"no password on standard input"};
    return line;
}

std::string ask_password() {
    std::string password = read_secret("Password: ");
    if (::isatty(STDIN_FILENO) == 1 && read_secret("Password again: ") != password) {
        throw CommandFailure{"the two passwords differ"};
    }
    if (password.empty()) throw CommandFailure{"the password is empty"};
    return password;
}

void set_password(mqtt::PasswordFile& file, const PasswdRequest& request, const std::string& user,
                  const std::string& password) {
    const mqtt::Bytes bytes = mqtt::as_bytes(password);
    switch (request.hashing) {
    case Hashing::sha512_pbkdf2: return file.set(user, bytes, request.iterations);
    case Hashing::sha512: return file.set_sha512(user, bytes);
    case Hashing::scram_sha_256: return file.set_scram(user, bytes, request.iterations);
    case Hashing::argon2id:
        if (file.set_argon2id(user, bytes, request.iterations)) return;
        throw CommandFailure{
            "-H argon2id needs OpenSSL 3.2 or later, and memory for it: take sha512-pbkdf2"};
    }
}

void hash_plain_lines(mqtt::PasswordFile& file, const PasswdRequest& request) {
    std::ifstream in(request.names[0]);
    if (!in) throw CommandFailure{request.names[0] + ": cannot be read"};
    std::string line;
    while (std::getline(in, line)) {
        const std::size_t colon = line.find(':');
        if (line.starts_with('#') || colon == std::string::npos) continue;
        set_password(file, request, line.substr(0, colon), line.substr(colon + 1));
    }
}

void edit_file(const PasswdRequest& request) {
    const std::string& path = request.names[0];
    mqtt::PasswordFile file;
    if (request.hash_file) {
        hash_plain_lines(file, request);
    } else if (!request.create) {
        if (const mqtt::FileError error = file.load(path)) {
            const bool is_there = std::filesystem::exists(path);
            throw CommandFailure{error.text + (is_there ? "" : " (-c makes a new one)")};
        }
    }
    if (request.remove) {
        if (!file.remove(request.names[1]))
            throw CommandFailure{path + ": no user " + request.names[1]};
    } else if (!request.hash_file) {
        const std::string password = request.on_command_line ? request.names[2] : ask_password();
        set_password(file, request, request.names[1], password);
    }
    if (!file.save(path))
        throw CommandFailure{path + ": cannot be written: " + std::strerror(errno)};
}

}  // namespace

int run_passwd(const std::vector<std::string>& words) {
    static constexpr Command kCommand{
        "passwd", kPasswdHelp,
        [](const std::vector<std::string>& given) { edit_file(parse_passwd(given)); }};
    return run_command(kCommand, words);
}

}  // namespace tools::broker_lite
