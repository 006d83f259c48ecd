// A result as text for people and grep, as JSON for programs, as CSV for spreadsheets, as JUnit and
// Markdown for continuous integration; and the live line of a running second. Strings out, no
// files. HTML is html_report's.
#pragma once

#include <string>
#include <string_view>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

std::string_view limit_name(Limit limit);
std::string_view outcome_name(Expression::Outcome outcome);

std::string summary_text(const Result& result);
std::string live_line(const Result& result, const Second& second);
std::string result_json(const Result& result);
// One line, as an element of "seconds" there.
std::string second_json(const Second& second);
std::string seconds_csv(const Result& result);
std::string result_junit(const Result& result);
std::string result_markdown(const Result& result);
std::string assertion_line(const AssertionResult& assertion);

}  // namespace mqtt::bench
