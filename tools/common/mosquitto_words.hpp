// What mosquitto's clients say where ours say something of their own, for scripts that look at it: the sentences of
// mosquitto 2.0. Used by app under mosquitto's names.
#pragma once

#include <string>
#include <string_view>

namespace tools {

// What goes to stderr for a usage error of ours, the hint at the end included. `program` is "mosquitto_pub".
std::string in_mosquitto_words(std::string_view usage_error, std::string_view program);

// The same for an error at run time, with its end of line.
std::string error_in_mosquitto_words(std::string_view error);

// Whether the error is one of those that theirs find when they are connected, and not before.
bool is_tls_fault_to_mosquitto(std::string_view error);

// With what theirs ends after such an error; `ours` where that is the same.
int mosquitto_exit_code(std::string_view error, int ours);

// What the manual says of being started under these names.
inline constexpr std::string_view kMosquittoNamesText =
    "Started through a link that is called mosquitto_pub, mosquitto_sub or mosquitto_rr, the "
    "program takes the "
    "options, defaults and options files of mosquitto's client of that name and answers as it "
    "does: output, sentences "
    "on standard error, lines of -d on standard output, exit codes. MQTT 3.1.1 is then the "
    "default, 5.0 with "
    "mosquitto_rr. Where mosquitto 2.0 and 2.1 differ, what is done is that of 2.1 and the "
    "sentences are those of "
    "2.0.\n"
    "\n"
    "Four things differ on purpose. --help has the line that begins with Usage: and the exit code "
    "1, and lists the "
    "options in our words; --version names mqtt-tools. Values of -D that the standard forbids, "
    "such as a subscription "
    "identifier 0 or a response topic with a wildcard, are refused before anything is sent. JSON "
    "is valid whatever the "
    "payload is. Lines of any length, with bytes of any value, are published whole.";

}  // namespace tools
