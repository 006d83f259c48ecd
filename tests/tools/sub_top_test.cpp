// --top on a terminal in memory: the model, order, keys, pages, and what is written of a picture.
#include <doctest/doctest.h>

#include "common/json.hpp"
#include "mqtt-sub/top/frame_diff.hpp"
#include "mqtt-sub/top/keys.hpp"
#include "mqtt-sub/top/stat_line.hpp"
#include "mqtt-sub/top/top_render.hpp"
#include "mqtt-sub/top/top_view.hpp"
#include "support/virtual_terminal.hpp"

namespace mqtt_sub {
using namespace std::chrono_literals;

namespace {

constexpr TopClock::time_point kStart{1h};

void add(TopicTable& table, std::string_view topic, std::string_view payload, int times = 1,
         bool retain = false, TopClock::time_point now = kStart) {
    for (int i = 0; i < times; ++i) {
        table.add({.retain = retain, .topic = topic, .payload = mqtt::as_bytes(payload)}, now);
    }
}

// Table, view and a terminal of the given size.
class Top {
public:
    Top(std::size_t width, std::size_t height)
        : width_(width)
        , height_(height)
        , terminal(width, height) {}

    void press(std::string_view bytes) {
        std::vector<Key> keys;
        reader_.feed(bytes, keys);
        for (const Key& key : keys)
            last_action = view.press(key, table, list_rows(height_));
        draw();
    }
    void second() {
        table.tick();
        view.arrange(table);
        now += 1s;
        draw();
    }
    std::size_t draw() {
        view.scroll_to_selection(list_rows(height_));
        std::string out;
        diff_.append(out,
                     render_top(table, view,
                                {.width = width_, .height = height_, .now = now, .server = "srv"}));
        terminal.write(out);
        return out.size();
    }
    std::string topic_at(std::size_t row) const {
        const std::string line = terminal.line(row + 2);
        const std::size_t start = line.find_first_not_of(' ');
        if (start == std::string::npos) return {};
        return line.substr(start, line.find(' ', start) - start);
    }

private:
    std::size_t width_, height_;
    FrameDiff diff_;
    KeyReader reader_;

public:
    TopicTable table;
    TopView view;
    VirtualTerminal terminal;
    TopClock::time_point now = kStart;
    TopAction last_action = TopAction::none;
};

}  // namespace

TEST_CASE("top: rates are averages over the last five seconds") {
    RateHistory history;
    CHECK(history.rate() == 0);
    for (int second = 0; second < 70; ++second) {
        history.add(static_cast<std::uint64_t>(second));
        history.tick();
    }
    CHECK(history.rate() == 67);
    CHECK(history.at(0) == 69);
    CHECK(history.at(59) == 10);
    CHECK(history.at(60) == 0);
    CHECK(sparkline(history, 4, false) == "###@");
    CHECK(sparkline(RateHistory(), 3, true) == "   ");
}

TEST_CASE("top: topics and payloads are kept within limits, totals count everything") {
    TopicTable table;
    table.set_limits(2, 1000);
    add(table, "a", std::string(900, 'x'));
    add(table, "b", std::string(900, 'y'));
    add(table, "c", "z");
    CHECK(table.topics().size() == 2);
    CHECK(table.topics()[0].payload.size() == 900);
    CHECK(table.topics()[1].payload.size() == 256);
    CHECK(table.topics()[1].payload_bytes == 900);
    CHECK(table.totals().messages == 3);
    CHECK(table.totals().topics_left_out == 1);
    add(table, "a", "small");
    add(table, "b", std::string(900, 'y'));
    CHECK(table.topics()[1].payload.size() == 900);
}

TEST_CASE("top: the table in the order of rate, then of other columns, both ways") {
    Top top(80, 24);
    add(top.table, "slow", "1");
    add(top.table, "fast", "22", 50, true);
    add(top.table, "middle", "333", 10, false, kStart - 30s);
    top.second();
    CHECK(top.terminal.line(0).find("61 msg/s") != std::string::npos);
    CHECK(top.terminal.line(1).find("MSG/S-") != std::string::npos);
    CHECK(top.topic_at(0) == "fast");
    CHECK(top.topic_at(1) == "middle");
    CHECK(top.topic_at(2) == "slow");
    CHECK(top.terminal.line(2).find("50      50   1s R") != std::string::npos);
    CHECK(top.terminal.line(3).find("31s") != std::string::npos);
    CHECK(top.terminal.line(2).ends_with("22"));
    top.press("r");
    CHECK(top.topic_at(0) == "slow");
    top.press("5");
    CHECK(top.topic_at(2) == "slow");
    top.press("5");
    CHECK(top.topic_at(0) == "slow");
    top.press("4");
    CHECK(top.topic_at(2) == "middle");
    CHECK(top.terminal.line(23).find("q quit") != std::string::npos);
}

TEST_CASE("top: the tree sums over levels; levels open and close") {
    Top top(100, 24);
    add(top.table, "home/kitchen/temp", "20", 5);
    add(top.table, "home/kitchen/light", "on", 3);
    add(top.table, "home/bath", "x", 2);
    add(top.table, "/odd//topic", "y");
    top.second();
    top.press("t");
    CHECK(top.terminal.line(2).starts_with(" + home"));
    CHECK(top.terminal.line(2).find("3 topics") != std::string::npos);
    CHECK(top.terminal.line(3).starts_with(" + (empty)"));
    top.press("\x1b[C");
    CHECK(top.terminal.line(2).starts_with(" - home"));
    CHECK(top.terminal.line(3).starts_with("   + kitchen"));
    CHECK(top.terminal.line(4).starts_with("     bath"));
    top.press("\x1b[B\x1b[C\x1b[B");
    CHECK(top.terminal.line(4).starts_with("       temp"));
    top.press("\x1b[D\x1b[D");
    CHECK(top.terminal.line(3).starts_with("   + kitchen"));
    top.press("/LIGHT\r");
    CHECK(top.terminal.line(4).starts_with("       light"));
    CHECK(top.terminal.line(5).empty());
}

TEST_CASE("top: search, selection that stays with its topic, scrolling") {
    Top top(80, 10);
    for (int i = 0; i < 100; ++i)
        add(top.table, "t/" + std::to_string(i), "v", 100 - i);
    top.second();
    CHECK(top.topic_at(0) == "t/0");
    CHECK(top.topic_at(6) == "t/6");
    top.press("\x1b[B\x1b[B");  // t/2
    add(top.table, "t/2", "v", 500);
    top.second();
    CHECK(top.topic_at(0) == "t/2");
    CHECK(top.view.selected() == 0);
    top.press("G");
    CHECK(top.topic_at(6) == "t/99");
    top.press("g");
    CHECK(top.topic_at(0) == "t/2");
    top.press("\x1b[6~");
    CHECK(top.view.selected() == 7);
    top.press("/99");
    CHECK(top.terminal.line(9) == "/99_");
    CHECK(top.topic_at(0) == "t/99");
    top.press("\x7f\x7f");
    CHECK(top.view.rows().size() == 100);
    top.press("nothing\r");
    CHECK(top.terminal.line(2) == " nothing found");
    top.press("\x1b");
    CHECK(top.view.rows().size() == 100);
}

TEST_CASE(
    "top: a message in full: JSON indented, bytes as hex, nothing that controls the terminal") {
    Top top(60, 20);
    mqtt::PropertyList properties;
    properties.add(mqtt::PropertyId::content_type, "c\x1b").add_user("k", "v");
    top.table.add({.topic = "a\x1b[31m",
                   .properties = properties.view(),
                   .payload = mqtt::as_bytes(R"({"t":1,"evil":"x\u001b"})")},
                  kStart);
    top.second();
    top.press("\r");
    CHECK(top.terminal.line(1) == " a\\x1b[31m");
    CHECK(top.terminal.line(4) == " content-type: c\\x1b");
    CHECK(top.terminal.line(5) == " user-property: k = v");
    CHECK(top.terminal.line(8) == "{");
    CHECK(top.terminal.line(9) == "  \"t\":  1,");
    add(top.table, "a\x1b[31m", "\x1b\xff");
    top.press("\x0c");
    CHECK(top.terminal.line(6).starts_with(" 00000000  1b ff"));
    top.press("q");
    CHECK(top.view.page() == TopPage::list);
    CHECK(top.last_action != TopAction::quit);
    top.press("?");
    CHECK(top.terminal.line(1).find("Every topic") != std::string::npos);
    top.press("\x1b");
    top.press("q");
    CHECK(top.last_action == TopAction::quit);
}

TEST_CASE("top: every size from nothing to large is drawn within its edges") {
    for (std::size_t width = 1; width < 220; width += 7) {
        for (std::size_t height = 1; height < 60; height += 5) {
            Top top(width, height);
            add(top.table, "home/楼/温度", "楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼楼", 3);
            add(top.table, std::string(300, 'x'), std::string(1000, '\x1b'), 2, true);
            for (const std::string_view keys :
                 {"", "t", "\x1b[C", "\r", "?", "q", "t", "\r", "q/", "x"}) {
                top.press(keys);
                top.second();
            }
        }
    }
}

TEST_CASE("top: only lines that changed are written") {
    Top top(80, 24);
    for (int i = 0; i < 20; ++i)
        add(top.table, "t/" + std::to_string(i), "v", 100 - i);
    top.second();
    CHECK(top.draw() == 0);
    add(top.table, "t/3", "w");
    const std::size_t one_line = top.draw();
    CHECK(one_line > 0);
    CHECK(one_line < 400);
    CHECK(top.terminal.line(5).ends_with("w"));
}

TEST_CASE("top: keys, their sequences, and characters cut in two") {
    KeyReader reader;
    std::vector<Key> keys;
    reader.feed("a\x1b[A\x1bOB\x1b[6~\x1b[1;5C\r\x7f\x1b", keys);
    const std::vector<Key> wanted{{KeyKind::text, "a"}, {KeyKind::up},    {KeyKind::down},
                                  {KeyKind::page_down}, {KeyKind::enter}, {KeyKind::backspace},
                                  {KeyKind::escape}};
    CHECK(keys == wanted);
    keys.clear();
    reader.feed("\xe6\xa5", keys);
    CHECK(keys.empty());
    reader.feed("\xbc", keys);
    CHECK(keys == std::vector<Key>{{KeyKind::text, "楼"}});
}

TEST_CASE("top: numbers in few columns") {
    CHECK(compact_number(0) == "0");
    CHECK(compact_number(0.25) == "0.2");
    CHECK(compact_number(999) == "999");
    CHECK(compact_number(1000) == "1.0k");
    CHECK(compact_number(12'345) == "12.3k");
    CHECK(compact_number(999'600) == "1.0M");
    CHECK(compact_bytes(812) == "812 B");
    CHECK(compact_bytes(1'234) == "1.2 kB");
    CHECK(compact_age(500ms) == "now");
    CHECK(compact_age(99s) == "99s");
    CHECK(compact_age(150s) == "2m");
    CHECK(compact_age(72h) == "72h");
    CHECK(compact_age(240h) == "10d");
}

TEST_CASE("stat: what came since the last line, as columns and as JSON") {
    TopicTable table;
    StatLine line;
    tools::MessageClock clock;
    clock.set({1'700'000'000, 0});
    add(table, "a", "12345", 10);
    add(table, "b\x1b", "1", 30);
    std::string out;
    line.append(out, table, 2, false, clock);
    CHECK(out.ends_with("        20           40           40        2  b\\x1b 15/s\n"));
    add(table, "a", "12345", 4);
    out.clear();
    line.append(out, table, 1, true, clock);
    out.pop_back();
    CHECK(tools::is_json(out));
    CHECK(out.find(R"("messages_per_second":4.0,"bytes_per_second":20.0,"messages":44)") !=
          std::string::npos);
    CHECK(out.find(R"("busiest":{"topic":"a","messages_per_second":4.0}})") != std::string::npos);
    out.clear();
    line.append(out, table, 1, true, clock);
    CHECK(out.find("\"busiest\":null}") != std::string::npos);
}

}  // namespace mqtt_sub
