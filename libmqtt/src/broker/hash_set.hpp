// Open-addressing set of pointers with their hashes beside them: linear probing, no tombstones.
// Used for tree edges, sessions and cached matches; the objects themselves belong to others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace mqtt::broker {

template <class T>
class HashSet {
public:
    // The object with `hash` for which `equal(object)` holds; nullptr: none.
    template <class Equal>
    T* find(std::uint64_t hash, Equal&& equal) const {
        if (slots_.empty()) return nullptr;
        for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
            const Slot& slot = slots_[at];
            if (slot.object == nullptr) return nullptr;
            if (slot.hash == hash && equal(*slot.object)) return slot.object;
        }
    }

    // `object` is not in the set yet.
    void insert(std::uint64_t hash, T& object) {
        if ((count_ + 1) * 8 > slots_.size() * 7) resize(slots_.empty() ? 16 : slots_.size() * 2);
        place({hash, &object});
        ++count_;
    }

    void erase(std::uint64_t hash, const T& object) {
        if (slots_.empty()) return;
        std::size_t at = hash & mask();
        while (slots_[at].object != &object) {
            if (slots_[at].object == nullptr) return;
            at = (at + 1) & mask();
        }
        close_gap(at);
        --count_;
        if (slots_.size() > 1024 && count_ * 8 < slots_.size()) resize(slots_.size() / 2);
    }

    std::size_t count() const { return count_; }
    std::size_t memory_bytes() const { return slots_.size() * sizeof(Slot); }

    // `f(T&)` must not change the set.
    template <class F>
    void for_each(F&& f) const {
        for (const Slot& slot : slots_) {
            if (slot.object != nullptr) f(*slot.object);
        }
    }

private:
    struct Slot {
        std::uint64_t hash = 0;
        T* object = nullptr;
    };

    std::size_t mask() const { return slots_.size() - 1; }

    void place(Slot slot) {
        std::size_t at = slot.hash & mask();
        while (slots_[at].object != nullptr)
            at = (at + 1) & mask();
        slots_[at] = slot;
    }

    // Moves later members of the probe run down, so that no search ends too early.
    void close_gap(std::size_t gap) {
        for (std::size_t at = (gap + 1) & mask();; at = (at + 1) & mask()) {
            if (slots_[at].object == nullptr) break;
            const std::size_t home = slots_[at].hash & mask();
            if (((at - home) & mask()) < ((at - gap) & mask())) continue;
            slots_[gap] = slots_[at];
            gap = at;
        }
        slots_[gap] = Slot{};
    }

    void resize(std::size_t size) {
        std::vector<Slot> old(size);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.object != nullptr) place(slot);
        }
    }

    std::vector<Slot> slots_;
    std::size_t count_ = 0;
};

}  // namespace mqtt::broker
