// The tree of retained topics and the cursor that walks it. Nodes are not destroyed while a cursor
// is in their partition; those without message and children are collected when the last cursor
// leaves.
#include "broker/retained.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <new>

#include "broker/hash.hpp"
#include "broker/slab.hpp"
#include "broker/topic_tree.hpp"

namespace mqtt::broker {

// One level of a topic; in one block with its text, which begins in what the compiler would pad.
struct RetainedStore::Node {
    Node* parent = nullptr;
    Node* first_child = nullptr;
    Node* next = nullptr;  // sibling
    Node* previous = nullptr;
    core::MessageRef message;
    std::uint16_t level_size = 0;
    bool awaits_pruning = false;

    static std::size_t text_at() { return offsetof(Node, awaits_pruning) + sizeof awaits_pruning; }
    static std::size_t bytes_for(std::size_t level_size) {
        return std::max(sizeof(Node), text_at() + level_size);
    }
    std::string_view level() const {
        return {reinterpret_cast<const char*>(this) + text_at(), level_size};
    }
};

struct RetainedStore::Partition {
    explicit Partition(Sources& s) : sources(s), root(create(nullptr, {})) {}
    ~Partition() {
        std::vector<Node*> nodes{root};
        edges.for_each([&](Node& node) { nodes.push_back(&node); });
        for (Node* node : nodes)
            destroy(node);
    }

    Node* create(Node* parent, std::string_view level);
    void destroy(Node* node);
    Node* child(Node& parent, std::string_view level, std::uint64_t edge) const;
    Node* child(Node& parent, std::string_view level) const;
    Node* node_of(std::string_view topic, bool create_missing);
    void set(Node& node, core::MessageRef message);
    void remove(Node& node);
    void prune(Node* node);
    void unpin();

