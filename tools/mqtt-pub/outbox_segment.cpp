// See outbox_segment.hpp.
#include "mqtt-pub/outbox_segment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <system_error>
#include <utility>

#include "mqtt-pub/checksum.hpp"

namespace mqtt_pub {
namespace {

constexpr std::string_view kMagic = "MQTTOBX1";
constexpr std::uint64_t kHintOffset = 16;
constexpr std::size_t kRecordHead = 16;
constexpr std::size_t kStateOffset = 8;
constexpr std::size_t kSegmentReadBytes = 256 * 1024;
// The largest message, its properties included, and then some.
constexpr std::uint32_t kLargestRecord = 300'000'000;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

template <class T>
T value_at(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <class T>
std::string_view bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::uint32_t record_checksum(std::uint64_t salt, std::uint32_t size, std::string_view body) {
    return crc32(body, crc32(bytes_of(size), crc32(bytes_of(salt))));
}

std::uint64_t to_word(OutboxState state) {
    return static_cast<std::uint64_t>(state.stage) << 16 | state.id;
}

OutboxState from_word(std::uint64_t word) {
    const auto stage = std::min<std::uint64_t>(word >> 16, 3);
    return {static_cast<OutboxStage>(stage), static_cast<std::uint16_t>(word)};
}

}  // namespace

FileCalls::FileCalls() : write(::pwrite), sync(::fdatasync) {}

OutboxSegment::OutboxSegment(int descriptor, const FileCalls& calls)
    : descriptor_(descriptor)
    , calls_(&calls) {}

OutboxSegment::OutboxSegment(OutboxSegment&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1))
    , calls_(other.calls_)
    , salt_(other.salt_)
    , hint_(other.hint_)
    , cut_bytes_(other.cut_bytes_)
    , damaged_bytes_(other.damaged_bytes_)
    , buffer_(std::move(other.buffer_))
    , buffer_offset_(other.buffer_offset_) {}

OutboxSegment& OutboxSegment::operator=(OutboxSegment&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    calls_ = other.calls_;
    salt_ = other.salt_;
    hint_ = other.hint_;
    cut_bytes_ = other.cut_bytes_;
    damaged_bytes_ = other.damaged_bytes_;
    buffer_ = std::move(other.buffer_);
    buffer_offset_ = other.buffer_offset_;
    return *this;
}

OutboxSegment::~OutboxSegment() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

// The name appears with a whole head only: a process that dies here leaves a file of another name.
OutboxSegment OutboxSegment::create(const std::string& path, const FileCalls& calls, bool sync) {
    const std::string unfinished = path + ".new";
    const int descriptor =
        ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) fail("cannot create the journal");
    OutboxSegment made(descriptor, calls);
    std::random_device random;
    made.salt_ = std::uint64_t{random()} << 32 | random();
    std::string head(kMagic);
    head.append(bytes_of(made.salt_)).append(bytes_of(made.hint_)).append(8, '\0');
    made.write_all(head, 0);
    if (sync && calls.sync(descriptor) != 0) fail("cannot write the journal to disk");
    if (::rename(unfinished.c_str(), path.c_str()) != 0) fail("cannot name the journal");
    return made;
}

OutboxSegment OutboxSegment::open(const std::string& path, const FileCalls& calls) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) fail("cannot open the journal");
    OutboxSegment opened(descriptor, calls);
    opened.read_head();
    return opened;
}

void OutboxSegment::read_head() {
    char head[kHeadBytes];
    if (::pread(descriptor_, head, sizeof head, 0) != static_cast<ssize_t>(sizeof head) ||
        std::string_view(head, kMagic.size()) != kMagic) {
        throw std::system_error(EILSEQ, std::generic_category(), "this is no journal of an outbox");
    }
    salt_ = value_at<std::uint64_t>(head + kMagic.size());
    hint_ = std::max(kHeadBytes, value_at<std::uint64_t>(head + kHintOffset));
}

