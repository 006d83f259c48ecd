// The broker's topic tree against the definition: lines "+filter", "-filter" and "topic" add, remove and
// match; what matches, and what is counted, must be what a list of filters says.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "broker/topic_tree.hpp"
#include "mqtt/topic.hpp"
#include "support/naive_topic.hpp"

namespace {

using namespace mqtt;
using namespace mqtt::broker;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

struct Someone final : Subscriber {
    Someone() : Subscriber(SubscriberKind::session) {}
};

class World {
public:
    ~World() {
        for (const std::string& filter : filters_)
            tree_.remove(*tree_.find(filter, someone_));
        require(tree_.node_count() == 0, "nothing is left behind");
    }
    void line(std::string_view text) {
        if (text.empty()) return;
        const std::string_view rest = text.substr(1);
        const bool is_filter = validate_topic_filter(rest).ok() && !rest.starts_with("$share/");
        if (text[0] == '+' && is_filter) {
            const bool is_new = tree_.add(rest, someone_, {}, 0).is_new;
            require(is_new == filters_.insert(std::string(rest)).second, "new or not");
        } else if (text[0] == '-' && is_filter) {
            Subscription* subscription = tree_.find(rest, someone_);
            require((subscription != nullptr) == (filters_.erase(std::string(rest)) == 1), "found");
            if (subscription != nullptr) tree_.remove(*subscription);
        } else if (validate_topic_name(text)) {
            match(text);
        }
        require(tree_.subscription_count() == filters_.size(), "counted");
    }

private:
    void match(std::string_view topic) {
        std::multiset<std::string> found, expected;
        tree_.match(topic,
                    [&](const TopicNode& node) { found.insert(TopicTree::filter_of(node)); });
        for (const std::string& filter : filters_)
            if (mqtt::test::matches_naively(filter, topic)) expected.insert(filter);
        require(found == expected, "the tree matches as the definition does");
    }

    TopicTree tree_;
    Someone someone_;
    std::set<std::string> filters_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    World world;
    std::string_view text = as_text({data, size});
    for (int lines = 0; !text.empty() && lines < 200; ++lines) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        world.line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return 0;
}
