// The reader: objects as lists of members, fields by the rows of result_fields.
#include "mqtt-bench/result_read.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

#include "common/json.hpp"
#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/result_fields.hpp"
#include "mqtt-bench/summary.hpp"

namespace mqtt::bench {
namespace {

template <class T>
bool read_number(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string read_text(std::string_view value) {
    return tools::json_string(value).value_or(std::string());
}

class Object {
public:
    explicit Object(std::string_view text) {
        is_valid_ =
            tools::for_each_json_member(text, [&](std::string_view key, std::string_view v) {
                members_.emplace_back(key, v);
                return true;
            });
    }
    bool is_valid() const { return is_valid_; }
    // The value as it stands; empty: no such member.
    std::string_view operator[](std::string_view name) const {
        for (const auto& [key, value] : members_) {
            if (key == name) return value;
        }
        return {};
    }
    const std::vector<std::pair<std::string, std::string_view>>& members() const {
        return members_;
    }

private:
    std::vector<std::pair<std::string, std::string_view>> members_;
    bool is_valid_ = false;
};

struct Take {
    std::string_view text;
    bool operator()(std::string* out) const {
        const auto value = tools::json_string(text);
        if (value) *out = *value;
        return value.has_value();
    }
    bool operator()(bool* out) const {
        *out = text == "true";
        return text == "true" || text == "false";
    }
    template <class T>
    bool operator()(T* out) const {
        return read_number(text, *out);
    }
};

template <class T>
void read_fields(const Object& object, std::span<const Field<T>> rows, T& out) {
    for (const Field<T>& row : rows) {
        const std::string_view text = object[row.name];
        if (text.empty() || text == "null") continue;
        if (!std::visit(Take{text}, row.slot(out))) {
            throw std::invalid_argument(
                fmt::format("'{}' is not what it should be: {}", row.name, text.substr(0, 40)));
        }
    }
}

std::optional<Histogram> read_histogram(std::string_view text) {
    const Object series(text);
    const auto bytes = decode_base64(read_text(series["hdr"]));
    auto histogram = bytes ? decode_histogram(*bytes) : std::nullopt;
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    double mean = 0;
    if (histogram && read_number(series["min"], min) && read_number(series["max"], max) &&
        read_number(series["mean"], mean)) {
        histogram->set_exact(min, max, mean);
    }
    return histogram;
}

void read_series(std::string_view text, SeriesSet& out) {
    const Object all(text);
    for (std::size_t i = 0; i < kSeriesCount; ++i) {
        const std::string_view one = all[kSeriesNames[i]];
        if (one.empty()) continue;
        auto histogram = read_histogram(one);
        if (!histogram) {
            throw std::invalid_argument(
                fmt::format("latency_ns.{}.hdr is no histogram of mqtt-bench", kSeriesNames[i]));
        }
        out.series[i] = std::move(*histogram);
    }
}

void read_judgement(const Object& all, Result& r) {
    const Object verdict(all["verdict"]);
    r.verdict.valid = verdict["valid"] != "false";
    const std::string limit = read_text(verdict["limit"]);
    for (const Limit one : {Limit::none, Limit::broker, Limit::generator, Limit::network}) {
        if (limit == limit_name(one)) r.verdict.limit = one;
    }
    r.verdict.text = read_text(verdict["text"]);
    tools::for_each_json_element(all["assertions"], [&](std::string_view value) {
        const Object row(value);
        AssertionResult assertion;
        assertion.text = read_text(row["text"]);
        const std::string outcome = read_text(row["outcome"]);
        for (const auto one : {Expression::Outcome::pass, Expression::Outcome::fail}) {
            if (outcome == outcome_name(one)) assertion.outcome = one;
        }
        assertion.value = read_text(row["value"]);
        assertion.why = read_text(row["why"]);
        r.assertions.push_back(std::move(assertion));
        return true;
    });
}

std::vector<HeatCell> read_heat(std::string_view text) {
    std::vector<HeatCell> cells;
    tools::for_each_json_element(text, [&](std::string_view pair) {
        std::uint64_t numbers[2] = {};
        std::size_t n = 0;
        tools::for_each_json_element(pair, [&](std::string_view value) {
            return n < 2 && read_number(value, numbers[n++]);
        });
        cells.push_back({static_cast<std::uint32_t>(numbers[0]), numbers[1]});
        return true;
    });
    return cells;
}

Second to_second(const Object& row) {
    Second second;
    read_fields(row, second_fields(), second);
    second.heat = read_heat(row["heat"]);
    return second;
}

void read_seconds(std::string_view text, Result& r) {
    tools::for_each_json_element(text, [&](std::string_view value) {
        r.seconds.push_back(to_second(Object(value)));
        return true;
    });
}

void read_stages(std::string_view text, Result& r) {
    tools::for_each_json_element(text, [&](std::string_view value) {
        read_fields(Object(value), stage_fields(), r.stages.emplace_back());
        return true;
    });
}

}  // namespace

std::optional<Second> read_second(std::string_view json) {
    const Object row(json);
    if (!row.is_valid() || row["elapsed"].empty()) return std::nullopt;
    try {
        return to_second(row);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

Result read_result(std::string_view json) {
    const Object all(json);
    if (!all.is_valid()) throw std::invalid_argument("not a JSON object");
    const std::string schema = read_text(all["schema"]);
    if (schema != kResultSchema) {
        throw std::invalid_argument(
            schema.empty()
                ? std::string("not a result of mqtt-bench --json")
                : fmt::format("its schema is '{}', '{}' is wanted", schema, kResultSchema));
    }
    Result r;
    read_fields(all, head_fields(), r);
    const std::string run_id = read_text(all["run_id"]);
    std::from_chars(run_id.data(), run_id.data() + run_id.size(), r.run_id, 16);
    tools::for_each_json_element(all["targets"], [&](std::string_view value) {
        r.targets.push_back(read_text(value));
        return true;
    });
    read_fields(Object(all["counts"]), count_fields(), r);
    read_series(all["latency_ns"], r.series);
    if (auto per_read = read_histogram(all["messages_per_read"])) {
        r.series.per_read = std::move(*per_read);
    }
    if (const Object broker(all["broker"]); broker.is_valid()) {
        read_fields(broker, broker_fields(), r.broker.emplace());
    }
    if (const Object sys(all["sys"]); sys.is_valid()) {
        read_fields(sys, sys_fields(), r.sys.emplace());
    }
    read_fields(Object(all["generator"]), generator_fields(), r.generator);
    read_judgement(all, r);
    const Object environment(all["environment"]);
    for (const auto& [name, value] : environment.members())
        r.environment.emplace_back(name, read_text(value));
    read_stages(all["stages"], r);
    read_seconds(all["seconds"], r);
    return r;
}

}  // namespace mqtt::bench
