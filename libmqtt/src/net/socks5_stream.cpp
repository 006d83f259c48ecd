// The conversation with a SOCKS5 proxy: question, answer of known size, next question.
#include "net/socks5_stream.hpp"

#include <arpa/inet.h>

#include <array>

#include "mqtt/error.hpp"

namespace mqtt::net {

namespace {

constexpr char kVersion = 5;
constexpr char kNoLogin = 0;
constexpr char kUserPassword = 2;
constexpr std::size_t kMaxField = 255;

std::string_view reply_text(unsigned char code) {
    switch (code) {
    case 1: return "general failure of the proxy";
    case 2: return "its rules do not allow this connection";
    case 3: return "the network is unreachable from there";
    case 4: return "the host is unreachable from there, or its name unknown";
    case 5: return "the host refused the connection (nothing listens on that port)";
    case 6: return "the host did not answer in time";
    case 7: return "it does not support the command";
    case 8: return "it does not support this kind of address";
    default: return "unknown reason";
    }
}

void append_field(std::string& out, const std::string& field) {
    out.push_back(static_cast<char>(field.size()));
    out += field;
}

bool is_over(const IoResult& result) {
    return result.error || result.eof || result.want_read || result.want_write;
}

}  // namespace

Socks5Stream::Socks5Stream(std::unique_ptr<ByteStream> inner, const ProxyOptions& proxy,
                           std::string host, std::uint16_t port)
    : inner_(std::move(inner))
    , proxy_(proxy)
    , host_(std::move(host))
    , port_(port) {
    const bool has_login = !proxy_.user_name.empty();
    out_ = {kVersion, static_cast<char>(has_login ? 2 : 1), kNoLogin};
    if (has_login) out_.push_back(kUserPassword);
}

IoResult Socks5Stream::handshake() {
    const IoResult below = inner_->handshake();
    if (is_over(below)) return below;
    if (stage_ == Stage::failed) return IoResult{.error = Errc::proxy_failed};
    if (host_.size() > kMaxField || proxy_.user_name.size() > kMaxField ||
        proxy_.password.size() > kMaxField) {
        return fail("host, user name and password must not be longer than 255 bytes");
    }
    while (stage_ != Stage::done) {
        IoResult result = send();
        if (is_over(result)) return result;
        // The reply's size is in its first bytes, so it is asked for again after each piece.
        while (in_.size() < answer_size()) {
            result = receive(answer_size() - in_.size());
            if (result.eof) return fail("it closed the connection");
            if (result.n == 0) return result;
        }
        if (!take_answer()) return IoResult{.error = Errc::proxy_failed};
    }
    return {};
}

IoResult Socks5Stream::send() {
    IoResult result;
    while (!out_.empty() && !is_over(result)) {
        const iovec vector{out_.data(), out_.size()};
        result = inner_->write(&vector, 1);
        out_.erase(0, result.n);
    }
    return result;
}

IoResult Socks5Stream::receive(std::size_t size) {
    std::array<std::uint8_t, 512> buffer;
    const IoResult result = inner_->read(std::span(buffer).first(std::min(size, buffer.size())));
    in_.append(as_text(Bytes(buffer).first(result.n)));
    return result;
}

IoResult Socks5Stream::fail(std::string why) {
    stage_ = Stage::failed;
    failure_text_ = std::move(why);
    return IoResult{.error = Errc::proxy_failed};
}

std::size_t Socks5Stream::answer_size() const {
    if (stage_ != Stage::request) return 2;
    if (in_.size() < 5) return 5;
    switch (in_[3]) {
    case 1: return 4 + 4 + 2;
    case 4: return 4 + 16 + 2;
    default: return 4 + 1 + static_cast<unsigned char>(in_[4]) + 2U;
    }
}

// False when the proxy has refused; then stage and text say so.
bool Socks5Stream::take_answer() {
    bool ok = true;
    switch (stage_) {
    case Stage::greeting: ok = take_method(); break;
    case Stage::login:
        if (in_[1] == 0)
            ask_connect();
        else
            ok = !fail("it refused the user name or password").error;
        break;
    default: ok = take_reply(); break;
    }
    in_.clear();
    return ok;
}

bool Socks5Stream::take_method() {
    const bool has_login = !proxy_.user_name.empty();
    if (in_[0] != kVersion) return !fail("it does not speak SOCKS5").error;
    if (in_[1] == kNoLogin)
        ask_connect();
    else if (in_[1] == kUserPassword && has_login)
        ask_login();
    else
        return !fail(has_login ? "it refuses logins with a password"
                               : "it wants a user name and password")
                    .error;
    return true;
}

void Socks5Stream::ask_login() {
    stage_ = Stage::login;
    out_ = "\x01";
    append_field(out_, proxy_.user_name);
    append_field(out_, proxy_.password);
}

void Socks5Stream::ask_connect() {
    stage_ = Stage::request;
    out_ = {kVersion, 1, 0};
    std::array<char, 16> address;
    if (::inet_pton(AF_INET, host_.c_str(), address.data()) == 1) {
        out_.push_back(1);
        out_.append(address.data(), 4);
    } else if (::inet_pton(AF_INET6, host_.c_str(), address.data()) == 1) {
        out_.push_back(4);
        out_.append(address.data(), 16);
    } else {
        out_.push_back(3);
        append_field(out_, host_);
    }
    out_.push_back(static_cast<char>(port_ >> 8));
    out_.push_back(static_cast<char>(port_ & 0xFF));
}

bool Socks5Stream::take_reply() {
    if (in_[0] != kVersion) return !fail("it does not speak SOCKS5").error;
    if (in_[1] != 0)
        return !fail(std::string(reply_text(static_cast<unsigned char>(in_[1])))).error;
    stage_ = Stage::done;
    return true;
}

}  // namespace mqtt::net
