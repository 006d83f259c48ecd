// HdrHistogram V2: 40-byte head and ZigZag-LEB128 counts (negative: a run of zeros), in a zlib
// stream, in base64, in a comma separated line.
#include "mqtt-bench/hdr_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mqtt::bench {
namespace {

constexpr std::uint32_t kEncodingCookie = 0x1c849303 | 0x10;
constexpr std::uint32_t kCompressedCookie = 0x1c849304 | 0x10;
constexpr std::size_t kHeadBytes = 40;
constexpr std::size_t kStoredBlockMax = 65535;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

using ByteVector = std::vector<std::uint8_t>;

void put_big_endian(ByteVector& out, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t get_big_endian(const std::uint8_t* at, int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i)
        value = value << 8 | at[i];
    return value;
}

// LEB128 with at most nine bytes: the ninth carries eight bits.
void put_zigzag(ByteVector& out, std::int64_t value) {
    auto rest = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    for (int i = 0; i < 8 && rest >= 0x80; ++i) {
        out.push_back(static_cast<std::uint8_t>(rest | 0x80));
        rest >>= 7;
    }
    out.push_back(static_cast<std::uint8_t>(rest));
}

bool get_zigzag(std::span<const std::uint8_t>& in, std::int64_t& value) {
    std::uint64_t bits = 0;
    for (int i = 0; i < 9; ++i) {
        if (in.empty()) return false;
        const std::uint64_t byte = in.front();
        in = in.subspan(1);
        bits |= (i == 8 ? byte : byte & 0x7f) << (7 * i);
        if (i == 8 || byte < 0x80) break;
    }
    value = static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
    return true;
}

std::uint32_t adler32(std::span<const std::uint8_t> bytes) {
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (const std::uint8_t byte : bytes) {
        a = (a + byte) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

ByteVector deflate_stored(std::span<const std::uint8_t> bytes) {
    ByteVector out{0x78, 0x01};
    std::size_t done = 0;
    do {
        const std::size_t size = std::min(kStoredBlockMax, bytes.size() - done);
        const bool last = done + size == bytes.size();
        out.push_back(last ? 1 : 0);
        out.push_back(static_cast<std::uint8_t>(size));
        out.push_back(static_cast<std::uint8_t>(size >> 8));
        out.push_back(static_cast<std::uint8_t>(~size));
        out.push_back(static_cast<std::uint8_t>(~size >> 8));
        out.insert(out.end(), bytes.begin() + static_cast<std::ptrdiff_t>(done),
                   bytes.begin() + static_cast<std::ptrdiff_t>(done + size));
        done += size;
    } while (done < bytes.size());
    put_big_endian(out, adler32(bytes), 4);
    return out;
}

std::optional<ByteVector> inflate_stored(std::span<const std::uint8_t> in) {
    if (in.size() < 2 || (in[0] & 0x0f) != 8) return std::nullopt;
    in = in.subspan(2);
    ByteVector out;
    for (bool last = false; !last;) {
        if (in.size() < 5 || in[0] > 1) return std::nullopt;
        last = in[0] == 1;
        const std::size_t size = in[1] | static_cast<std::size_t>(in[2]) << 8;
        if (in.size() < 5 + size) return std::nullopt;
        out.insert(out.end(), in.begin() + 5, in.begin() + 5 + static_cast<std::ptrdiff_t>(size));
        in = in.subspan(5 + size);
    }
    if (in.size() < 4 || get_big_endian(in.data(), 4) != adler32(out)) return std::nullopt;
    return out;
}

void put_counts(ByteVector& out, const Histogram& histogram) {
    const std::uint32_t used = histogram.used_buckets();
    for (std::uint32_t i = 0; i < used;) {
        const std::uint64_t count = histogram.count_at_index(i);
        if (count != 0) {
            put_zigzag(out, static_cast<std::int64_t>(count));
            ++i;
            continue;
        }
        std::int64_t zeros = 0;
        for (; i < used && histogram.count_at_index(i) == 0; ++i)
            ++zeros;
        put_zigzag(out, zeros == 1 ? 0 : -zeros);
    }
}

bool get_counts(std::span<const std::uint8_t> in, Histogram& histogram) {
    for (std::uint64_t index = 0; !in.empty();) {
        std::int64_t count = 0;
        if (!get_zigzag(in, count)) return false;
        if (count <= 0) {
            // In unsigned arithmetic: the smallest number has no opposite.
            index += count == 0 ? 1 : 0 - static_cast<std::uint64_t>(count);
            if (index > Histogram::kBuckets) return false;
            continue;
        }
        if (index >= Histogram::kBuckets) return false;
        histogram.add_at_index(static_cast<std::uint32_t>(index++),
                               static_cast<std::uint64_t>(count));
    }
    return true;
}

std::string_view next_field(std::string_view& rest) {
    const std::size_t comma = rest.find(',');
    const std::string_view field = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    return field;
}

bool parse_number(std::string_view text, double& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string encode_base64(std::span<const std::uint8_t> bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t block = 0;
        for (std::size_t k = 0; k < 3; ++k)
            block = block << 8 | (k < left ? bytes[i + k] : 0u);
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= left ? kAlphabet[block >> (18 - 6 * k) & 63] : '=';
        }
    }
    return out;
}

std::optional<std::vector<std::uint8_t>> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    ByteVector out;
    std::uint32_t block = 0;
    int bits = 0;
    while (text.ends_with('='))
        text.remove_suffix(1);
    for (const char c : text) {
        const std::size_t digit = kAlphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        block = block << 6 | static_cast<std::uint32_t>(digit);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out.push_back(static_cast<std::uint8_t>(block >> bits));
    }
    return out;
}

std::vector<std::uint8_t> encode_histogram(const Histogram& histogram) {
    ByteVector counts;
    put_counts(counts, histogram);
    ByteVector inner;
    put_big_endian(inner, kEncodingCookie, 4);
    put_big_endian(inner, counts.size(), 4);
    put_big_endian(inner, 0, 4);  // normalising index offset
    put_big_endian(inner, Histogram::kSignificantDigits, 4);
    put_big_endian(inner, 1, 8);  // lowest discernible value
    put_big_endian(inner, Histogram::kHighest, 8);
    put_big_endian(inner, 0x3ff0'0000'0000'0000, 8);  // 1.0: integer to double ratio
    inner.insert(inner.end(), counts.begin(), counts.end());

    const ByteVector zlib = deflate_stored(inner);
    ByteVector out;
    put_big_endian(out, kCompressedCookie, 4);
    put_big_endian(out, zlib.size(), 4);
    out.insert(out.end(), zlib.begin(), zlib.end());
    return out;
}

std::optional<Histogram> decode_histogram(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < 8 || get_big_endian(bytes.data(), 4) != kCompressedCookie) {
        return std::nullopt;
    }
    const std::optional<ByteVector> inner = inflate_stored(bytes.subspan(8));
    if (!inner || inner->size() < kHeadBytes) return std::nullopt;
    const std::uint8_t* head = inner->data();
    const bool ours = get_big_endian(head, 4) == kEncodingCookie &&
                      get_big_endian(head + 12, 4) == Histogram::kSignificantDigits &&
                      get_big_endian(head + 16, 8) == 1;
    if (!ours || get_big_endian(head + 4, 4) != inner->size() - kHeadBytes) return std::nullopt;
    Histogram histogram;
    if (!get_counts(std::span(*inner).subspan(kHeadBytes), histogram)) return std::nullopt;
    return histogram;
}

std::string hdr_log_head(double start) {
    return fmt::format(
        "#[Logged with mqtt-bench]\n"
        "#[Histogram log format version 1.3]\n"
        "#[StartTime: {:.3f} (seconds since epoch)]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
        "\"Interval_Compressed_Histogram\"\n",
        start);
}

std::string hdr_log_line(std::string_view tag, double start, double length,
                         const Histogram& histogram) {
    // Interval_Max is in milliseconds by convention, the values inside are nanoseconds.
    return fmt::format("Tag={},{:.3f},{:.3f},{:.3f},{}\n", tag, start, length,
                       static_cast<double>(histogram.max()) / 1e6,
                       encode_base64(encode_histogram(histogram)));
}

std::optional<HdrLogLine> parse_hdr_log_line(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r'))
        line.remove_suffix(1);
    HdrLogLine out;
    if (line.starts_with("Tag=")) out.tag = next_field(line).substr(4);
    double max = 0;
    if (!parse_number(next_field(line), out.start)) return std::nullopt;
    if (!parse_number(next_field(line), out.length)) return std::nullopt;
    if (!parse_number(next_field(line), max)) return std::nullopt;
    const auto bytes = decode_base64(line);
    if (!bytes) return std::nullopt;
    auto histogram = decode_histogram(*bytes);
    if (!histogram) return std::nullopt;
    out.histogram = std::move(*histogram);
    return out;
}

}  // namespace mqtt::bench
