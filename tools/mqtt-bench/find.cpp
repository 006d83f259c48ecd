// The search and its words.
#include "mqtt-bench/find.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include "mqtt-bench/json_writer.hpp"
#include "mqtt-bench/plan.hpp"
#include "mqtt-bench/shapes.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

constexpr double kStep = 1.5;

class Search {
public:
    Search(const FindSpec& spec, const RunOne& run,
           const std::function<void(const Probe&)>& on_probe)
        : spec_(spec)
        , run_(run)
        , on_probe_(on_probe) {
        Spec load = spec.load;
        make_groups(load);
        fan_out_ = std::max(1u, Plan(load, 1).fan_out());
    }

    FindResult go() {
        const auto begin = std::chrono::steady_clock::now();
        search();
        out_.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return std::move(out_);
    }

private:
    void search() {
        double rate = spec_.low > 0 ? spec_.low : first_guess();
        if (!out_.error.empty()) return;
        climb(rate);
        bisect();
        repeat();
    }
    bool is_over() const { return out_.is_partial(); }

    // A run that did not reach its end ends the search. What it had measured is kept, beside the probes.
    bool is_cut_off(const Result& result, double rate) {
        if (!result.partial && result.error.empty()) return false;
        out_.error = result.error.empty() ? "cancelled" : result.error;
        if (result.measured_seconds <= 0) return true;
        Probe probe = judge_probe(result, rate, {});
        probe.passed = false;
        probe.is_partial = true;
        probe.why = out_.error;
        add(probe);
        return true;
    }

    void add(const Probe& probe) {
        out_.probes.push_back(probe);
        if (on_probe_) on_probe_(probe);
    }

    std::optional<std::chrono::nanoseconds> window(double rate) const {
        if (spec_.window_given || spec_.load.command == Command::conn) return std::nullopt;
        const std::chrono::duration<double> seconds(
            window_seconds(spec_.objectives, rate * fan_out_));
        return std::chrono::duration_cast<std::chrono::nanoseconds>(seconds);
    }

    // A quarter of what it takes flat out.
    double first_guess() {
        Spec spec = spec_.load;
        const bool connects = spec.command == Command::conn;
        apply_change(spec, {.rate = 0,
                            .warmup = std::chrono::milliseconds(500),
                            .duration = std::chrono::seconds(2)});
        const Result result = run_(spec);
        if (is_cut_off(result, result.per_second(result.work_in_window()))) return 0;
        const double most = connects ? standing_per_second(result)
                                     : result.per_second(result.counters.sent_in_window);
        return std::max(1.0, most / 4);
    }

    bool probe(double rate, bool is_repeat = false) {
        Spec spec = spec_.load;
        apply_change(spec, {.rate = rate, .duration = window(rate)});
        const Result result = run_(spec);
        if (is_cut_off(result, rate)) return false;
        Probe probe = judge_probe(result, rate, spec_.objectives);
        probe.is_repeat = is_repeat;
        if (!result.verdict.valid) out_.generator_limited = true;
        add(probe);
        return probe.passed;
    }

    void climb(double rate) {
        while (!is_over() && out_.fails == 0) {
            if (spec_.high > 0) rate = std::min(rate, spec_.high);
            if (probe(rate)) {
                out_.passes = rate;
                if (spec_.high > 0 && rate >= spec_.high) return;
                rate *= kStep;
            } else if (!is_over()) {
                out_.fails = rate;
            }
        }
        // The very first one failed: downwards until something passes.
        while (!is_over() && out_.passes == 0 && out_.fails > 1) {
            const double lower = out_.fails / (kStep * kStep);
            if (probe(lower)) {
                out_.passes = lower;
            } else {
                out_.fails = lower;
            }
        }
    }

    void bisect() {
        while (!is_over() && out_.passes > 0 && out_.fails > out_.passes * (1 + spec_.tolerance)) {
            const double middle = std::sqrt(out_.passes * out_.fails);
            (probe(middle) ? out_.passes : out_.fails) = middle;
        }
    }

    // A rate that passed by luck does not count: the majority of all its runs must pass.
    void repeat() {
        while (!is_over() && out_.passes > 0) {
            int passed = 1;
            for (int i = 1; i < spec_.repeats && !is_over(); ++i) {
                if (probe(out_.passes, true)) ++passed;
            }
            if (passed * 2 > spec_.repeats || is_over()) return;
            out_.fails = out_.passes;
            out_.passes = highest_passed_below(out_.fails);
        }
    }

    double highest_passed_below(double rate) const {
        double best = 0;
        for (const Probe& probe : out_.probes) {
            if (probe.passed && probe.rate < rate) best = std::max(best, probe.rate);
        }
        return best;
    }

