// See report_commands.hpp.
#include "mqtt-bench/report_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/mosquitto_argv.hpp"
#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/difference.hpp"
#include "mqtt-bench/merge.hpp"
#include "mqtt-bench/outputs.hpp"
#include "mqtt-bench/result_read.hpp"
#include "mqtt-bench/summary.hpp"

namespace mqtt::bench {
namespace {

// Options that mean something to a result that is there already.
constexpr std::array kMeaningful{"json", "csv", "html", "junit", "md", "assert"};

BenchSettings settings_of(std::string_view command, std::span<const tools::FlagUse> uses) {
    for (const tools::FlagUse& use : uses) {
        const bool known =
            std::any_of(kMeaningful.begin(), kMeaningful.end(),
                        [&](std::string_view name) { return use.flag->long_name == name; });
        if (!known) {
            throw std::invalid_argument(fmt::format(
                "{} reads results, option '{}' means nothing to it", command, use.typed()));
        }
    }
    BenchSettings settings;
    for (const tools::FlagUse& use : uses)
        tools::apply_flag(output_rows(), settings, use);
    return settings;
}

Result load_result(const std::string& file) {
    const std::string text = read_file(file);
    try {
        return read_result(text);
    } catch (const std::invalid_argument& error) {
        throw std::runtime_error(fmt::format("'{}': {}", file, error.what()));
    }
}

std::vector<Result> load_results(std::span<const std::string> files) {
    std::vector<Result> results;
    for (const std::string& file : files)
        results.push_back(load_result(file));
    return results;
}

void add_assertions(Result& result, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    for (const std::string& text : texts) {
        check_metrics(text, is_metric);
        result.assertions.push_back({.text = text});
    }
    judge(result);
}

int run_report(std::vector<Result> results, const BenchSettings& settings) {
    if (results.size() > 1 && settings.spec.outputs.any()) {
        throw std::invalid_argument("report writes one result to a file: merge them first");
    }
    int code = kExitOk;
    for (Result& result : results) {
        add_assertions(result, settings.spec.assertions);
        if (&result != &results.front()) write_stdout("\n");
        write_outputs(result, settings.spec.outputs);
        code = std::max(code, result.exit_code);
    }
    return code;
}

int run_merge(const std::vector<Result>& results, const BenchSettings& settings) {
    Result merged = merge_results(results);
    add_assertions(merged, settings.spec.assertions);
    write_outputs(merged, settings.spec.outputs);
    return merged.exit_code;
}

int run_diff(const std::vector<Result>& results, const BenchSettings& settings) {
    if (settings.spec.outputs.any()) {
        throw std::invalid_argument("diff writes to standard output only");
    }
    if (results.size() != 2) throw std::invalid_argument("diff compares two results: OLD NEW");
    std::string text = difference_text(results[0], results[1]);
    int code = kExitOk;
    for (const std::string& assertion : settings.spec.assertions) {
        check_metrics(assertion, [](std::string_view name) {
            return is_metric(name.starts_with("old.") ? name.substr(4) : name);
        });
        const AssertionResult judged = evaluate_assertion(assertion, [&](std::string_view name) {
            return difference_metric(results[0], results[1], name);
        });
        if (judged.outcome != Expression::Outcome::pass) code = kExitAssertion;
        text += assertion_line(judged);
    }
    write_stdout(text);
    return code;
}

}  // namespace

bool is_report_command(std::string_view word) {
    return word == "report" || word == "merge" || word == "diff";
}

std::vector<std::string> take_files(std::vector<char*>& words,
                                    std::span<const tools::Flag* const> flags) {
    std::vector<std::string> files;
    std::vector<char*> kept;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const bool is_option = i == 0 || (word.size() > 1 && word.starts_with('-'));
        if (!is_option) {
            files.emplace_back(word);
            continue;
        }
        kept.push_back(words[i]);
        bool joined = false;
        const tools::Flag* flag = tools::find_flag(word, flags, tools::Persona::ours, joined);
        const bool takes_next = i > 0 && flag != nullptr && !joined &&
                                flag->takes == tools::Takes::word && i + 1 < words.size();
        if (takes_next) kept.push_back(words[++i]);
    }
    words = std::move(kept);
    return files;
}

int run_report_command(std::string_view command, std::span<const std::string> files,
                       std::span<const tools::FlagUse> uses) {
    const BenchSettings settings = settings_of(command, uses);
    if (files.empty()) {
        throw std::invalid_argument(
            fmt::format("{} needs the files of --json from earlier runs", command));
    }
    std::vector<Result> results = load_results(files);
    if (command == "merge") return run_merge(results, settings);
    if (command == "diff") return run_diff(results, settings);
    return run_report(std::move(results), settings);
}

}  // namespace mqtt::bench
