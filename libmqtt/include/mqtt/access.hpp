// Who may log in and who may use which topic, in mosquitto's file formats: password files of
// mosquitto_passwd (1.0 to 2.1) and ACL files. Used by brokers through BrokerConfig::authenticate and
// ::authorize. Immutable after loading: one object serves all threads; a reload makes a new one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/broker.hpp"
#include "mqtt/scram.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

// What is wrong with a file, and where: "passwords:3: ...". Empty: nothing.
struct FileError {
    std::string text;
    explicit operator bool() const { return !text.empty(); }
};

// Lines `user:$7$iterations$salt$hash` (PBKDF2 with HMAC-SHA-512) and `user:$6$salt$hash` (SHA-512);
// `user:$argon2id$v=19$m=...` of mosquitto_passwd 2.1, where OpenSSL has Argon2 (from 3.2 on); and,
// beyond mosquitto, `user:SCRAM-SHA-256$iterations:salt$stored key:server key` (RFC 5803), with which a
// user can log in both by password and by SCRAM.
// A line that begins with # is a comment, one without a colon is skipped, as mosquitto does.
class PasswordFile {
public:
    // Reads a file. A user who is there twice and a hash that cannot be read are errors.
    FileError load(const std::string& path);

    std::size_t size() const { return users_.size(); }
    bool has_user(std::string_view user_name) const;
    // True when the user exists and the password is right. Takes the time of the hash, which is what
    // its iterations are for.
    bool check(std::string_view user_name, Bytes password) const;

    // Sets or replaces a user. Iterations: 0 for the default.
    void set(const std::string& user_name, Bytes password, unsigned iterations = 0);
    // The same as mosquitto 1.6 and earlier keep it, for them: one SHA-512, soon tried out.
    void set_sha512(const std::string& user_name, Bytes password);
    // The same with Argon2id over 46 MiB of memory. Passes: 0 for the default, 1. False: OpenSSL lacks it.
    bool set_argon2id(const std::string& user_name, Bytes password, unsigned passes = 0);
    // The same for SCRAM-SHA-256.
    void set_scram(const std::string& user_name, Bytes password, unsigned iterations = 0);
    // Nothing: there is no such user, or the password was stored in another way.
    std::optional<ScramCredentials> scram(std::string_view user_name) const;
    bool remove(std::string_view user_name);
    // Writes all users in mosquitto's format, under another name first and then in place of `path`, with
    // mode 0600 when new. False with errno when that fails.
    bool save(const std::string& path) const;

    // PBKDF2 iterations of new passwords, as mosquitto_passwd 2.1 has them: half a millisecond of an
    // event loop per login.
    static constexpr unsigned kDefaultIterations = 1'000;

private:
    struct Hash {
        std::optional<ScramCredentials> scram;  // then the rest is not used
        unsigned iterations = 0;                // 0: plain SHA-512 over password and salt
        std::uint32_t argon2_memory_kib = 0;    // not 0: Argon2id, with so many passes
        std::uint32_t argon2_lanes = 1;
        std::vector<std::uint8_t> salt;
        std::vector<std::uint8_t> digest;
    };
    static std::optional<Hash> parse(std::string_view text);
    static std::optional<Hash> parse_argon2(std::string_view text);
    static std::vector<std::uint8_t> digest_of(const Hash& hash, Bytes password);

    std::map<std::string, Hash, std::less<>> users_;
};

// Lines `user NAME`, `topic [read|write|readwrite|deny] FILTER`, `pattern ... FILTER` with %c and %u as
// whole levels; `topic` before the first `user` is for clients without user name. Beyond mosquitto:
// the access word `subscribe`, which a subscription asks for in place of `read` where it is used.
// An empty file denies everything.
class AccessList {
public:
    FileError load(const std::string& path);

    // As BrokerConfig::authorize. A subscription is allowed when its filter may match a topic that the
    // client may read; what arrives is checked again at delivery.
    bool allows(const AccessRequest& request) const;
    // Why it is not allowed, for people: "acl:3 denies it (topic deny a/#)".
    std::string explain(const AccessRequest& request) const;

private:
    enum class Right : std::uint8_t { read = 1, write = 2, both = 3, deny = 4, subscribe = 8 };
    struct Rule {
        Right right = Right::both;
        std::string filter;
        int line = 0;
    };
    using Rules = std::vector<Rule>;

    static std::optional<Rule> parse_rule(std::string_view words);
    Rules patterns_for(const AccessRequest& request) const;
    bool may_read_some(const AccessRequest& request) const;
    // The rule that says something; null: none does.
    static const Rule* deciding(const Rules& rules, const AccessRequest& request);
    static std::optional<bool> verdict(const Rules& rules, const AccessRequest& request);
    static std::optional<std::string> expanded(const std::string& pattern,
                                               const AccessRequest& request);

    std::map<std::string, Rules, std::less<>> users_;
    Rules anonymous_;
    Rules patterns_;
    std::string path_;
};

}  // namespace mqtt
