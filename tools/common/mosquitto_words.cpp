// See mosquitto_words.hpp. Sentences without a row stay ours, behind "Error: ".
#include "common/mosquitto_words.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tools {
namespace {

// Of an option, by the names that it has: what is said when its word is missing, and when the word is wrong. "%" is
// the wrong word. Some sentences have an end of line of their own.
struct OptionRow {
    std::string_view names;
    std::string_view missing;
    std::string_view wrong{};
};
constexpr std::array kOptions{
    OptionRow{"-A", "-A argument given but no address specified.\n"},
    OptionRow{"-C", "-C argument given but no count specified.\n",
              "Invalid message count \"%\".\n"},
    OptionRow{"-D --property", "--property argument given but not enough arguments specified.\n"},
    OptionRow{"-F", "-F argument given but no format specified.\n"},
    OptionRow{"-I --id-prefix", "-I argument given but no id prefix specified.\n"},
    OptionRow{"-L --url", "-L argument given but no URL specified.\n"},
    OptionRow{"-M", "-M argument given but max_inflight not specified.\n",
              "Maximum inflight messages must be greater than 0.\n"},
    OptionRow{"-P --pw", "-P argument given but no password specified.\n"},
    OptionRow{"-T --filter-out", "-T argument given but no topic filter specified.\n"},
    OptionRow{"-U --unsubscribe", "-U argument given but no unsubscribe topic specified.\n"},
    OptionRow{"-V --protocol-version",
              "--protocol-version argument given but no version specified.\n",
              "Invalid protocol version argument given.\n"},
    OptionRow{"-W", "-W argument given but no timeout specified.\n", "Invalid timeout \"%\".\n"},
    OptionRow{"-e", "-e argument given but no response topic specified.\n"},
    OptionRow{"-f --file", "-f argument given but no file specified.\n"},
    OptionRow{"-h --host", "-h argument given but no host specified.\n"},
    OptionRow{"-i --id", "-i argument given but no id specified.\n"},
    OptionRow{"-k --keepalive", "-k argument given but no keepalive specified.\n",
              "Invalid keepalive given, it must be between 5 and 65535 inclusive.\n"},
    OptionRow{"-m --message", "-m argument given but no message specified.\n"},
    OptionRow{"-p --port", "-p argument given but no port specified.\n", "Invalid port given: %"},
    OptionRow{"-q --qos", "-q argument given but no QoS specified.\n", "Invalid QoS given: %"},
    OptionRow{"-t --topic", "-t argument given but no topic specified.\n"},
    OptionRow{"-u --username", "-u argument given but no username specified.\n"},
    OptionRow{"-x", "-x argument given but no session expiry interval specified.\n"},
    OptionRow{"--cafile", "--cafile argument given but no file specified.\n"},
    OptionRow{"--capath", "--capath argument given but no directory specified.\n"},
    OptionRow{"--cert", "--cert argument given but no file specified.\n"},
    OptionRow{"--ciphers", "--ciphers argument given but no ciphers specified.\n"},
    OptionRow{"--key", "--key argument given but no file specified.\n"},
    OptionRow{"--keyform", "--keyform argument given but no keyform specified.\n"},
    OptionRow{"--proxy", "--proxy argument given but no proxy url specified.\n"},
    OptionRow{"--psk", "--psk argument given but no key specified.\n"},
    OptionRow{"--psk-identity", "--psk-identity argument given but no identity specified.\n"},
    OptionRow{"--random-filter", "--random-filter argument given but no chance specified.\n",
              "--random-filter chance must be between 0.1-100.0\n"},
    OptionRow{"--repeat", "--repeat argument given but no count specified.\n",
              "--repeat argument must be >0.\n"},
    OptionRow{"--repeat-delay", "--repeat-delay argument given but no time specified.\n",
              "--repeat-delay argument must be >=0.0.\n"},
    OptionRow{"--tls-alpn", "--tls-alpn argument given but no protocol specified.\n"},
    OptionRow{"--tls-engine", "--tls-engine argument given but no engine_id specified.\n"},
    OptionRow{"--tls-engine-kpass-sha1",
              "--tls-engine-kpass-sha1 argument given but no kpass sha1 specified.\n"},
    OptionRow{"--tls-version", "--tls-version argument given but no version specified.\n"},
    OptionRow{"--unix", "--unix argument given but no socket path specified.\n"},
    OptionRow{"--will-payload", "--will-payload argument given but no will payload specified.\n"},
    OptionRow{"--will-qos", "--will-qos argument given but no will QoS specified.\n",
              "Invalid will QoS %.\n"},
    OptionRow{"--will-topic", "--will-topic argument given but no will topic specified.\n"},
};

// By what our sentence begins with. "%" is the first quoted word of ours, "$" the last one, "&" the
// last character that is quoted.
enum class Told : unsigned char { with_hint, alone, unless_quiet };
struct SentenceRow {
    std::string_view ours;
    std::string_view theirs;
    Told told = Told::with_hint;
};
constexpr std::array kSentences{
    SentenceRow{"unknown option '", "Unknown option '%'."},
    SentenceRow{"unexpected word '", "Unknown option '%'."},
    SentenceRow{"only one of -m, ", "Only one type of message can be sent at once.\n"},
    SentenceRow{"options '-i' and '-I' exclude", "-i and -I argument cannot be used together.\n"},
    SentenceRow{"option '-c' needs a client id",
                "You must provide a client id if you are using the -c option."},
    SentenceRow{
        "a session that never expires needs",
        "You must provide a client id if you are using an infinite session expiry interval."},
    SentenceRow{"option '--will-payload' needs '--will-topic'",
                "Will payload given, but no will topic given."},
    SentenceRow{"option '--will-retain' needs '--will-topic'",
                "Will retain given, but no will topic given."},
    SentenceRow{"options '--cert' and '--key' need",
                "Both certfile and keyfile must be provided if one of them is set."},
    SentenceRow{"option '--keyform' needs '--key'",
                "If keyform is set, keyfile must be also specified."},
    SentenceRow{
        "option '--tls-engine-kpass-sha1' needs '--tls-engine'",
        "when using tls-engine-kpass-sha1, both tls-engine and keyform must also be provided."},
    SentenceRow{"option '--psk' excludes",
                "Only one of --psk or --cafile/--capath may be used at once."},
    SentenceRow{"options '--psk' and '--psk-identity'", "--psk-identity required if --psk used."},
    SentenceRow{"option '-e' is the response topic",
                "Error in PUBLISH properties: Duplicate response topic.", Told::unless_quiet},
    SentenceRow{"malformed UTF-8 in '", "Malformed UTF-8 in % argument.\n"},
    SentenceRow{"malformed UTF-8 in the user name", "Problem setting username and/or password.",
                Told::unless_quiet},
    SentenceRow{"cannot open the TLS file '", "Problem setting TLS options: File not found.",
                Told::unless_quiet},
    SentenceRow{"option '--keyform' needs pem",
                "Problem setting key form, it must be one of 'pem' or 'engine'.",
                Told::unless_quiet},
    SentenceRow{"option '--tls-engine-kpass-sha1' needs 40",
                "Problem setting TLS engine key pass sha, is it a 40 character hex string?",
                Told::unless_quiet},
    SentenceRow{"option '-D will' needs MQTT 5.0", "Problem setting will.", Told::unless_quiet},
    SentenceRow{"option '-D connect' needs MQTT 5.0",
                "Unable to connect (This feature is not supported.).", Told::unless_quiet},
    SentenceRow{"option '--psk' needs hexadecimal", "Problem setting TLS-PSK options.",
                Told::unless_quiet},
    SentenceRow{"option '--tls-version' does not know",
                "Problem setting TLS options, check the options are valid.", Told::unless_quiet},
    SentenceRow{"option '-P' needs '-u'", "Problem setting username and/or password.",
                Told::unless_quiet},
    SentenceRow{"option '-F' ends in an unfinished '\\'", "Incomplete escape specifier."},
    SentenceRow{"option '-F' ends in an unfinished", "Incomplete format specifier."},
    SentenceRow{"option '-F' does not know '%", "Invalid format specifier '&'."},
    SentenceRow{"option '-F' does not know '\\", "Invalid escape specifier '&'."},
    SentenceRow{"options '-R' and '--retained-only'",
                "\nError: Combining '-R' and '--retained-only' makes no sense.", Told::alone},
    SentenceRow{"a topic filter is needed", "You must specify a topic to subscribe to."},
    SentenceRow{"the URL has no topic", "Invalid URL for -L argument specified - topic missing."},
};

// By how our sentence ends.
constexpr std::array kEnds{
    SentenceRow{"is not a usable URL: URL: the host is missing or broken",
                "Unable to connect (Lookup error.).", Told::unless_quiet},
    SentenceRow{"is not a usable URL: URL: the port is not a number from 0 to 65535",
                "Unable to connect (Invalid function arguments provided.).", Told::unless_quiet},
    SentenceRow{"' is not a valid will topic",
                "Invalid will topic '%', does it contain '+' or '#'?"},
    SentenceRow{"' is not a valid topic (option '-t')",
                "Invalid publish topic '%', does it contain '+' or '#'?"},
    SentenceRow{"' is not a valid response topic (option '-e')",
                "Invalid response topic '%', does it contain '+' or '#'?"},
    SentenceRow{"' is not a valid topic filter (option '-t')",
                "Invalid subscription topic '%', are all '+' and '#' wildcards correct?"},
    SentenceRow{"' is not a valid topic filter (option '-T')",
                "Invalid filter topic '%', are all '+' and '#' wildcards correct?"},
    SentenceRow{"' is not a valid topic filter (option '-U')",
                "Invalid unsubscribe topic '%', are all '+' and '#' wildcards correct?"},
};

// At run time, by how ours begins and what else it has. "%" is the first quoted word.
struct RunRow {
    std::string_view begin;
    std::string_view part;
    std::string_view theirs;
    int exit_code = 0;  // where theirs is another
};
constexpr std::string_view kTlsFault = "Unable to connect (A TLS error occurred.).";
constexpr std::array kRunErrors{
    RunRow{"timed out", "", "Timed out"},
    RunRow{"no response in time", "", "Timed out"},
    RunRow{"cannot resolve host", "", "Unable to connect (Lookup error.)."},
    RunRow{"cannot connect to", "connection refused", "Error: Connection refused"},
    RunRow{"cannot connect to", "no such socket", "Error: No such file or directory"},
    RunRow{"cannot connect to", "local address to bind", "Error: Cannot assign requested address"},
    RunRow{"cannot connect to", " over TLS", "Error: A TLS error occurred."},
    RunRow{"argument is not valid: no path of a Unix", "",
           "Unable to connect (Invalid function arguments provided.)."},
    RunRow{"cannot connect to", "too long for a socket",
           "Unable to connect (Invalid function arguments provided.)."},
    RunRow{"argument is not valid: no host", "", "Unable to connect (Lookup error.)."},
    RunRow{"cannot read the CA directory '/dev/null/'", "", kTlsFault},  // kNoFile
    RunRow{"cannot read the CA directory", "", "Error: A TLS error occurred.", 8},
    RunRow{"cannot load the engine '", "",
           "Error: Problem setting TLS engine, is % a valid engine?"},
    RunRow{"cannot start the engine '", "", kTlsFault},
    RunRow{"the engine '", "", kTlsFault},
    RunRow{"cannot read the ", "", kTlsFault},
    RunRow{"the private key '", "", kTlsFault},
    RunRow{"no cipher is known in", "", kTlsFault},
    RunRow{"standard input is empty", "",
           "Error: Zero length input.\n\nError loading input from stdin."},
    RunRow{"cannot read '", "Is a directory",
           "Error: File must be less than 268435455 bytes.\n\nError loading input file \"%\"."},
    RunRow{"cannot read '", "",
           "Error: Unable to open file \"%\".\nError loading input file \"%\"."},
};

constexpr std::string_view kMissingForRr =
    "All of topic, message, and response topic must be supplied.";

std::string_view first_quoted(std::string_view text) {
    const std::size_t begin = text.find('\'') + 1;
    const std::size_t end = text.find('\'', begin);
    return end == std::string_view::npos ? std::string_view() : text.substr(begin, end - begin);
}

// Behind ", not " or what else comes last; the word may have quotes in it.
std::string_view last_quoted(std::string_view text) {
    const std::size_t end = text.rfind('\'');
    std::size_t begin = text.rfind(", not '");
    if (begin == std::string_view::npos || end < begin + 7) return {};
    begin += 7;
    return text.substr(begin, end - begin);
}

std::string filled(std::string_view pattern, std::string_view ours) {
    std::string text;
    for (const char c : pattern) {
        if (c == '%') {
            text += first_quoted(ours);
        } else if (c == '$') {
            text += last_quoted(ours);
        } else if (c == '&') {
            text += ours[std::max<std::size_t>(1, ours.rfind('\'')) - 1];
        } else {
            text += c;
        }
    }
    return text;
}

bool is_named(std::string_view names, std::string_view option) {
    std::size_t at = 0;
    while (at < names.size()) {
        const std::size_t end = std::min(names.find(' ', at), names.size());
        if (names.substr(at, end - at) == option) return true;
        at = end + 1;
    }
    return false;
}

std::string about_expiry(const std::string& word) {
    char* end = nullptr;
    std::strtoll(word.c_str(), &end, 0);
    return !word.empty() && *end == 0 ? "session-expiry-interval out of range.\n"
                                      : "session-expiry-interval not a number.\n";
}

// "option 'NAME' needs ..." or "option 'NAME' does not know ...".
std::string about_option(std::string_view ours) {
    if (!ours.starts_with("option '")) return {};
    const std::string_view name = first_quoted(ours);
    const auto* row = std::find_if(kOptions.begin(), kOptions.end(), [&](const OptionRow& option) {
        return is_named(option.names, name);
    });
    if (row == kOptions.end()) return {};
    const std::string_view word = last_quoted(ours);
    const bool is_missing = ours.find(", not '") == std::string_view::npos &&
                            ours.find(" does not know ") == std::string_view::npos;
    if (is_missing) return std::string(row->missing);
    if (is_named("-x", name)) return about_expiry(std::string(word));
    std::string text(row->wrong);
    if (const std::size_t at = text.find('%'); at != std::string::npos) text.replace(at, 1, word);
    return text;
}

const RunRow* row_of(std::string_view error) {
    for (const RunRow& row : kRunErrors) {
        if (error.starts_with(row.begin) && error.find(row.part) != std::string_view::npos) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace

std::string in_mosquitto_words(std::string_view usage_error, std::string_view program,
                               bool is_quiet) {
    const auto hint = "\n\nUse '" + std::string(program) + " --help' to see usage.\n";
    const auto said = [&](const SentenceRow& row) {
        if (row.told == Told::unless_quiet && is_quiet) return std::string();
        const std::string text =
            filled(row.theirs, usage_error) + (row.told == Told::with_hint ? hint : "\n");
        const bool is_whole = text.starts_with('\n') || text.starts_with("Error in ") ||
                              text.starts_with("Unable to ");
        return is_whole ? text : "Error: " + text;
    };
    if (usage_error.empty()) return hint.substr(1);
    if (usage_error.starts_with("Error")) return std::string(usage_error) + hint;  // theirs
    if (usage_error == "the client id is empty") {
        const bool is_pub = program == "mosquitto_pub";
        return said({usage_error, is_pub ? "Invalid id." : "Invalid id and/or clean_session.",
                     Told::unless_quiet});
    }
    if (usage_error == "malformed UTF-8 in the client id") return {};  // of which they say nothing
    for (const SentenceRow& row : kSentences) {
        if (usage_error.starts_with(row.ours)) return said(row);
    }
    for (const SentenceRow& row : kEnds) {
        if (usage_error.ends_with(row.ours)) return said(row);
    }
    const bool is_rr = program == "mosquitto_rr";
    for (const std::string_view part : {"a response topic is", "a topic is", "a message is"}) {
        if (is_rr && usage_error.starts_with(part)) return said({part, kMissingForRr});
    }
    const std::string text = about_option(usage_error);
    return "Error: " + (text.empty() ? std::string(usage_error) + "." : text) + hint;
}

bool is_tls_fault_to_mosquitto(std::string_view error) {
    const RunRow* row = row_of(error);
    return row != nullptr && (row->theirs == kTlsFault || row->exit_code == 8);
}

bool is_tls_error_to_mosquitto(std::string_view error) {
    const RunRow* row = row_of(error);
    return row != nullptr && row->theirs.find("A TLS error") != std::string_view::npos;
}

std::string error_in_mosquitto_words(std::string_view error) {
    const RunRow* row = row_of(error);
    if (row == nullptr) return "Error: " + std::string(error) + "\n";
    return filled(row->theirs, error) + '\n';
}

int mosquitto_exit_code(std::string_view error, int ours) {
    const RunRow* row = row_of(error);
    return row == nullptr || row->exit_code == 0 ? ours : row->exit_code;
}

}  // namespace tools
