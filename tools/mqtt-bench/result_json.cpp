// The JSON form (schema "mqtt-bench/1") and the CSV of seconds, from the rows of result_fields.
#include <fmt/format.h>

#include <iterator>

#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/json_writer.hpp"
#include "mqtt-bench/result_fields.hpp"
#include "mqtt-bench/summary.hpp"

namespace mqtt::bench {
namespace {

struct PutJson {
    JsonWriter& json;
    std::string_view name;
    void operator()(const std::uint64_t* value) const { json.count(name, *value); }
    void operator()(const std::uint32_t* value) const { json.count(name, *value); }
    void operator()(const int* value) const { json.number(name, *value); }
    void operator()(const double* value) const { json.number(name, *value); }
    void operator()(const bool* value) const { json.flag(name, *value); }
    void operator()(const std::string* value) const { json.text(name, *value); }
};

template <class T>
void write_fields(JsonWriter& json, std::span<const Field<T>> rows, const T& object) {
    for (const Field<T>& row : rows)
        std::visit(PutJson{json, row.name}, row.value(object));
}

void write_derived(JsonWriter& json, std::span<const DerivedField> rows, const Result& r) {
    for (const DerivedField& row : rows) {
        if (const auto value = row.value(r)) json.number(row.name, *value);
    }
}

void write_histogram(JsonWriter& json, std::string_view name, const Histogram& h) {
    if (h.empty()) return;
    json.begin(name, '{');
    json.count("count", h.count());
    json.count("min", h.min());
    json.number("mean", h.mean());
    for (const double p : {50.0, 90.0, 99.0, 99.9, 99.99, 99.999}) {
        const auto value = h.supported(p / 100);
        if (value) json.count(fmt::format("p{:g}", p), *value);
    }
    json.count("max", h.max());
    json.text("hdr", encode_base64(encode_histogram(h)));
    json.end('}');
}

void write_series(JsonWriter& json, const Result& r) {
    json.begin("latency_ns", '{');
    for (std::size_t i = 0; i < kSeriesCount; ++i)
        write_histogram(json, kSeriesNames[i], r.series.series[i]);
    json.end('}');
    write_histogram(json, "messages_per_read", r.series.per_read);
}

void write_cost(JsonWriter& json, const Result& r) {
    if (r.broker) {
        json.begin("broker", '{');
        write_fields(json, broker_fields(), *r.broker);
        write_derived(json, broker_derived_fields(), r);
        json.end('}');
    }
    if (r.sys) {
        json.begin("sys", '{');
        write_fields(json, sys_fields(), *r.sys);
        json.end('}');
    }
    json.begin("generator", '{');
    write_fields(json, generator_fields(), r.generator);
    write_derived(json, generator_derived_fields(), r);
    json.end('}');
}

void write_judgement(JsonWriter& json, const Result& r) {
    json.begin("verdict", '{');
    json.flag("valid", r.verdict.valid);
    json.text("limit", limit_name(r.verdict.limit));
    json.text("text", r.verdict.text);
    json.end('}');
    json.begin("assertions", '[');
    for (const AssertionResult& a : r.assertions) {
        json.begin("", '{');
        json.text("text", a.text);
        json.text("outcome", outcome_name(a.outcome));
        json.text("value", a.value);
        json.text("why", a.why);
        json.end('}');
    }
    json.end(']');
}

void write_stages(JsonWriter& json, const Result& r) {
    json.begin("stages", '[');
    for (const StageResult& stage : r.stages) {
        json.begin("", '{', true);
        write_fields(json, stage_fields(), stage);
        json.end('}');
    }
    json.end(']');
}

void write_second(JsonWriter& json, const Second& s) {
    json.begin("", '{', true);
    write_fields(json, second_fields(), s);
    json.begin("heat", '[');
    for (const HeatCell& cell : s.heat) {
        json.begin("", '[');
        json.count("", cell.row);
        json.count("", cell.count);
        json.end(']');
    }
    json.end(']');
    json.end('}');
}

void write_seconds(JsonWriter& json, const Result& r) {
    json.begin("seconds", '[');
    for (const Second& s : r.seconds)
        write_second(json, s);
    json.end(']');
}

struct PutCsv {
    std::back_insert_iterator<std::string> out;
    void operator()(const std::string* value) const { fmt::format_to(out, "{}", *value); }
    void operator()(const double* value) const { fmt::format_to(out, "{}", *value); }
    template <class T>
    void operator()(const T* value) const {
        fmt::format_to(out, "{}", *value);
    }
};

}  // namespace

std::string_view limit_name(Limit limit) {
    switch (limit) {
    case Limit::broker: return "broker";
    case Limit::generator: return "generator";
    case Limit::network: return "network";
    case Limit::none: break;
    }
    return "none";
}

std::string_view outcome_name(Expression::Outcome outcome) {
    switch (outcome) {
    case Expression::Outcome::pass: return "pass";
    case Expression::Outcome::fail: return "fail";
    case Expression::Outcome::unknown: break;
    }
    return "unknown";
}

std::string result_json(const Result& r) {
    std::string out;
    JsonWriter json(out);
    json.begin("", '{');
    json.text("schema", kResultSchema);
    write_fields(json, head_fields(), r);
    json.text("run_id", fmt::format("{:08x}", r.run_id));
    json.begin("targets", '[');
    for (const std::string& target : r.targets)
        json.text("", target);
    json.end(']');
    json.begin("counts", '{');
    write_fields(json, count_fields(), r);
    json.end('}');
    json.begin("rates", '{');
    write_derived(json, rate_fields(), r);
    json.end('}');
    write_series(json, r);
    write_cost(json, r);
    write_judgement(json, r);
    json.begin("environment", '{');
    for (const auto& [name, value] : r.environment)
        json.text(name, value);
    json.end('}');
    write_stages(json, r);
    write_seconds(json, r);
    json.end('}');
    return out + "\n";
}

std::string second_json(const Second& s) {
    std::string out;
    JsonWriter json(out);
    write_second(json, s);
    return out + "\n";
}

std::string seconds_csv(const Result& r) {
    std::string out;
    for (const Field<Second>& row : second_fields()) {
        if (!out.empty()) out += ',';
        out += row.name;
    }
    out += '\n';
    for (const Second& s : r.seconds) {
        bool first = true;
        for (const Field<Second>& row : second_fields()) {
            if (!first) out += ',';
            first = false;
            std::visit(PutCsv{std::back_inserter(out)}, row.value(s));
        }
        out += '\n';
    }
    return out;
}

}  // namespace mqtt::bench
