// Files and standard output.
#include "mqtt-bench/outputs.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "common/app.hpp"
#include "mqtt-bench/html_report.hpp"
#include "mqtt-bench/summary.hpp"

namespace mqtt::bench {

void write_stdout(const std::string& text) {
    tools::print_output(text);
}

void write_file(const std::string& path, const std::string& text) {
    if (path == "-") return write_stdout(text);
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) throw std::runtime_error(fmt::format("cannot write '{}'", path));
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(fmt::format("cannot read '{}'", path));
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_outputs(const Result& result, const Outputs& outputs) {
    struct Form {
        const std::string& path;
        std::string (*text)(const Result&);
    };
    const Form forms[] = {{outputs.json, result_json},
                          {outputs.csv, seconds_csv},
                          {outputs.html, result_html},
                          {outputs.junit, result_junit},
                          {outputs.markdown, result_markdown}};
    bool stdout_taken = false;
    for (const Form& form : forms)
        stdout_taken = stdout_taken || form.path == "-";
    if (!stdout_taken) write_stdout(summary_text(result));
    for (const Form& form : forms) {
        if (!form.path.empty()) write_file(form.path, form.text(result));
    }
}

}  // namespace mqtt::bench
