// What is generated from a flag table names every option of it.
#include "common/docs_gen.hpp"

#include <doctest/doctest.h>

#include <array>

#include "common/json.hpp"

using namespace tools;

namespace {

constexpr std::array kDocumented{
    Flag{.long_name = "topic",
         .short_name = 't',
         .aliases = "subject",
         .argument = "TOPIC",
         .category = "Message",
         .help = "what it's about [all]",
         .details = "First. Second.",
         .common = true},
    Flag{.long_name = "color",
         .argument = "WHEN",
         .category = "Output",
         .help = "colour",
         .initial = "auto",
         .choices = "auto always never"},
    Flag{.long_name = "secret", .takes = Takes::nothing, .category = "Output", .hidden = true},
};

ToolInfo example() {
    ToolInfo info{.name = "mqtt-example",
                  .summary = "an example",
                  .synopsis = {"[options]"},
                  .description = "One. Two.\n\n  display \\ .x\n\nThree."};
    for (const Flag& row : kDocumented)
        info.flags.push_back(&row);
    info.examples = {{"mqtt-example -t a", "Do it."}};
    return info;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("docs: help shows common options, --help all shows every one, hidden ones never") {
    const std::string brief = help_text(example(), false, 80);
    CHECK(contains(brief, "-t, --topic TOPIC"));
    CHECK_FALSE(contains(brief, "--color"));
    const std::string all = help_text(example(), true, 80);
    CHECK(contains(all, "--color WHEN"));
    CHECK(contains(all, "Also: --subject"));
    CHECK(contains(all, "Exit codes:"));
    CHECK_FALSE(contains(all, "secret"));
}

TEST_CASE("docs: help keeps to the width of the terminal") {
    ToolInfo info = example();
    for (const int width : {60, 80, 100}) {
        std::string_view rest = info.summary;
        const std::string text = help_text(info, true, width);
        rest = text;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            CHECK(end <= static_cast<std::size_t>(width));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
}

TEST_CASE("docs: man page, completions and JSON name every option") {
    const ToolInfo info = example();
    const std::string man = man_page(info);
    CHECK(contains(man, ".It Fl t , Fl \\-topic Ar TOPIC"));
    CHECK(contains(man, "First.\nSecond.\n"));
    CHECK(contains(man, "display \\e .x"));
    CHECK(contains(bash_completion(info), "--topic --subject --color"));
    CHECK(contains(zsh_completion(info), "'--topic[what it'\\''s about \\[all\\]]:TOPIC: '"));
    CHECK(contains(fish_completion(info), "-s t -l topic -l subject -x"));
    CHECK(is_json(flags_json(info)));
    CHECK_THROWS_AS(generate(info, "html"), UsageError);
}
