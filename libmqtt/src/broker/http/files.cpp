// See files.hpp.
#include "broker/http/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <utility>

#include "broker/http/connection.hpp"

namespace mqtt::broker::http {
namespace {

constexpr std::size_t kFilePieceBytes = 32 * 1024;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_;
};

// Names that begin with a dot are not for others (.git, .htpasswd), but one that is made for them.
bool is_public(std::string_view name) {
    return !name.empty() && (!name.starts_with('.') || name == ".well-known");
}

// Level by level, so that no level can be a symbolic link, a moment later either. A FIFO or device does
// not hold up the loop.
Descriptor open_below(int root, std::string_view path) {
    Descriptor folder(::fcntl(root, F_DUPFD_CLOEXEC, 0));
    while (folder && !path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string name(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
        if (!is_public(name)) return Descriptor(-1);
        const int how = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        folder = Descriptor(::openat(folder.get(), name.c_str(), how));
    }
    return folder;
}

class Sending final : public Task {
public:
    Sending(Descriptor file, std::uint64_t size) : file_(std::move(file)), left_(size) {}

    More produce(std::string& piece) override {
        piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left_, kFilePieceBytes)));
        const ssize_t n = piece.empty() ? 0 : ::read(file_.get(), piece.data(), piece.size());
        const bool is_short = n < 0 || (n == 0 && left_ > 0);
        piece.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        if (is_short) return More::broken;  // the file became shorter than its head has said
        left_ -= piece.size();
        return left_ == 0 ? More::done : More::now;
    }

private:
    Descriptor file_;
    std::uint64_t left_;
};

std::string encode_path(std::string_view path) {
    std::string out;
    for (const char c : path) {
        const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                              std::string_view("/-._~").find(c) != std::string_view::npos;
        out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

// So that the names in the page are looked for in the folder.
void redirect(Connection& connection) {
    Response response;
    response.status = 301;
    response.headers = "Location: " + encode_path(connection.request().path) + "/\r\n";
    connection.respond(response);
}

}  // namespace

Files::~Files() {
    if (root_ >= 0) ::close(root_);
}

int Files::open(const std::string& folder) {
    root_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root_ < 0 ? errno : 0;
}

bool Files::answer(Connection& connection) const {
    std::string path = connection.request().path;
    if (path.ends_with('/')) path += "index.html";
    path.erase(0, 1);
    Descriptor file = open_below(root_, path);
    struct stat state {};
    if (!file || ::fstat(file.get(), &state) != 0) return false;
    if (S_ISDIR(state.st_mode)) {
        redirect(connection);
        return true;
    }
    if (!S_ISREG(state.st_mode)) return false;
    const auto size = static_cast<std::uint64_t>(state.st_size);
    connection.keep(std::make_unique<Sending>(std::move(file), size));
    connection.begin_file(content_type_of(path), size);
    return true;
}

std::string_view content_type_of(std::string_view name) {
    constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"webmanifest", "application/manifest+json"},
        {"txt", "text/plain; charset=utf-8"},
        {"md", "text/markdown; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"xml", "application/xml"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"avif", "image/avif"},
        {"ico", "image/vnd.microsoft.icon"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
        {"ttf", "font/ttf"},
        {"wasm", "application/wasm"},
        {"pdf", "application/pdf"},
        {"mp3", "audio/mpeg"},
        {"mp4", "video/mp4"},
        {"webm", "video/webm"},
    };
    const std::size_t dot = name.find_last_of("./");
    if (dot != std::string_view::npos && name[dot] == '.') {
        std::string ending(name.substr(dot + 1));
        std::transform(ending.begin(), ending.end(), ending.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        for (const auto& [known, type] : kTypes) {
            if (known == ending) return type;
        }
    }
    return "application/octet-stream";
}

}  // namespace mqtt::broker::http
