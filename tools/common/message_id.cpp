// See message_id.hpp.
#include "common/message_id.hpp"

#include <array>

namespace tools {

std::optional<std::string_view> message_id(mqtt::Properties properties) {
    for (const mqtt::PropertyView& property : properties) {
        const bool is_user = property.info->id == mqtt::PropertyId::user_property;
        if (is_user && property.name == kMessageIdName) return property.text;
    }
    return std::nullopt;
}

UuidMaker::UuidMaker() {
    std::random_device device;
    std::array<std::uint32_t, 16> entropy{};
    for (std::uint32_t& word : entropy)
        word = device();
    std::seed_seq seed(entropy.begin(), entropy.end());
    random_.seed(seed);
}

std::string UuidMaker::next() {
    const std::uint64_t high = (random_() & ~std::uint64_t{0xF000}) | 0x4000;
    const std::uint64_t low = (random_() & ~(std::uint64_t{3} << 62)) | std::uint64_t{1} << 63;
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (int i = 0; i < 32; ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
        const std::uint64_t half = i < 16 ? high : low;
        text += kDigits[half >> (60 - 4 * (i % 16)) & 15];
    }
    return text;
}

mqtt::Properties MessageIdStamp::stamped(mqtt::Properties properties) {
    if (message_id(properties)) return properties;
    list_ = mqtt::PropertyList(properties);
    list_.add_user(kMessageIdName, uuids_.next());
    return list_.view();
}

}  // namespace tools
