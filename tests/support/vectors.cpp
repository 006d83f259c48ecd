// Parser of the golden vectors.
#include "support/vectors.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace mqtt::test {
namespace {

std::vector<std::string> split(const std::string& line, std::string_view separator) {
    std::vector<std::string> fields;
    std::size_t from = 0;
    for (;;) {
        const std::size_t to = line.find(separator, from);
        fields.push_back(line.substr(from, to - from));
        if (to == std::string::npos) return fields;
        from = to + separator.size();
    }
}

std::size_t parse_number(std::string_view text, int base) {
    std::size_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
        throw std::runtime_error("not a number: '" + std::string(text) + "'");
    }
    return value;
}

std::vector<std::uint8_t> parse_bytes(std::string_view text) {
    std::vector<std::uint8_t> bytes;
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] == ' ') {
            ++at;
        } else if (text[at] == '"') {
            const std::size_t quote = text.find('"', at + 1);
            if (quote == std::string_view::npos) throw std::runtime_error("missing quote");
            const std::string_view run = text.substr(at + 1, quote - at - 1);
            std::size_t times = 1;
            at = quote + 1;
            if (at < text.size() && text[at] == '*') {
                const std::size_t end = std::min(text.find(' ', at), text.size());
                times = parse_number(text.substr(at + 1, end - at - 1), 10);
                at = end;
            }
            for (; times > 0; --times)
                bytes.insert(bytes.end(), run.begin(), run.end());
        } else {
            bytes.push_back(static_cast<std::uint8_t>(parse_number(text.substr(at, 2), 16)));
            at += 2;
        }
    }
    return bytes;
}

ProtocolVersion parse_version(const std::string& text) {
    if (text == "3.1") return ProtocolVersion::v3_1;
    if (text == "3.1.1") return ProtocolVersion::v3_1_1;
    if (text == "5.0") return ProtocolVersion::v5;
    throw std::runtime_error("no such version: '" + text + "'");
}

Vector parse_row(const std::string& line) {
    const std::vector<std::string> fields = split(line, " | ");
    if (fields.size() != 5 && fields.size() != 6) throw std::runtime_error("5 or 6 columns");
    Vector row;
    for (const std::string& version : split(fields[0], ",")) {
        row.versions.push_back(parse_version(version));
    }
    row.sender = fields[1];
    row.bytes = parse_bytes(fields[2]);
    row.result = fields[3];
    row.meaning = fields[4];
    if (fields.size() == 6) row.ids = fields[5];
    return row;
}

}  // namespace

std::vector<Vector> load_vectors(std::string_view file) {
    const std::string path = std::string(MQTT_SOURCE_DIR "/tests/vectors/") + std::string(file);
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot read " + path);
    std::vector<Vector> rows;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        if (line.empty() || line[0] == '#') continue;
        const std::string place = std::string(file) + ":" + std::to_string(number);
        try {
            rows.push_back(parse_row(line));
        } catch (const std::exception& error) {
            throw std::runtime_error(place + ": " + error.what());
        }
        rows.back().place = place;
    }
    return rows;
}

std::vector<Vector> load_vectors() {
    std::vector<Vector> all;
    for (const auto& entry :
         std::filesystem::directory_iterator(MQTT_SOURCE_DIR "/tests/vectors")) {
        if (entry.path().extension() != ".txt") continue;
        for (Vector& row : load_vectors(entry.path().filename().string())) {
            all.push_back(std::move(row));
        }
    }
    return all;
}

}  // namespace mqtt::test
