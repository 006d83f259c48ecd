// See line_source.hpp.
#include "common/line_source.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tools {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kBlockBytes = 2 * kReadBytes;
constexpr std::size_t kMostLines = 4'096;  // found at once

}  // namespace

LineSource::LineSource(int descriptor, char delimiter)
    : descriptor_(descriptor)
    , delimiter_(delimiter) {}

std::optional<std::string_view> LineSource::peek() {
    if (!has_line_) {
        const void* found =
            end_ > scanned_ ? std::memchr(at(scanned_), delimiter_, end_ - scanned_) : nullptr;
        if (found != nullptr) {
            line_end_ = static_cast<std::size_t>(static_cast<const char*>(found) - at(0));
        } else if (ended_ && end_ > begin_) {
            line_end_ = end_;
        } else {
            scanned_ = end_;
            return std::nullopt;
        }
        has_line_ = true;
    }
    return std::string_view(at(begin_), line_end_ - begin_);
}

void LineSource::take() {
    begin_ = line_end_ < end_ ? line_end_ + 1 : end_;
    scanned_ = begin_;
    has_line_ = false;
}

std::span<const mqtt::Bytes> LineSource::peek_some() {
    if (lines_taken_ == lines_.size()) find_lines();
    return std::span(lines_).subspan(lines_taken_);
}

void LineSource::find_lines() {
    lines_.clear();
    lines_taken_ = 0;
    if (end_ == begin_) return;
    const char* line = at(begin_);
    const char* from = at(scanned_);
    const char* const end = at(end_);
    while (lines_.size() < kMostLines && line != end) {
        const auto left = static_cast<std::size_t>(end - from);
        const auto* found = static_cast<const char*>(std::memchr(from, delimiter_, left));
        if (found == nullptr && ended_) found = end;
        if (found == nullptr) break;
        lines_.emplace_back(reinterpret_cast<const std::uint8_t*>(line),
                            static_cast<std::size_t>(found - line));
        line = from = found == end ? end : found + 1;
    }
    if (lines_.empty()) scanned_ = end_;
}

void LineSource::take_some(std::size_t lines) {
    if (lines == 0) return;
    lines_taken_ += lines;
    const mqtt::Bytes last = lines_[lines_taken_ - 1];
    const char* const behind = reinterpret_cast<const char*>(last.data()) + last.size();
    begin_ = std::min(static_cast<std::size_t>(behind - at(0)) + 1, end_);
    scanned_ = begin_;
}

// One that nobody holds any more. Those made for a long line go when it is gone.
std::shared_ptr<LineSource::Block> LineSource::free_block(std::size_t size) {
    std::erase_if(blocks_, [](const auto& block) {
        return block->size > kBlockBytes && block.use_count() == 1;
    });
    for (const auto& block : blocks_) {
        if (block.use_count() == 1 && block->size >= size) return block;
    }
    blocks_.push_back(std::make_shared<Block>());
    Block& made = *blocks_.back();
    made.bytes = std::make_unique_for_overwrite<char[]>(size);
    made.size = size;
    return blocks_.back();
}

// Grows only with bytes that arrived: a line longer than the block doubles it.
void LineSource::make_room() {
    if (block_ && block_->size - end_ >= kReadBytes) return;
    const std::size_t kept = end_ - begin_;
    const bool is_large = kept + kReadBytes > kBlockBytes;
    const std::size_t size = is_large ? std::max(2 * kept, kBlockBytes) : kBlockBytes;
    // Held by this and by the list.
    const bool is_ours = block_ && block_.use_count() == 2 && block_->size >= size &&
                         (is_large || block_->size == kBlockBytes);
    std::shared_ptr<Block> next = is_ours ? block_ : free_block(size);
    if (kept != 0) std::memmove(next->bytes.get(), at(begin_), kept);
    block_ = std::move(next);
    end_ = kept;
    scanned_ -= begin_;
    line_end_ -= has_line_ ? begin_ : line_end_;
    begin_ = 0;
}

bool LineSource::fill() {
    if (ended_) return false;
    make_room();
    ssize_t n = 0;
    do {
        n = ::read(descriptor_, block_->bytes.get() + end_, block_->size - end_);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) {
        errno_ = n < 0 ? errno : 0;
        ended_ = true;
        return false;
    }
    end_ += static_cast<std::size_t>(n);
    return true;
}

}  // namespace tools
