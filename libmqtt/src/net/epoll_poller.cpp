// The epoll set. Its own descriptors (wake-up, alarm) carry no watcher; being edge-triggered they
// are never read.
#include "net/epoll_poller.hpp"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/assert.hpp"

namespace mqtt::net {

namespace {

constexpr std::uint32_t kRead = EPOLLIN | EPOLLRDHUP | EPOLLET;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

Ready to_ready(std::uint32_t events) {
    Ready ready;
    ready.ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    ready.readable = ready.ended || (events & EPOLLIN) != 0;
    ready.writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    return ready;
}

}  // namespace

EpollPoller::EpollPoller() {
    epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    wake_ = checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
    alarm_ =
        checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
    add_own(wake_);
    add_own(alarm_);
}

EpollPoller::~EpollPoller() {
    ::close(alarm_);
    ::close(wake_);
    ::close(epoll_);
}

void EpollPoller::add_own(int descriptor) {
    epoll_event event{};
    event.events = kRead;
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

void EpollPoller::watch(int descriptor, Watcher& watcher) {
    epoll_event event{};
    event.events = kRead;
    event.data.ptr = &watcher;
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
    const auto index = static_cast<std::size_t>(descriptor);
    if (index >= writable_wanted_.size()) writable_wanted_.resize(index + 1);
    writable_wanted_[index] = false;
}

void EpollPoller::want_writable(int descriptor, Watcher& watcher) {
    // Once armed it stays: a TCP socket reports writability only after it has refused a write.
    const auto index = static_cast<std::size_t>(descriptor);
    if (writable_wanted_[index]) return;
    writable_wanted_[index] = true;
    epoll_event event{};
    event.events = kRead | EPOLLOUT;
    event.data.ptr = &watcher;
    checked(::epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event), "epoll_ctl");
}

void EpollPoller::unwatch(int descriptor, Watcher& watcher) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    for (int i = next_; i < count_; ++i) {
        epoll_event& event = events_[static_cast<std::size_t>(i)];
        if (event.data.ptr == &watcher) event.data.ptr = nullptr;
    }
}

void EpollPoller::wait(TimePoint due) {
    timespec left{};
    if (due > TimePoint::min() && due < TimePoint::max()) {
        const auto ns = std::max(due - Clock::now(), Duration::zero()).count();
        left.tv_sec = ns / 1'000'000'000;
        left.tv_nsec = ns % 1'000'000'000;
    }
    next_ = 0;
    count_ = wait_for_events(due == TimePoint::max() ? nullptr : &left);
    MQTT_ASSERT(count_ >= 0 || errno == EINTR);
    if (count_ < 0) count_ = 0;
}

// Linux before 5.11, and sandboxes that do not know the newer call, count in milliseconds.
int EpollPoller::wait_for_events(const timespec* left) {
    const int room = static_cast<int>(events_.size());
    if (has_pwait2_) {
        const int count = ::epoll_pwait2(epoll_, events_.data(), room, left, nullptr);
        has_pwait2_ = count >= 0 || (errno != ENOSYS && errno != EPERM);
        if (has_pwait2_) return count;
    }
    constexpr time_t kLongest = 24 * 3600;  // then the turn finds nothing and waits again
    if (left == nullptr) return ::epoll_wait(epoll_, events_.data(), room, -1);
    const auto milliseconds =
        std::min(left->tv_sec, kLongest) * 1000 + (left->tv_nsec + 999'999) / 1'000'000;
    return ::epoll_wait(epoll_, events_.data(), room, static_cast<int>(milliseconds));
}

void EpollPoller::dispatch() {
    while (next_ < count_) {
        const epoll_event event = events_[static_cast<std::size_t>(next_++)];
        auto* watcher = static_cast<Watcher*>(event.data.ptr);
        if (watcher) watcher->on_ready(to_ready(event.events));
    }
}

void EpollPoller::set_alarm(TimePoint due) {
    if (due == alarm_due_) return;
    alarm_due_ = due;
    itimerspec spec{};
    if (due != TimePoint::max()) {
        const auto since_boot = std::chrono::nanoseconds(due.time_since_epoch()).count();
        spec.it_value.tv_sec = since_boot / 1'000'000'000;
        spec.it_value.tv_nsec = since_boot % 1'000'000'000;
    }
    ::timerfd_settime(alarm_, TFD_TIMER_ABSTIME, &spec, nullptr);
}

void EpollPoller::wake() {
    const std::uint64_t one = 1;
    // Cannot fail but by overflow of a 64-bit count, and then a wake-up is pending anyway.
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

}  // namespace mqtt::net