    const FindSpec& spec_;
    const RunOne& run_;
    const std::function<void(const Probe&)>& on_probe_;
    double fan_out_ = 1;  // samples per message
    FindResult out_;
};

// The passing probe whose rate is nearest to `rate`, within a tenth of it.
const Probe* probe_near(const FindResult& result, double rate) {
    const Probe* best = nullptr;
    for (const Probe& probe : result.probes) {
        const double distance = std::abs(probe.rate - rate);
        if (!probe.passed || distance > 0.1 * rate) continue;
        if (best == nullptr || distance < std::abs(best->rate - rate)) best = &probe;
    }
    return best;
}

template <class N>
const char* plural(N n) {
    return n == 1 ? "" : "s";
}

}  // namespace

FindResult find_rate(const FindSpec& spec, const RunOne& run,
                     const std::function<void(const Probe&)>& on_probe) {
    return Search(spec, run, on_probe).go();
}

std::string probe_words(const Probe& probe) {
    if (probe.is_partial) return "partial: " + probe.why;
    return probe.passed ? "pass" : "fail: " + probe.why;
}

std::string find_text(const FindResult& result) {
    std::string text;
    const auto out = std::back_inserter(text);
    std::vector<Probe> curve = result.probes;
    std::stable_sort(curve.begin(), curve.end(),
                     [](const Probe& a, const Probe& b) { return a.rate < b.rate; });
    fmt::format_to(out, "      rate        p50        p99   broker us/msg\n");
    for (const Probe& probe : curve) {
        fmt::format_to(out, "{:>10} {:>10} {:>10} {:>15}   {}\n", format_rate(probe.rate),
                       known_ms(probe.p50_ns), known_ms(probe.p99_ns),
                       probe.broker_us > 0 ? fmt::format("{:.3g}", probe.broker_us) : "-",
                       probe_words(probe));
    }
    const auto repeats = std::count_if(curve.begin(), curve.end(),
                                       [](const Probe& probe) { return probe.is_repeat; });
    if (result.is_partial()) {
        fmt::format_to(out, "partial  the search ended before its time\nerror    {}\n",
                       result.error);
    }
    if (result.is_partial() && result.passes == 0 && result.fails == 0) {
        fmt::format_to(out, "sustains nothing that was measured to its end");
    } else if (result.passes == 0) {
        fmt::format_to(out, "sustains nothing that was tried");
    } else {
        fmt::format_to(out, "sustains {}/s", format_rate(result.passes));
    }
    if (result.fails > 0) {
        const auto failed = std::find_if(curve.begin(), curve.end(), [&](const Probe& probe) {
            return !probe.passed && !probe.is_partial && probe.rate == result.fails;
        });
        fmt::format_to(out, " (fails {}/s: {})", format_rate(result.fails),
                       failed == curve.end() ? "in repeats" : failed->why);
    }
    // The tail that a user would live with: nobody runs at the edge.
    if (const Probe* calm = probe_near(result, 0.8 * result.passes); calm && calm->p99_ns > 0) {
        fmt::format_to(out, "; p99 at {:.0f} % of it {} ms", 100 * calm->rate / result.passes,
                       format_ms(calm->p99_ns));
    }
    const auto whole = static_cast<long>(result.seconds + 0.5);
    fmt::format_to(out, "; {} probe{}, {} repeat{}, {} min {} s\n", curve.size(),
                   plural(curve.size()), repeats, plural(repeats), whole / 60, whole % 60);
    return text;
}

std::string find_json(const FindResult& result) {
    std::string out;
    JsonWriter json(out);
    json.begin("", '{');
    json.text("schema", "mqtt-bench/find/1");
    json.number("passes", result.passes);
    json.number("fails", result.fails);
    json.flag("generator_limited", result.generator_limited);
    json.number("seconds", result.seconds);
    json.flag("partial", result.is_partial());
    json.text("error", result.error);
    json.begin("probes", '[');
    for (const Probe& probe : result.probes) {
        json.begin("", '{', true);
        json.number("rate", probe.rate);
        json.flag("passed", probe.passed);
        json.flag("is_repeat", probe.is_repeat);
        json.flag("partial", probe.is_partial);
        json.text("why", probe.why);
        if (probe.p50_ns > 0) json.number("e2e_p50_ns", probe.p50_ns);
        if (probe.p99_ns > 0) json.number("e2e_p99_ns", probe.p99_ns);
        json.number("broker_cpu_us_per_message", probe.broker_us);
        json.number("measured_seconds", probe.seconds);
        json.number("backlog_per_second", probe.backlog_growth);
        if (std::isfinite(probe.backlog_low)) {
            json.number("backlog_per_second_low", probe.backlog_low);
            json.number("backlog_per_second_high", probe.backlog_high);
        }
        json.end('}');
    }
    json.end(']');
    json.end('}');
    return out + "\n";
}

}  // namespace mqtt::bench
