// See top_view.hpp.
#include "mqtt-sub/top/top_view.hpp"

#include <algorithm>

namespace mqtt_sub {
namespace {

char lowered(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// The larger first, for names the smaller; equal ones by name.
template <class T>
bool is_larger(const T& a, const T& b, bool reversed) {
    return reversed ? a < b : b < a;
}

}  // namespace

bool contains_any_case(std::string_view text, std::string_view part) {
    const auto same = [](char a, char b) { return lowered(a) == lowered(b); };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end() ||
           part.empty();
}

void TopView::arrange(const TopicTable& table) {
    rows_.clear();
    if (is_tree_) {
        tree_.update(table);
        std::vector<bool> is_found;
        if (!search_.empty()) {
            is_found.assign(tree_.nodes().size(), false);
            for (std::size_t i = tree_.nodes().size(); i-- > 1;) {
                const TreeNode& node = tree_.nodes()[i];
                const bool is_topic = node.topic != TreeNode::kNone;
                if (is_topic && contains_any_case(table.topics()[node.topic].topic, search_)) {
                    is_found[i] = true;
                }
                if (is_found[i]) is_found[node.parent] = true;
            }
        }
        walk_tree(0, is_found);
    } else {
        sort_topics(table);
    }
    const auto place = std::find(rows_.begin(), rows_.end(), followed_);
    if (has_moved_ && place != rows_.end()) {
        selected_ = static_cast<std::size_t>(place - rows_.begin());
    } else if (!has_moved_) {
        selected_ = 0;
    }
    if (selected_ >= rows_.size()) selected_ = rows_.empty() ? 0 : rows_.size() - 1;
    if (!rows_.empty()) followed_ = rows_[selected_];
}

void TopView::sort_topics(const TopicTable& table) {
    struct Keyed {
        double key;
        const TopicStats* stats;
        std::size_t index;
    };
    std::vector<Keyed> keyed;
    for (std::size_t i = 0; i < table.topics().size(); ++i) {
        const TopicStats& stats = table.topics()[i];
        if (!search_.empty() && !contains_any_case(stats.topic, search_)) continue;
        double key = 0;
        switch (sort_by_) {
        case SortBy::rate: key = stats.history.rate(); break;
        case SortBy::messages: key = static_cast<double>(stats.messages); break;
        case SortBy::bytes: key = static_cast<double>(stats.bytes); break;
        case SortBy::age:
            key = static_cast<double>(stats.last_seen.time_since_epoch().count());
            break;
        case SortBy::topic: break;
        }
        keyed.push_back({is_reversed_ ? -key : key, &stats, i});
    }
    const bool names_reversed = is_reversed_ && sort_by_ == SortBy::topic;
    std::sort(keyed.begin(), keyed.end(), [names_reversed](const Keyed& a, const Keyed& b) {
        if (a.key != b.key) return a.key > b.key;
        return names_reversed ? b.stats->topic < a.stats->topic : a.stats->topic < b.stats->topic;
    });
    for (const Keyed& entry : keyed)
        rows_.push_back({entry.index, TreeNode::kNone});
}

bool TopView::is_before(const TreeNode& a, const TreeNode& b) const {
    switch (sort_by_) {
    case SortBy::rate:
        if (a.rate != b.rate) return is_larger(a.rate, b.rate, is_reversed_);
        break;
    case SortBy::messages:
        if (a.messages != b.messages) return is_larger(a.messages, b.messages, is_reversed_);
        break;
    case SortBy::bytes:
        if (a.bytes != b.bytes) return is_larger(a.bytes, b.bytes, is_reversed_);
        break;
    case SortBy::age:
        if (a.last_seen != b.last_seen) return is_larger(a.last_seen, b.last_seen, is_reversed_);
        break;
    case SortBy::topic: return is_larger(b.level, a.level, is_reversed_);
    }
    return a.level < b.level;
}

void TopView::walk_tree(std::size_t root, const std::vector<bool>& is_found) {
    // A stack: topics may have thousands of levels.
    std::vector<std::size_t> todo{root};
    while (!todo.empty()) {
        const std::size_t index = todo.back();
        todo.pop_back();
        const TreeNode& node = tree_.nodes()[index];
        if (index != 0) rows_.push_back({node.topic, index});
        if (index != 0 && !is_open(node)) continue;
        std::vector<std::size_t> children;
        for (const std::size_t child : node.children) {
            if (is_found.empty() || is_found[child]) children.push_back(child);
        }
        std::sort(children.begin(), children.end(), [this](std::size_t a, std::size_t b) {
            return is_before(tree_.nodes()[a], tree_.nodes()[b]);
        });
        todo.insert(todo.end(), children.rbegin(), children.rend());
    }
}

void TopView::forget_topics() {
    tree_.clear();
    rows_.clear();
    selected_ = first_ = 0;
    has_moved_ = false;
    page_ = TopPage::list;
}

void TopView::scroll_to_selection(std::size_t page_rows) {
    if (page_rows == 0) return;
    if (selected_ < first_) first_ = selected_;
    if (selected_ >= first_ + page_rows) first_ = selected_ - page_rows + 1;
    const std::size_t last = rows_.size() > page_rows ? rows_.size() - page_rows : 0;
    first_ = std::min(first_, last);
}

void TopView::move_to(std::size_t row) {
    has_moved_ = true;
    selected_ = rows_.empty() ? 0 : std::min(row, rows_.size() - 1);
    if (!rows_.empty()) followed_ = rows_[selected_];
}

void TopView::move_by(std::ptrdiff_t rows) {
    if (page_ != TopPage::list) {
        const auto scroll = static_cast<std::ptrdiff_t>(page_scroll_) + rows;
        page_scroll_ = static_cast<std::size_t>(std::max<std::ptrdiff_t>(scroll, 0));
        return;
    }
    const auto row = static_cast<std::ptrdiff_t>(selected_) + rows;
    move_to(static_cast<std::size_t>(std::max<std::ptrdiff_t>(row, 0)));
}

void TopView::open_or_close(bool is_open) {
    if (!is_tree_ || page_ != TopPage::list || rows_.empty()) return;
    const std::size_t node = rows_[selected_].node;
    // Closing what is closed goes to the level above.
    if (!is_open && !tree_.nodes()[node].is_open && tree_.nodes()[node].parent != 0) {
        const std::size_t parent = tree_.nodes()[node].parent;
        followed_ = {tree_.nodes()[parent].topic, parent};
        has_moved_ = true;
        return;
    }
    tree_.set_open(node, is_open);
}

TopAction TopView::press(const Key& key, const TopicTable& table, std::size_t page_rows) {
    TopAction action = TopAction::none;
    const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(page_rows, 1));
    switch (key.kind) {
    case KeyKind::up: move_by(-1); break;
    case KeyKind::down: move_by(1); break;
    case KeyKind::page_up: move_by(-page); break;
    case KeyKind::page_down: move_by(page); break;
    case KeyKind::home: page_ == TopPage::list ? move_to(0) : void(page_scroll_ = 0); break;
    case KeyKind::end: move_to(rows_.size()); break;
    case KeyKind::redraw: return TopAction::redraw;
    case KeyKind::left: open_or_close(false); break;
    case KeyKind::right: open_or_close(true); break;
    default:
        if (is_searching_) {
            press_search(key);
        } else if (key.kind == KeyKind::enter) {
            const bool has_topic = !rows_.empty() && rows_[selected_].topic != TreeNode::kNone;
            if (page_ != TopPage::list) {
                page_ = TopPage::list;
            } else if (has_topic) {
                page_ = TopPage::message;
                page_scroll_ = 0;
            } else if (is_tree_ && !rows_.empty()) {
                open_or_close(!tree_.nodes()[rows_[selected_].node].is_open);
            }
        } else if (key.kind == KeyKind::escape) {
            if (page_ == TopPage::list) search_.clear();
            page_ = TopPage::list;
        } else if (key.kind == KeyKind::text) {
            action = press_text(key.text.size() == 1 ? key.text[0] : '\0', table);
        }
    }
    arrange(table);
    scroll_to_selection(page_rows);
    return action;
}

void TopView::press_search(const Key& key) {
    switch (key.kind) {
    case KeyKind::text: search_ += key.text; break;
    case KeyKind::backspace:
        while (!search_.empty() && (static_cast<unsigned char>(search_.back()) & 0xC0) == 0x80)
            search_.pop_back();
        if (!search_.empty()) search_.pop_back();
        break;
    case KeyKind::escape: search_.clear(); [[fallthrough]];
    default: is_searching_ = false; break;
    }
}

TopAction TopView::press_text(char c, const TopicTable&) {
    constexpr std::string_view kSortKeys = "12345";
    if (const std::size_t sort = kSortKeys.find(c); sort != std::string_view::npos) {
        const auto wanted = static_cast<SortBy>(sort);
        is_reversed_ = wanted == sort_by_ && !is_reversed_;
        sort_by_ = wanted;
        return TopAction::none;
    }
    switch (c) {
    case 'q':
        if (page_ == TopPage::list) return TopAction::quit;
        page_ = TopPage::list;
        break;
    case 'p':
    case ' ': return TopAction::pause;
    case 'c': return TopAction::clear;
    case 's': sort_by_ = static_cast<SortBy>((static_cast<int>(sort_by_) + 1) % 5); break;
    case 'r': is_reversed_ = !is_reversed_; break;
    case 't':
        is_tree_ = !is_tree_;
        first_ = selected_ = 0;
        has_moved_ = false;
        break;
    case '/':
        page_ = TopPage::list;
        is_searching_ = true;
        search_.clear();
        break;
    case 'j': move_by(1); break;
    case 'k': move_by(-1); break;
    case 'g': move_to(0); break;
    case 'G': move_to(rows_.size()); break;
    case 'h':
    case '?':
        page_ = page_ == TopPage::help ? TopPage::list : TopPage::help;
        page_scroll_ = 0;
        break;
    default: break;
    }
    return TopAction::none;
}

}  // namespace mqtt_sub
