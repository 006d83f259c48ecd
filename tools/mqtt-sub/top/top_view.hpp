// What of the table is looked at: order, search, selection, scrolling, tree or table, one message in
// full. Keys change it. Used by live_top; drawn by top_render. Knows no terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mqtt-sub/top/keys.hpp"
#include "mqtt-sub/top/topic_table.hpp"
#include "mqtt-sub/top/topic_tree.hpp"

namespace mqtt_sub {

enum class SortBy : unsigned char { rate, messages, bytes, age, topic };
enum class TopPage : unsigned char { list, message, help };

// One line of the list: a topic, or in the tree a level (which may be a topic, too).
struct TopRow {
    std::size_t topic = TreeNode::kNone;
    std::size_t node = TreeNode::kNone;
    friend bool operator==(const TopRow&, const TopRow&) = default;
};

// What a key asks for beyond the view itself.
enum class TopAction : unsigned char { none, quit, pause, clear, redraw };

class TopView {
public:
    // Puts the rows in order again: when a second is over, or a key changed what is shown.
    void arrange(const TopicTable& table);
    // `page_rows`: rows of the list on the screen.
    TopAction press(const Key& key, const TopicTable& table, std::size_t page_rows);
    // Keeps the selection on the screen.
    void scroll_to_selection(std::size_t page_rows);
    void forget_topics();

    const std::vector<TopRow>& rows() const { return rows_; }
    std::size_t selected() const { return selected_; }
    std::size_t first() const { return first_; }  // row at the top of the screen
    bool is_tree() const { return is_tree_; }
    SortBy sort_by() const { return sort_by_; }
    bool is_reversed() const { return is_reversed_; }
    TopPage page() const { return page_; }
    std::size_t page_scroll() const { return page_scroll_; }
    const std::string& search() const { return search_; }
    bool is_searching() const { return is_searching_; }
    const TopicTree& tree() const { return tree_; }
    bool is_open(const TreeNode& node) const { return node.is_open || !search_.empty(); }

private:
    TopAction press_text(char c, const TopicTable& table);
    void press_search(const Key& key);
    void move_to(std::size_t row);
    void move_by(std::ptrdiff_t rows);
    void open_or_close(bool is_open);
    void sort_topics(const TopicTable& table);
    void walk_tree(std::size_t node, const std::vector<bool>& is_found);
    bool is_before(const TreeNode& a, const TreeNode& b) const;

    std::vector<TopRow> rows_;
    TopicTree tree_;
    std::size_t selected_ = 0;
    std::size_t first_ = 0;
    TopRow followed_;         // stays selected when rows change places
    bool has_moved_ = false;  // before the first move the selection is the top row
    bool is_tree_ = false;
    bool is_reversed_ = false;
    SortBy sort_by_ = SortBy::rate;
    TopPage page_ = TopPage::list;
    std::size_t page_scroll_ = 0;
    std::string search_;
    bool is_searching_ = false;
};

// True when `text` contains `part`, ASCII letters in any case.
bool contains_any_case(std::string_view text, std::string_view part);

}  // namespace mqtt_sub
