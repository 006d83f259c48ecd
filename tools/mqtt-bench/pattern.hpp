// Texts with variables, as topics, filters, client ids, user names and payload templates have them:
//   %i number of the client within its group    %r id of the run     %n number of the message
//   %c client id                                %u user name         %% a percent sign
//   %{i+1} %{i/200} %{i%10}   arithmetic on %i; + wraps at the number of clients
//   %{seq:0-7}                one after the other, message by message
//   %{rand:0-999}             drawn for every message, the same for the same seed
//   %{zipf:1000,1.1}          0..999, small ones more often: P(k) ~ 1 / (k + 1)^1.1
//   %{topic}                  where the message of a recording was published
// Compiled once; expanding allocates nothing once `out` has its size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt::bench {

// Independent random bits for (seed, a, b): any message's choices can be made again.
std::uint64_t draw_bits(std::uint64_t seed, std::uint64_t a, std::uint64_t b);
double draw_share(std::uint64_t seed, std::uint64_t a, std::uint64_t b);  // [0, 1)

// Of a recording: its topics, and which of them each message has.
struct RecordedTopics {
    std::vector<std::string> names;
    std::vector<std::uint32_t> of_message;
};

class Pattern {
public:
    // Throws std::invalid_argument with a sentence when a variable is unknown or malformed. `topics`:
    // for %{topic}, which is unknown without.
    explicit Pattern(std::string_view text = {}, std::shared_ptr<const RecordedTopics> topics = {});

    static constexpr std::uint32_t kDrawn = ~0u;
    struct Values {
        std::uint32_t number = 0;   // %i
        std::uint32_t clients = 1;  // where %{i+1} wraps
        std::uint32_t run_id = 0;
        std::uint64_t message = 0;
        std::uint64_t seed = 0;
        std::uint32_t choice = kDrawn;  // of seq, rand, zipf, topic; kDrawn: by message and seed
        std::string_view client_id;
        std::string_view user_name;
    };
    void append(std::string& out, const Values& values) const;
    std::string expand(const Values& values) const;

    bool empty() const { return pieces_.empty(); }
    bool has_number() const;                           // differs between clients
    bool varies() const;                               // differs between messages
    bool replays() const;                              // has %{topic}
    std::uint32_t choices() const;                     // seq, rand, zipf and topic in it
    std::uint32_t variants() const;                    // values of the first of them; 1: none
    std::uint32_t choose(const Values& values) const;  // which of the variants

private:
    enum class Kind : std::uint8_t {
        text,
        number,
        run,
        message,
        client_id,
        user_name,
        plus,
        divide,
        modulo,
        seq,
        rand,
        zipf,
        topic
    };
    struct Piece {
        Kind kind = Kind::text;
        std::string text;
        std::uint64_t first = 0;     // operand, or first value
        std::uint32_t count = 1;     // values
        std::vector<float> weights;  // zipf: cumulative
    };
    void add_variable(std::string_view name);
    std::uint32_t choose(const Piece& piece, std::size_t index, const Values& values) const;

    std::vector<Piece> pieces_;
    std::shared_ptr<const RecordedTopics> topics_;
};

// `expand` for texts that are used once. Throws as Pattern does.
std::string expand_pattern(std::string_view text, const Pattern::Values& values);

}  // namespace mqtt::bench
