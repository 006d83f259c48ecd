// HDR logs: lines of text, histograms, and counts within a sound histogram, as the first byte says. What is read is
// written and read again with the same counts.
#include <cstdlib>
#include <string>
#include <vector>

#include "mqtt-bench/hdr_log.hpp"

namespace {

using mqtt::bench::Histogram;
using ByteString = std::vector<std::uint8_t>;

void require(bool condition) {
    if (!condition) std::abort();
}

void put(ByteString& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(value >> shift));
}

// Everything right but the counts: what stands before them is taken from an empty histogram of our own making.
ByteString around(std::span<const std::uint8_t> counts) {
    constexpr std::size_t kBefore = 8 + 2 + 5, kHead = 40;
    const ByteString empty = mqtt::bench::encode_histogram(Histogram());
    ByteString inner(empty.begin() + kBefore, empty.begin() + kBefore + kHead);
    ByteString size;
    put(size, counts.size(), 4);
    std::copy(size.begin(), size.end(), inner.begin() + 4);
    inner.insert(inner.end(), counts.begin(), counts.end());
    std::uint32_t a = 1, b = 0;
    for (const std::uint8_t byte : inner) {
        a = (a + byte) % 65521;
        b = (b + a) % 65521;
    }
    ByteString out(empty.begin(), empty.begin() + 10);
    out.push_back(1);  // the last block, stored
    for (const std::size_t part : {inner.size(), ~inner.size()}) {
        out.push_back(static_cast<std::uint8_t>(part));
        out.push_back(static_cast<std::uint8_t>(part >> 8));
    }
    out.insert(out.end(), inner.begin(), inner.end());
    put(out, b << 16 | a, 4);
    return out;
}

void require_same(const Histogram& a, const Histogram& b) {
    require(a.count() == b.count());
    for (std::uint32_t i = 0; i < Histogram::kBuckets; ++i)
        require(a.count_at_index(i) == b.count_at_index(i));
}

void check(const std::optional<Histogram>& histogram) {
    if (!histogram) return;
    const auto again = mqtt::bench::decode_histogram(mqtt::bench::encode_histogram(*histogram));
    require(again.has_value());
    require_same(*histogram, *again);
    require(histogram->at(0.5) <= histogram->at(0.99) && histogram->at(1) <= histogram->max());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span<const std::uint8_t> rest(data + 1, size - 1);
    if (data[0] % 3 == 1) {
        check(mqtt::bench::decode_histogram(rest));
    } else if (data[0] % 3 == 2) {
        if (rest.size() < 60'000) check(mqtt::bench::decode_histogram(around(rest)));
    } else {
        const std::string_view line(reinterpret_cast<const char*>(rest.data()), rest.size());
        const auto read = mqtt::bench::parse_hdr_log_line(line);
        if (!read) return 0;
        const auto again = mqtt::bench::parse_hdr_log_line(
            mqtt::bench::hdr_log_line(read->tag, 1.5, 1, read->histogram));
        require(again && again->tag == read->tag && again->start == 1.5);
        require_same(read->histogram, again->histogram);
    }
    return 0;
}