    Sources& sources;
    std::mutex mutex;
    Slab slab;
    Node* root;
    HashSet<Node> edges;
    std::vector<Node*> dead;  // to be pruned when no cursor is here
    unsigned cursors = 0;
    std::atomic<std::size_t> count = 0;  // written under the lock
    std::atomic<std::size_t> bytes = 0;
};

namespace {

std::uint64_t edge_of(const void* parent, std::string_view level) {
    static const std::uint64_t seed = hash_seed();
    return mix(hash_bytes(level, seed) ^ reinterpret_cast<std::uintptr_t>(parent),
               0x9E37'79B9'7F4A'7C15);
}

}  // namespace

RetainedStore::Node* RetainedStore::Partition::create(Node* parent, std::string_view level) {
    auto* node = ::new (slab.allocate(Node::bytes_for(level.size()))) Node;
    node->parent = parent;
    node->level_size = static_cast<std::uint16_t>(level.size());
    char* text = reinterpret_cast<char*>(node) + Node::text_at();
    if (!level.empty()) std::memcpy(text, level.data(), level.size());
    return node;
}

void RetainedStore::Partition::destroy(Node* node) {
    const std::size_t size = Node::bytes_for(node->level_size);
    node->~Node();
    slab.free(node, size);
}

RetainedStore::Node* RetainedStore::Partition::child(Node& parent, std::string_view level,
                                                     std::uint64_t edge) const {
    return edges.find(edge, [&](const Node& node) {
        return node.parent == &parent && is_same_text(node.level(), level);
    });
}

RetainedStore::Node* RetainedStore::Partition::child(Node& parent, std::string_view level) const {
    return child(parent, level, edge_of(&parent, level));
}

RetainedStore::Node* RetainedStore::Partition::node_of(std::string_view topic,
                                                       bool create_missing) {
    Node* node = root;
    std::string_view level;
    bool more = true;
    while (next_level(topic, level, more)) {
        const std::uint64_t edge = edge_of(node, level);
        Node* next = child(*node, level, edge);
        if (next == nullptr) {
            if (!create_missing) return nullptr;
            next = create(node, level);
            next->next = node->first_child;
            if (next->next != nullptr) next->next->previous = next;
            node->first_child = next;
            edges.insert(edge, *next);
        }
        node = next;
    }
    return node;
}

void RetainedStore::Partition::set(Node& node, core::MessageRef message) {
    if (node.message) {
        bytes -= node.message->size_bytes();
        sources.release(node.message->source());
    } else {
        ++count;
    }
    bytes += message->size_bytes();
    node.message = std::move(message);
}

void RetainedStore::Partition::remove(Node& node) {
    if (!node.message) return;
    --count;
    bytes -= node.message->size_bytes();
    sources.release(node.message->source());
    node.message = {};
    if (cursors == 0) return prune(&node);
    if (!node.awaits_pruning) dead.push_back(&node);
    node.awaits_pruning = true;
}

void RetainedStore::Partition::prune(Node* node) {
    while (node != root && !node->message && node->first_child == nullptr) {
        if (node->awaits_pruning) return;  // comes by itself
        Node* parent = node->parent;
        (node->previous ? node->previous->next : parent->first_child) = node->next;
        if (node->next != nullptr) node->next->previous = node->previous;
        edges.erase(edge_of(parent, node->level()), *node);
        destroy(node);
        node = parent;
    }
}

void RetainedStore::Partition::unpin() {
    if (--cursors != 0) return;
    for (std::size_t i = 0; i < dead.size(); ++i) {
        dead[i]->awaits_pruning = false;
        prune(dead[i]);
    }
    dead.clear();
}

RetainedStore::RetainedStore(unsigned partitions, std::size_t limit) : limit_(limit) {
    for (unsigned i = 0; i < partitions; ++i)
        partitions_.push_back(std::make_unique<Partition>(sources_));
}

RetainedStore::~RetainedStore() = default;

unsigned RetainedStore::partition_number(std::string_view topic) const {
    if (partitions_.size() == 1) return 0;
    return static_cast<unsigned>(hash_bytes(topic, hash_seed()) % partitions_.size());
}

RetainedStore::Partition& RetainedStore::partition_of(std::string_view topic) const {
    return *partitions_[partition_number(topic)];
}

core::MessageRef RetainedStore::copy_of(std::string_view topic,
                                        std::optional<KeptSource>& source) const {
    Partition& partition = partition_of(topic);
    const std::lock_guard lock(partition.mutex);
    const Node* node = partition.node_of(topic, false);
    if (node == nullptr || !node->message) return {};
    const core::Message& message = *node->message;
    if (message.source() != 0) source.emplace(sources_.at(message.source()));
    core::Message::Init init;
    init.topic = message.topic();
    init.properties = message.properties();
    init.payload = message.payload();
    init.qos = message.qos();
    init.retain = message.retain();
    init.expires_at = message.expires_at();
    init.publisher = message.publisher();
    return core::Message::create(init);
}

bool RetainedStore::store(const core::Message::Init& message, const Source* source) {
    Partition& partition = partition_of(message.topic);
    const bool full = limit_ != 0 && count() >= limit_;
    const std::lock_guard lock(partition.mutex);
    if (message.payload.empty()) {
        if (Node* node = partition.node_of(message.topic, false)) partition.remove(*node);
        return true;
    }
    if (full) {
        const Node* known = partition.node_of(message.topic, false);
        if (known == nullptr || !known->message) return false;
    }
    core::Message::Init init = message;
    if (source != nullptr) init.source = sources_.take(*source);
    partition.set(*partition.node_of(message.topic, true), core::Message::create(init));
    return true;
}

bool RetainedStore::remove_expired(std::string_view topic, TimePoint now) {
    Partition& partition = partition_of(topic);
    const std::lock_guard lock(partition.mutex);
    Node* node = partition.node_of(topic, false);
    if (node == nullptr || !node->message || !node->message->expired(now)) return false;
    partition.remove(*node);
    return true;
}

bool RetainedStore::has(std::string_view topic) const {
    Partition& partition = partition_of(topic);
    const std::lock_guard lock(partition.mutex);
    const Node* node = partition.node_of(topic, false);
    return node != nullptr && node->message;
}

std::size_t RetainedStore::count() const {
    std::size_t sum = 0;
    for (const auto& partition : partitions_)
        sum += partition->count;
    return sum;
}

std::size_t RetainedStore::size_bytes() const {
    std::size_t sum = 0;
    for (const auto& partition : partitions_)
        sum += partition->bytes;
    return sum;
}

RetainedStore::Cursor::Cursor(RetainedStore& store, std::string_view filter)
    : store_(store)
    , filter_(filter) {
    std::string_view rest = filter_;
    std::string_view level;
    bool more = true;
    while (next_level(rest, level, more))
        levels_.push_back(level);
    hash_at_ = levels_.back() == "#" ? levels_.size() - 1 : levels_.size();
}

RetainedStore::Cursor::Cursor(RetainedStore& store) : Cursor(store, "#") {
    sees_dollar_ = true;
}

RetainedStore::Cursor::~Cursor() {
    if (!begun_) return;
    Partition& partition = *store_.partitions_[partition_];
    const std::lock_guard lock(partition.mutex);
    partition.unpin();
}

bool RetainedStore::Cursor::run_erased(TimePoint now, bool (*take)(void*, const core::Message&),
                                       void* context) {
    while (partition_ < store_.partitions_.size()) {
        Partition& partition = *store_.partitions_[partition_];
        const std::lock_guard lock(partition.mutex);
        if (!run_partition(partition, now, take, context)) return false;
        partition.unpin();
        begun_ = false;
        ++partition_;
    }
    return true;
}

bool RetainedStore::Cursor::run_partition(Partition& partition, TimePoint now,
                                          bool (*take)(void*, const core::Message&),
                                          void* context) {
    if (!begun_) {
        begun_ = true;
        ++partition.cursors;
        node_ = partition.root;
        depth_ = 0;
    }
    for (; node_ != nullptr; step(partition)) {
        if (!node_->message || !is_hit()) continue;
        if (node_->message->expired(now)) continue;  // [MQTT-3.3.2-5]; RetainedSweep removes it
        if (!take(context, *node_->message)) return false;
    }
    return true;
}

bool RetainedStore::Cursor::is_hit() const {
    if (depth_ == 0) return false;
    return hash_at_ < levels_.size() ? depth_ >= hash_at_ : depth_ == levels_.size();
}

// Wildcards of the first level do not see topics that begin with $. [MQTT-4.7.2-1]
bool RetainedStore::Cursor::allows(const Node& node) const {
    return sees_dollar_ || node.parent->parent != nullptr || !node.level().starts_with('$') ||
           (levels_.front() != "+" && levels_.front() != "#");
}

RetainedStore::Node* RetainedStore::Cursor::first_allowed(Node* node) const {
    while (node != nullptr && !allows(*node))
        node = node->next;
    return node;
}

RetainedStore::Node* RetainedStore::Cursor::descend(Partition& partition) const {
    if (depth_ >= hash_at_ && hash_at_ < levels_.size()) return first_allowed(node_->first_child);
    if (depth_ >= levels_.size()) return nullptr;
    if (levels_[depth_] == "+") return first_allowed(node_->first_child);
    return partition.child(*node_, levels_[depth_]);
}

void RetainedStore::Cursor::step(Partition& partition) {
    if (Node* down = descend(partition)) {
        node_ = down;
        ++depth_;
        return;
    }
    next();
}

// The next sibling that the filter allows, here or further up.
void RetainedStore::Cursor::next() {
    while (depth_ > 0) {
        const std::size_t level = depth_ - 1;
        const bool wild = level >= hash_at_ || levels_[level] == "+";
        Node* sibling = wild ? first_allowed(node_->next) : nullptr;
        if (sibling != nullptr) {
            node_ = sibling;
            return;
        }
        node_ = node_->parent;
        --depth_;
    }
    node_ = nullptr;
}

}  // namespace mqtt::broker
