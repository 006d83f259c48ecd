// Keeps some counted object alive without knowing its type: what OutBuffer stores beside the bytes
// that it references. Plain counts, one thread.
#pragma once

#include <utility>

namespace mqtt::base {

// Base of objects with a plain (single-thread) reference count. The derived class says how it is
// destroyed, so that it can live in one allocation with its bytes. (Message has a retain() of its
// own, hence the names here.)
class Counted {
public:
    void add_reference() noexcept { ++references_; }
    void drop_reference() noexcept {
        if (--references_ == 0) destroy();
    }
    unsigned references() const noexcept { return references_; }

protected:
    Counted() = default;
    ~Counted() = default;
    virtual void destroy() noexcept = 0;

private:
    unsigned references_ = 0;
};

// Intrusive pointer to a Counted object.
template <class T>
class Ref {
public:
    Ref() = default;
    explicit Ref(T* object) noexcept : object_(object) {
        if (object_) object_->add_reference();
    }
    Ref(const Ref& other) noexcept : Ref(other.object_) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <class U>
    Ref(const Ref<U>& other) noexcept : Ref(other.get()) {}
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_) object_->drop_reference();
    }
    T* get() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }

private:
    T* object_ = nullptr;
};

using KeepAliveRef = Ref<Counted>;

}  // namespace mqtt::base
