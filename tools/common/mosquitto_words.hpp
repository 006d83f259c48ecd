// What mosquitto's clients say where ours say something of their own, for scripts that look at it: the sentences of
// mosquitto 2.0. Used by app under mosquitto's names.
#pragma once

#include <string>
#include <string_view>

namespace tools {

// What goes to stderr for a usage error of ours, the hint at the end included. `program` is "mosquitto_pub". Errors
// that begin with "Error" are theirs already, an empty one is one of which they say nothing. --quiet hides what they
// find when all options are read.
std::string in_mosquitto_words(std::string_view usage_error, std::string_view program,
                               bool is_quiet);

// The same for an error at run time, with its end of line.
std::string error_in_mosquitto_words(std::string_view error);

// Whether the error is one of those that theirs find when they are connected, and not before.
bool is_tls_fault_to_mosquitto(std::string_view error);

// Whether it is to them one of TLS, of which they do not say which.
bool is_tls_error_to_mosquitto(std::string_view error);

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
    "These things differ on purpose. --help has the line that begins with Usage: and the exit code "
    "1, and lists the options in our words; --version names mqtt-tools. With -d the reason of an "
    "error of TLS is told in our words, not in OpenSSL's. JSON is valid whatever the payload is. "
    "Lines of any length, with bytes of any value, are published whole; mosquitto_rr -f and -s "
    "send what they read, and -R leaves retained responses out. -L takes an IPv6 address in "
    "brackets, tells when its end is missing, and takes a password with @; in --proxy %40 is @; "
    "--repeat-delay wants a finite number; -f - reads standard input. A CONNACK that is cut is a "
    "lost connection.\n"
    "\n"
    "What the standard forbids is refused before anything is sent: properties of -D such as a "
    "subscription identifier 0, a user property that is not UTF-8, a response topic with a "
    "wildcard, authentication data without a method or a reason string of a will; empty topics "
    "and filters, and $share/ without a group or a filter; an id, a password or a "
    "will over 65535 bytes. So are an empty --psk or --psk-identity, and --unix with --proxy. -D "
    "publish and -D disconnect with -V 311 are left out, where mosquitto's clients lose the "
    "message or hang. Topic aliases are left to the library, and --tls-engine is not asked "
    "without TLS. A CONNACK that breaks the standard, by reserved bits or in the form of another "
    "version, ends the run with exit code 2.";

}  // namespace tools
