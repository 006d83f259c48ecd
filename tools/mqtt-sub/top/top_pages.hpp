// The pages of --top that take the place of the list: one message in full, and help.
// Used by top_render.
#pragma once

#include "mqtt-sub/top/top_render.hpp"

namespace mqtt_sub {

Frame message_page(const TopicTable& table, const TopView& view, const RenderContext& context);
Frame help_page(std::size_t width);

}  // namespace mqtt_sub
