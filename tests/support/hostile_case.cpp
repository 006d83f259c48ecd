// Reads the language of the hostile battery.
#include "support/hostile_case.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace mqtt::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string big_endian(std::uint64_t number, int bytes) {
    std::string out;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(number >> shift);
    return out;
}

std::string varint(std::size_t number) {
    std::string out;
    do {
        const auto digit = static_cast<unsigned>(number % 128);
        number /= 128;
        out += static_cast<char>(number != 0 ? digit | 0x80 : digit);
    } while (number != 0);
    return out;
}

std::string ws_frame(char first, const std::string& payload) {
    std::string out(1, first);
    if (payload.size() < 126) {
        out += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() < 65'536) {
        out += static_cast<char>(0xFE);
        out += big_endian(payload.size(), 2);
    } else {
        out += static_cast<char>(0xFF);
        out += big_endian(payload.size(), 8);
    }
    return out + std::string(4, '\0') + payload;  // masked, with a mask of zeros
}

class ByteParser {
public:
    ByteParser(std::string_view text, std::uint16_t number) : text_(text), number_(number) {}

    std::string items(char end) {
        std::string out;
        for (;;) {
            skip_blanks();
            if (at_ == text_.size()) {
                if (end != 0) fail(std::string("no ") + end);
                return out;
            }
            if (text_[at_] == end) {
                ++at_;
                return out;
            }
            const std::string one = item();
            for (std::size_t left = count(); left > 0; --left)
                out += one;
        }
    }

private:
    void skip_blanks() {
        while (at_ < text_.size() && text_[at_] == ' ')
            ++at_;
    }
    char next() {
        if (at_ == text_.size()) fail("ends too early");
        return text_[at_++];
    }
    char hex_byte() {
        const int high = hex_digit(next());
        const int low = hex_digit(next());
        if (high < 0 || low < 0) fail("no hex digits at " + std::to_string(at_));
        return static_cast<char>(high << 4 | low);
    }
    std::size_t count() {
        if (at_ == text_.size() || text_[at_] != '*') return 1;
        ++at_;
        std::size_t n = 0;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
            n = n * 10 + static_cast<std::size_t>(text_[at_++] - '0');
        return n;
    }
    std::string quoted() {
        std::string out;
        for (char c = next(); c != '"'; c = next()) {
            if (c != '\\') {
                out += c;
                continue;
            }
            c = next();
            switch (c) {
            case 'r': out += '\r'; break;
            case 'n': out += '\n'; break;
            case 't': out += '\t'; break;
            case 'x': out += hex_byte(); break;
            default: out += c;
            }
        }
        return out;
    }
    std::string item() {
        switch (text_[at_]) {
        case '"': ++at_; return quoted();
        case '#': ++at_; return big_endian(number_, 2);
        case '(': ++at_; return items(')');
        case '{': {
            ++at_;
            const std::string inner = items('}');
            return varint(inner.size()) + inner;
        }
        case '<': {
            ++at_;
            const std::string inner = items('>');
            return big_endian(inner.size(), 2) + inner;
        }
        case '@': {
            ++at_;
            const char first = hex_byte();
            if (next() != '[') fail("no [ after @");
            return ws_frame(first, items(']'));
        }
        default: return std::string(1, hex_byte());
        }
    }

    std::string_view text_;
    std::uint16_t number_;
    std::size_t at_ = 0;
};

// The first word, taken off `rest`.
std::string_view word(std::string_view& rest) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view first = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return first;
}

void read_line(HostileCase& into, std::string_view line, int number) {
    using Kind = HostileStep::Kind;
    HostileStep step;
    step.line = number;
    const std::string_view first = word(line);
    if (first == "listener") {
        into.listener = line;
        return;
    }
    if (first == "version") {
        into.version = std::stoi(std::string(line));
        return;
    }
    if (first == ">") {
        step.kind = Kind::send;
    } else if (first == ">>") {
        step.kind = Kind::send;
        step.repeat = std::stoul(std::string(word(line)));
    } else if (first == "trickle") {
        step.kind = Kind::trickle;
        step.pause_ms = static_cast<unsigned>(std::stoul(std::string(word(line))));
    } else if (first == "<") {
        step.kind = Kind::expect;
    } else if (first == "login") {
        step.kind = Kind::login;
    } else if (first == "upgrade") {
        step.kind = Kind::upgrade;
    } else if (first == "close") {
        step.kind = Kind::close;
    } else if (first == "reset") {
        step.kind = Kind::reset;
    } else if (first == "half-close") {
        step.kind = Kind::half_close;
    } else {
        fail("unknown word '" + std::string(first) + "'");
    }
    step.text = line;
    if (step.kind == Kind::send || step.kind == Kind::trickle) hostile_bytes(step.text, 1);
    into.steps.push_back(std::move(step));
}

}  // namespace

bool HostileCase::is_slow() const {
    return std::any_of(steps.begin(), steps.end(), [](const HostileStep& step) {
        return step.kind == HostileStep::Kind::trickle;
    });
}

std::string hostile_bytes(std::string_view words, std::uint16_t number) {
    return ByteParser(words, number).items(0);
}

std::vector<HostileCase> read_hostile_cases(const std::string& path) {
    std::vector<HostileCase> cases;
    std::ifstream in(path);
    if (!in) fail(path + " cannot be opened");
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        if (line.empty() || line[0] == '#') continue;
        try {
            if (line.starts_with("== ")) {
                cases.emplace_back();
                cases.back().name = line.substr(3);
                cases.back().file = std::filesystem::path(path).filename();
            } else if (cases.empty()) {
                fail("a step before the first case");
            } else {
                read_line(cases.back(), line, number);
            }
        } catch (const std::exception& e) {
            fail(path + ":" + std::to_string(number) + ": " + e.what());
        }
    }
    return cases;
}

std::vector<HostileCase> all_hostile_cases() {
    std::vector<std::string> paths;
    for (const auto& entry :
         std::filesystem::directory_iterator(MQTT_SOURCE_DIR "/tests/spec/hostile"))
        if (entry.path().extension() == ".txt") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<HostileCase> all;
    for (const std::string& path : paths)
        for (HostileCase& one : read_hostile_cases(path))
            all.push_back(std::move(one));
    return all;
}

}  // namespace mqtt::test
