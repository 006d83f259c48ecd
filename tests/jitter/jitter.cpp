// A library to be loaded before others (LD_PRELOAD): holds up threads at their start and system calls before they are made, at
// random, so that races come in minutes which else come once in hundreds of runs. Used by scripts/jitter alone.
//   MQTT_JITTER   how many of a thousand calls are held up [20]
#include <dlfcn.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>

namespace {

constexpr unsigned kShortUs = 4'000;
constexpr unsigned kLongUs = 60'000;
constexpr unsigned kThreadUs = 20'000;

unsigned below(unsigned bound) {
    thread_local std::minstd_rand random(std::random_device{}());
    return static_cast<unsigned>(random()) % bound;
}

void nap(unsigned microseconds) {
    const int before = errno;
    const timespec time{0, static_cast<long>(microseconds) * 1000};
    ::nanosleep(&time, nullptr);
    errno = before;
}

void hold_up() {
    static const unsigned per_mille = [] {
        const char* text = std::getenv("MQTT_JITTER");
        return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : 20U;
    }();
    if (below(1'000) < per_mille) nap(below(kShortUs));
    if (below(20'000) < per_mille) nap(below(kLongUs));
}

template <class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

struct Start {
    void* (*function)(void*);
    void* argument;
};

void* begin(void* start) {
    const std::unique_ptr<Start> own(static_cast<Start*>(start));
    if (below(3) == 0) nap(below(kThreadUs));
    return own->function(own->argument);
}

}  // namespace

// What is held up: the calls by which threads wait, read, write and make things durable.
#define MQTT_HELD_UP(result, name, parameters, arguments)           \
    extern "C" result name parameters {                             \
        static const auto next = real<result(*) parameters>(#name); \
        hold_up();                                                  \
        return next arguments;                                      \
    }

MQTT_HELD_UP(int, epoll_wait, (int fd, epoll_event* events, int most, int timeout),
             (fd, events, most, timeout))
MQTT_HELD_UP(int, epoll_pwait2,
             (int fd, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask),
             (fd, events, most, timeout, mask))
MQTT_HELD_UP(ssize_t, send, (int fd, const void* data, size_t size, int flags),
             (fd, data, size, flags))
MQTT_HELD_UP(ssize_t, recv, (int fd, void* data, size_t size, int flags), (fd, data, size, flags))
MQTT_HELD_UP(ssize_t, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags))
MQTT_HELD_UP(ssize_t, recvmsg, (int fd, msghdr* message, int flags), (fd, message, flags))
MQTT_HELD_UP(ssize_t, writev, (int fd, const iovec* parts, int count), (fd, parts, count))
MQTT_HELD_UP(ssize_t, readv, (int fd, const iovec* parts, int count), (fd, parts, count))
MQTT_HELD_UP(ssize_t, write, (int fd, const void* data, size_t size), (fd, data, size))
MQTT_HELD_UP(int, fdatasync, (int fd), (fd))

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*function)(void*), void* argument) {
    static const auto next =
        real<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
    return next(thread, attributes, begin, new Start{function, argument});
}