void OutboxSegment::write_all(std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const ssize_t n =
            calls_->write(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) fail("cannot write the journal");
        bytes.remove_prefix(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
}

std::uint64_t OutboxSegment::record_bytes(std::size_t body_bytes) {
    return (kRecordHead + body_bytes + 7) / 8 * 8;
}

void OutboxSegment::add_record(std::string& batch, std::string_view body) const {
    const auto size = static_cast<std::uint32_t>(record_bytes(body.size()));
    const std::size_t start = batch.size();
    batch.resize(start + size);
    char* record = batch.data() + start;
    std::memcpy(record, &size, sizeof size);
    std::memcpy(record + kRecordHead, body.data(), body.size());
    const std::uint32_t sum =
        record_checksum(salt_, size, {record + kRecordHead, size - kRecordHead});
    std::memcpy(record + sizeof size, &sum, sizeof sum);
}

// Where whole records end. Behind the hint there are some when their writer died before it moved it.
std::uint64_t OutboxSegment::find_end() {
    read_head();
    buffer_.clear();
    std::uint64_t end = std::min(hint_, size());
    // A file that lost its tail: the hint cannot be trusted, its records can.
    if (end < hint_) end = kHeadBytes;
    while (const auto record = parse(end))
        end += kRecordHead + record->body.size();
    return end;
}

void OutboxSegment::append(std::string_view batch, bool sync) {
    const std::uint64_t end = find_end();
    const std::uint64_t was = size();
    if (was > end) {
        cut_bytes_ += was - end;
        if (::ftruncate(descriptor_, static_cast<off_t>(end)) != 0) fail("cannot cut the journal");
    }
    try {
        write_all(batch, end);
        if (sync && calls_->sync(descriptor_) != 0) fail("cannot write the journal to disk");
    } catch (const std::system_error&) {
        // Of what is not promised nothing shall be sent.
        [[maybe_unused]] const int ignored = ::ftruncate(descriptor_, static_cast<off_t>(end));
        throw;
    }
    hint_ = end + batch.size();
    write_all(bytes_of(hint_), kHintOffset);
}

// True when the buffer has at least so many bytes from `offset` on.
bool OutboxSegment::load(std::uint64_t offset, std::size_t bytes) {
    if (offset >= buffer_offset_ && offset + bytes <= buffer_offset_ + buffer_.size()) return true;
    buffer_.resize(std::max(bytes, kSegmentReadBytes));
    buffer_offset_ = offset;
    std::size_t have = 0;
    while (have < buffer_.size()) {
        const ssize_t n = ::pread(descriptor_, buffer_.data() + have, buffer_.size() - have,
                                  static_cast<off_t>(offset + have));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("cannot read the journal");
        if (n == 0) break;
        have += static_cast<std::size_t>(n);
    }
    buffer_.resize(have);
    return have >= bytes;
}

std::optional<OutboxRecord> OutboxSegment::parse(std::uint64_t offset) {
    if (!load(offset, kRecordHead)) return std::nullopt;
    const char* record = buffer_.data() + (offset - buffer_offset_);
    const auto size = value_at<std::uint32_t>(record);
    if (size < kRecordHead || size % 8 != 0 || size > kLargestRecord) return std::nullopt;
    const bool is_loaded = offset + size <= buffer_offset_ + buffer_.size();
    if (!is_loaded && (offset + size > this->size() || !load(offset, size))) return std::nullopt;
    record = buffer_.data() + (offset - buffer_offset_);
    const std::string_view body(record + kRecordHead, size - kRecordHead);
    if (record_checksum(salt_, size, body) != value_at<std::uint32_t>(record + sizeof size)) {
        return std::nullopt;
    }
    return OutboxRecord{offset, from_word(value_at<std::uint64_t>(record + kStateOffset)), body};
}

std::optional<OutboxRecord> OutboxSegment::read(std::uint64_t& offset) {
    offset = std::max(offset, kHeadBytes);
    std::optional<OutboxRecord> record = parse(offset);
    if (!record) {
        // The buffer may be older than what stands there now.
        buffer_.clear();
        read_head();
        record = parse(offset);
    }
    const std::uint64_t expected = offset;
    while (!record && offset + kRecordHead <= std::min(hint_, size())) {
        offset += 8;
        record = parse(offset);
    }
    damaged_bytes_ += offset - expected;
    if (record) offset += kRecordHead + record->body.size();
    return record;
}

void OutboxSegment::set_state(std::uint64_t offset, OutboxState state) {
    const std::uint64_t word = to_word(state);
    write_all(bytes_of(word), offset + kStateOffset);
    // What was read ahead shall not say otherwise.
    if (offset >= buffer_offset_ && offset + kRecordHead <= buffer_offset_ + buffer_.size()) {
        std::memcpy(buffer_.data() + (offset - buffer_offset_) + kStateOffset, &word, sizeof word);
    }
}

std::uint64_t OutboxSegment::size() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail("cannot look at the journal");
    return static_cast<std::uint64_t>(status.st_size);
}

bool OutboxSegment::is_deleted() const {
    struct stat status {};
    return ::fstat(descriptor_, &status) != 0 || status.st_nlink == 0;
}

}  // namespace mqtt_pub
