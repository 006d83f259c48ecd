// What an option is: one Flag row feeds the parser, --help, the man page, the completions and the
// drift check. Used by every tool's table (FlagRow) and by connect_flags. No parsing in here.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tools {

// Under which name the program was started. The mosquitto names are links to mqtt-pub and mqtt-sub
// and behave as those programs do, their exit codes included.
enum class Persona : std::uint8_t {
    ours = 1 << 0,
    mosquitto_pub = 1 << 1,
    mosquitto_sub = 1 << 2,
    mosquitto_rr = 1 << 3,
};
inline constexpr std::uint8_t kOurs = 1 << 0;
inline constexpr std::uint8_t kPub = 1 << 1;
inline constexpr std::uint8_t kSub = 1 << 2;
inline constexpr std::uint8_t kRr = 1 << 3;
inline constexpr std::uint8_t kEveryName = 0xFF;

// What follows the option on the command line.
enum class Takes : std::uint8_t {
    nothing,   // a switch
    word,      // the next word, whatever it looks like
    property,  // -D: packet, property, value; with user-property: packet, property, name, value
};

// What a shell should offer after the option.
enum class Complete : std::uint8_t { nothing, file, directory, host, choices };

// What of the option's word other users must not read in the process list.
enum class Secret : std::uint8_t { nothing, word, url };

struct Flag {
    std::string_view long_name;  // "topic", without dashes
    char short_name = 0;         // 't'
    std::string_view aliases{};  // more long names, separated by blanks
    Takes takes = Takes::word;
    std::string_view argument{};  // "TOPIC"
    std::string_view category{};  // heading in help and man page; order of first appearance
    std::string_view help{};      // one line, no full stop
    std::string_view details{};   // further sentences for --help all and the man page
    std::string_view initial{};   // the default as text; empty: none worth saying
    std::string_view choices{};   // allowed words, separated by blanks; empty: anything
    Complete complete = Complete::nothing;
    std::uint8_t names = kEveryName;  // the personas that know it
    bool common = false;              // shown by plain --help
    bool repeatable = false;          // every use counts; otherwise the last one wins
    bool once = false;                // a second use is an error
    Secret secret = Secret::nothing;  // overwritten in argv
    bool hidden = false;              // neither in help nor in man page nor in completions
};

// One occurrence of an option, in the order of the command line.
struct FlagUse {
    const Flag* flag = nullptr;
    std::vector<std::string>
        words{};             // 0, 1 or 4 (property: packet, property, name or value, value);
                             // under mosquitto's names as they were given
    bool from_file = false;  // came from an options file

    const std::string& word() const { return words.front(); }
    std::string typed() const;  // "-t" or "--topic"; for messages
};

// One row of a tool's table: what the option is, and what it does to the tool's options. `apply`
// only stores and checks the value (it throws UsageError); it opens and prints nothing.
template <class Options>
struct FlagRow {
    Flag flag;
    void (*apply)(Options& options, const FlagUse& use);
};

// The command line is wrong. app turns it into one line on stderr and exit code 1.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// True when the use belongs to this table and was applied.
template <class Options>
bool apply_flag(std::span<const FlagRow<Options>> table, Options& options, const FlagUse& use) {
    for (const FlagRow<Options>& row : table) {
        if (&row.flag != use.flag) continue;
        row.apply(options, use);
        return true;
    }
    return false;
}

// The Flag pointers of a table, to hand to parser and documentation.
template <class Options>
void append_flags(std::vector<const Flag*>& flags, std::span<const FlagRow<Options>> table) {
    for (const FlagRow<Options>& row : table)
        flags.push_back(&row.flag);
}

// "a b c" as views, for choices and aliases.
std::vector<std::string_view> split_words(std::string_view text);

bool is_known_to(const Flag& flag, Persona persona);

// "[PORT]" in a table: the word may be missing; it is empty then.
bool may_stand_alone(const Flag& flag);

// That the word is one of the flag's choices, if it has any. Throws UsageError.
void check_choice(const FlagUse& use);

}  // namespace tools
