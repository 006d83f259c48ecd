// See report.hpp.
#include "mqtt-pub/report.hpp"

#include <fmt/format.h>

#include <iterator>

#include "common/json.hpp"

namespace mqtt_pub {

std::uint64_t Report::refused_count() const {
    std::uint64_t count = 0;
    for (const auto& [reason, n] : refused)
        count += n;
    return count;
}

std::uint64_t Report::answered() const {
    return acknowledged + refused_count();
}

std::uint64_t Report::unfinished() const {
    return accepted - sent - answered();
}

std::string report_text(const Report& report) {
    std::string out =
        fmt::format("{} message{}:", report.accepted, report.accepted == 1 ? "" : "s");
    const auto add = [&out](std::uint64_t n, std::string_view what) {
        if (n > 0) fmt::format_to(std::back_inserter(out), " {} {},", n, what);
    };
    add(report.sent, "sent");
    add(report.acknowledged, "acknowledged");
    for (const auto& [reason, n] : report.refused) {
        add(n, fmt::format("refused ({})", mqtt::reason_text(reason)));
    }
    add(report.unfinished(), "not acknowledged");
    add(report.invalid, report.invalid == 1 ? "invalid line" : "invalid lines");
    if (out.back() == ',') out.pop_back();
    return out;
}

std::string report_json(const Report& report, int exit_code) {
    std::string reasons;
    for (const auto& [reason, n] : report.refused) {
        if (!reasons.empty()) reasons += ',';
        tools::append_json_string(reasons, mqtt::reason_name(reason));
        fmt::format_to(std::back_inserter(reasons), ":{}", n);
    }
    return fmt::format(
        "{{\"messages\":{},\"sent\":{},\"acknowledged\":{},\"refused\":{},\"reasons\":{{{}}},"
        "\"unsent\":{},\"invalid\":{},\"denial\":\"{}\",\"seconds\":{:.6f},\"exit_code\":{}}}\n",
        report.accepted, report.sent, report.acknowledged, report.refused_count(), reasons,
        report.unfinished(), report.invalid, report.provable ? "reported" : "not provable",
        report.seconds, exit_code);
}

}  // namespace mqtt_pub
