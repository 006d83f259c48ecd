// ACL files. A line of the form "? user client topic" asks the list; what is delivered to somebody may
// also be subscribed to, and wildcards in names grant nothing.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "fuzz/text_file.hpp"
#include "mqtt/access.hpp"
#include "mqtt/topic.hpp"

namespace {

using namespace mqtt;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

struct Question {
    std::string user, client, topic;
};

void ask(const AccessList& list, const Question& q, bool has_patterns) {
    AccessRequest request;
    request.user_name = q.user;
    request.client_id = q.client;
    request.topic = q.topic;
    if (!validate_topic_name(q.topic)) {
        request.access = Access::subscribe;
        if (validate_topic_filter(q.topic)) list.allows(request);
        return;
    }
    request.access = Access::deliver;
    const bool may_read = list.allows(request);
    request.access = Access::subscribe;
    const bool may_subscribe = list.allows(request);
    if (!q.topic.starts_with("$share/")) {
        require(!may_read || may_subscribe, "what is delivered may be subscribed to");
    }
    // A name that would act as a wildcard in a pattern may do nothing (CVE-2017-7650).
    request.client_id = "#";
    if (has_patterns) require(!list.allows(request), "no pattern takes a wildcard");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::MemoryFile file;
    std::string rules;
    std::vector<Question> questions;
    bool has_patterns = false;
    std::string_view text = as_text({data, size});
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line.starts_with("? ")) {
            rules.append(line).append("\n");
            has_patterns = has_patterns || line.starts_with("pattern ");
            continue;
        }
        Question question;
        line.remove_prefix(2);
        for (std::string* part : {&question.user, &question.client}) {
            const std::size_t blank = std::min(line.find(' '), line.size());
            *part = line.substr(0, blank);
            line.remove_prefix(std::min(blank + 1, line.size()));
        }
        question.topic = line;
        questions.push_back(std::move(question));
    }
    AccessList list;
    const Bytes bytes = as_bytes(rules);
    const FileError error = list.load(file.with(bytes.data(), bytes.size()));
    if (error) {
        require(error.text.find(": ") != std::string::npos, "an error names its place");
        AccessRequest request{Access::publish, "c", "", "t"};
        require(!list.allows(request), "a list that could not be read allows nothing");
        return 0;
    }
    for (const Question& question : questions)
        ask(list, question, has_patterns);
    return 0;
}
