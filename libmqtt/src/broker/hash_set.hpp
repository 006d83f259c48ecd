// Open-addressing set of pointers with 32 bits of their hashes beside them: linear probing, no tombstones.
// Used for tree edges, sessions and cached matches; the objects themselves belong to others.
//
// A large set is many small tables, chosen by the hash's upper bits, which grow one at a time: with ten
// million entries the longest insertion moves some 40,000 of them, not all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace mqtt::broker {

template <class T>
class HashSet {
public:
    // The object with `hash` for which `equal(object)` holds; nullptr: none.
    template <class Equal>
    T* find(std::uint64_t hash, Equal&& equal) const {
        const auto short_hash = static_cast<std::uint32_t>(hash);
        const Table& table = table_of(short_hash);
        if (table.slots.empty()) return nullptr;
        for (std::size_t at = short_hash & table.mask();; at = (at + 1) & table.mask()) {
            const Slot& slot = table.slots[at];
            T* object = slot.object();
            if (object == nullptr) return nullptr;
            if (slot.hash == short_hash && equal(*object)) return object;
        }
    }

    // `object` is not in the set yet.
    void insert(std::uint64_t hash, T& object) {
        const auto short_hash = static_cast<std::uint32_t>(hash);
        if (tables_.size() == 1 && count_ == kSplitAt) split();
        Table& table = table_of(short_hash);
        if ((table.count + 1) * 8 > table.slots.size() * 7) {
            table.resize(table.slots.empty() ? 16 : table.slots.size() * 2);
        }
        table.place(Slot(short_hash, object));
        ++table.count;
        ++count_;
    }

    void erase(std::uint64_t hash, const T& object) {
        const auto short_hash = static_cast<std::uint32_t>(hash);
        Table& table = table_of(short_hash);
        if (table.slots.empty()) return;
        std::size_t at = short_hash & table.mask();
        for (const T* found; (found = table.slots[at].object()) != &object;) {
            if (found == nullptr) return;
            at = (at + 1) & table.mask();
        }
        table.close_gap(at);
        --table.count;
        --count_;
        if (table.slots.size() > 1024 && table.count * 8 < table.slots.size()) {
            table.resize(table.slots.size() / 2);
        }
    }

    std::size_t count() const { return count_; }
    std::size_t memory_bytes() const {
        std::size_t slots = 0;
        for (const Table& table : tables_)
            slots += table.slots.size();
        return slots * sizeof(Slot);
    }

    // `f(T&)` must not change the set.
    template <class F>
    void for_each(F&& f) const {
        for (const Table& table : tables_) {
            for (const Slot& slot : table.slots) {
                if (T* object = slot.object()) f(*object);
            }
        }
    }

private:
    // The pointer as bytes: 12 of them in all.
    struct Slot {
        Slot() = default;
        Slot(std::uint32_t h, T& object) : hash(h) {
            T* pointer = &object;
            std::memcpy(bytes, &pointer, sizeof pointer);
        }
        T* object() const {
            T* pointer;
            std::memcpy(&pointer, bytes, sizeof pointer);
            return pointer;
        }
        std::uint32_t hash = 0;
        alignas(4) unsigned char bytes[sizeof(T*)] = {};
    };
    static_assert(sizeof(Slot) == 4 + sizeof(T*));

    struct Table {
        std::vector<Slot> slots;
        std::size_t count = 0;

        std::size_t mask() const { return slots.size() - 1; }

        void place(const Slot& slot) {
            std::size_t at = slot.hash & mask();
            while (slots[at].object() != nullptr)
                at = (at + 1) & mask();
            slots[at] = slot;
        }

        // Moves later members of the probe run down, so that no search ends too early.
        void close_gap(std::size_t gap) {
            for (std::size_t at = (gap + 1) & mask();; at = (at + 1) & mask()) {
                if (slots[at].object() == nullptr) break;
                const std::size_t home = slots[at].hash & mask();
                if (((at - home) & mask()) < ((at - gap) & mask())) continue;
                slots[gap] = slots[at];
                gap = at;
            }
            slots[gap] = Slot();
        }

        void resize(std::size_t size) {
            std::vector<Slot> old(size);
            old.swap(slots);
            for (const Slot& slot : old) {
                if (slot.object() != nullptr) place(slot);
            }
        }
    };

    static constexpr unsigned kTableBits = 8;  // places within a table come from the bits below
    static constexpr std::size_t kSplitAt = 28'672;  // entries: seven eighths of a table

    const Table& table_of(std::uint32_t hash) const {
        return tables_[tables_.size() == 1 ? 0 : hash >> (32 - kTableBits)];
    }
    Table& table_of(std::uint32_t hash) {
        return const_cast<Table&>(std::as_const(*this).table_of(hash));
    }

    void split() {
        std::vector<Table> one(std::size_t{1} << kTableBits);
        one.swap(tables_);
        for (Table& table : tables_)
            table.resize(256);
        for (const Slot& slot : one.front().slots) {
            if (slot.object() == nullptr) continue;
            Table& table = table_of(slot.hash);
            if ((table.count + 1) * 8 > table.slots.size() * 7)
                table.resize(table.slots.size() * 2);
            table.place(slot);
            ++table.count;
        }
    }

    std::vector<Table> tables_ = std::vector<Table>(1);
    std::size_t count_ = 0;
};

}  // namespace mqtt::broker
