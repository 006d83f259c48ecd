// One journal file of an outbox: records that are appended and never moved, each with a checksum and
// with one word that is written in place: how far its message has come. Used by outbox, which owns the
// locks; nothing here locks.
//
// The file: a head of 32 bytes (magic, salt, hint of the end, 0), then records at multiples of 8:
//   u32 size of the record, head and padding included     u32 CRC-32 of salt, size and body
//   u64 state: stage << 16 | packet id                    body, zeros up to a multiple of 8
// Appending writes whole records behind the end, makes them durable, then moves the hint. A process that
// dies in between leaves a tail that is no record, or records behind the hint: the former is cut off by
// the next append, the latter count. The state is one aligned word in one write, so that a kill
// leaves the old or the new one. The salt keeps a payload from looking like a record.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mqtt_pub {

// The system calls that change the file; tests let them fail or fall short.
struct FileCalls {
    std::function<ssize_t(int, const void*, std::size_t, off_t)> write;
    std::function<int(int)> sync;
    FileCalls();
};

enum class OutboxStage : std::uint8_t {
    waiting,
    sent,      // PUBLISH may have gone out under the packet id
    received,  // QoS 2: the server has it, PUBREL may have gone out
    done,
};

struct OutboxState {
    OutboxStage stage = OutboxStage::waiting;
    std::uint16_t id = 0;
};

struct OutboxRecord {
    std::uint64_t offset = 0;
    OutboxState state;
    std::string_view body;  // padding included; valid until the next read
};

class OutboxSegment {
public:
    static constexpr std::uint64_t kHeadBytes = 32;

    // Makes a new file, or opens one. Throws std::system_error, like all that follows.
    static OutboxSegment create(const std::string& path, const FileCalls& calls, bool sync);
    static OutboxSegment open(const std::string& path, const FileCalls& calls);
    OutboxSegment(OutboxSegment&& other) noexcept;
    OutboxSegment& operator=(OutboxSegment&& other) noexcept;
    ~OutboxSegment();

    static std::uint64_t record_bytes(std::size_t body_bytes);
    // A record for append(): bodies may be collected and written at once.
    void add_record(std::string& batch, std::string_view body) const;
    // All of the batch is there and, with `sync`, on the disk; or std::system_error is thrown and
    // nothing of it counts. Bytes of an unfinished append before are cut off; see cut_bytes().
    void append(std::string_view batch, bool sync);
    std::uint64_t cut_bytes() const { return cut_bytes_; }

    // The record at `offset`, which moves behind it; nullopt: there is none (yet). A damaged one in
    // the middle is gone past, and counted.
    std::optional<OutboxRecord> read(std::uint64_t& offset);
    std::uint64_t damaged_bytes() const { return damaged_bytes_; }
    void set_state(std::uint64_t offset, OutboxState state);

    std::uint64_t size() const;  // of the file
    bool is_deleted() const;     // by the process that drained it

private:
    OutboxSegment(int descriptor, const FileCalls& calls);
    void write_all(std::string_view bytes, std::uint64_t offset);
    void read_head();
    std::uint64_t find_end();
    bool load(std::uint64_t offset, std::size_t bytes);
    std::optional<OutboxRecord> parse(std::uint64_t offset);

    int descriptor_;
    const FileCalls* calls_;
    std::uint64_t salt_ = 0;
    std::uint64_t hint_ = kHeadBytes;  // up to here all is appended
    std::uint64_t cut_bytes_ = 0;
    std::uint64_t damaged_bytes_ = 0;
    std::string buffer_;  // a part of the file
    std::uint64_t buffer_offset_ = 0;
};

}  // namespace mqtt_pub
