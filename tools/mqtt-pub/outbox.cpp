// See outbox.hpp.
#include "mqtt-pub/outbox.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

#include "common/app.hpp"
#include "common/exit_code.hpp"

namespace mqtt_pub {
namespace {

constexpr std::string_view kSuffix = ".journal";
constexpr std::size_t kDigits = 8;
// Room is given back a journal at a time: an eighth of the limit, within these bounds.
constexpr std::uint64_t kSmallestJournal = 4 * 1024;
constexpr std::uint64_t kLargestJournal = 4 * 1024 * 1024;

std::string folder_of(std::string folder) {
    if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        throw tools::ToolError(tools::kExitUsage,
                               "cannot make the outbox '" + folder + "': " + std::strerror(errno));
    }
    return folder;
}

std::optional<std::uint32_t> journal_number(std::string_view name) {
    if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, number);
    if (error != std::errc() || end != name.data() + kDigits || number == 0) return std::nullopt;
    return number;
}

// A new name is safe when its folder is.
void sync_folder(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

}  // namespace

FolderLock::FolderLock(const std::string& path)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
    if (descriptor_ < 0) {
        throw tools::ToolError(tools::kExitUsage,
                               "cannot open '" + path + "': " + std::strerror(errno));
    }
}

FolderLock::~FolderLock() {
    ::close(descriptor_);
}

void FolderLock::wait() {
    while (::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
}

bool FolderLock::try_lock() {
    return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
}

void FolderLock::unlock() {
    ::flock(descriptor_, LOCK_UN);
}

Outbox::Outbox(std::string folder, const Limits& limits, FileCalls calls)
    : folder_(folder_of(std::move(folder)))
    , limits_(limits)
    , calls_(std::move(calls))
    , append_lock_(path_of("append.lock"))
    , drain_lock_(path_of("drain.lock")) {}

void Outbox::fail(const std::string& why) const {
    throw tools::ToolError(tools::kExitUsage, fmt::format("outbox '{}': {}", folder_, why));
}

std::vector<std::uint32_t> Outbox::numbers() const {
    std::vector<std::uint32_t> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_.c_str()), ::closedir);
    if (!folder) return found;
    while (const dirent* entry = ::readdir(folder.get())) {
        if (const auto number = journal_number(entry->d_name)) found.push_back(*number);
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string Outbox::journal_path(std::uint32_t number) const {
    return fmt::format("{}/{:08}{}", folder_, number, kSuffix);
}

std::uint64_t Outbox::bytes_on_disk() const {
    std::uint64_t sum = 0;
    for (const std::uint32_t number : numbers()) {
        struct stat status {};
        if (::stat(journal_path(number).c_str(), &status) == 0) {
            sum += static_cast<std::uint64_t>(status.st_size);
        }
    }
    return sum;
}

void Outbox::add(const OutboxMessage& message) {
    append_outbox_message(batch_.emplace_back(), message);
    batch_bytes_ += OutboxSegment::record_bytes(batch_.back().size());
}

bool Outbox::is_too_large(const OutboxMessage& message) const {
    const std::uint64_t needed = OutboxSegment::kHeadBytes +
                                 OutboxSegment::record_bytes(outbox_message_bytes(message.request));
    return needed > limits_.bytes;
}

void Outbox::drop_batch() {
    batch_.clear();
    batch_bytes_ = 0;
}

bool Outbox::commit() {
    if (batch_.empty()) return true;
    append_lock_.wait();
    const auto unlock = std::shared_ptr<void>(nullptr, [this](void*) { append_lock_.unlock(); });
    return guarded([this] {
        if (bytes_on_disk() + OutboxSegment::kHeadBytes + batch_bytes_ > limits_.bytes) {
            return false;
        }
        OutboxSegment& file = appendable();
        std::string records;
        records.reserve(batch_bytes_);
        for (const std::string& body : batch_)
            file.add_record(records, body);
        const std::uint64_t cut_before = file.cut_bytes();
        file.append(records, limits_.sync);
        cut_bytes_ += file.cut_bytes() - cut_before;
        drop_batch();
        return true;
    });
}

// The last journal, or a new one when that is large or gone. With the append lock.
OutboxSegment& Outbox::appendable() {
    const std::vector<std::uint32_t> known = numbers();
    const std::uint32_t last = known.empty() ? 0 : known.back();
    const std::uint64_t full = std::clamp(limits_.bytes / 8, kSmallestJournal, kLargestJournal);
    if (tail_ && (tail_number_ != last || tail_->is_deleted())) tail_.reset();
    if (!tail_ && last != 0) tail_ = OutboxSegment::open(journal_path(last), calls_);
    tail_number_ = last;
    if (!tail_ || tail_->size() >= full) {
        tail_number_ = last + 1;
        tail_ = OutboxSegment::create(journal_path(tail_number_), calls_, limits_.sync);
        if (limits_.sync) sync_folder(folder_);
    }
    return *tail_;
}

}  // namespace mqtt_pub
