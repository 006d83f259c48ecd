// The queue and its threads.
#include "broker/login_office.hpp"

namespace mqtt::broker {

LoginOffice::Job::Job(const LoginRequest& request, std::function<void(ReasonCode)> when_done)
    : plain(request)
    , client_id(request.client_id)
    , user_name(request.user_name.value_or(std::string_view()))
    , address(request.peer_address)
    , password(request.password->begin(), request.password->end())
    , done(std::move(when_done)) {}

LoginRequest LoginOffice::Job::request() const {
    LoginRequest request = plain;
    request.client_id = client_id;
    if (request.user_name) request.user_name = user_name;
    request.password = Bytes(password);
    request.peer_address = address;
    return request;
}

void LoginOffice::start() {
    stopping_ = false;
    for (unsigned i = 0; i < config_.login_threads; ++i)
        threads_.emplace_back([this] { work(); });
}

void LoginOffice::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        jobs_.clear();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
    threads_.clear();
}

bool LoginOffice::submit(const LoginRequest& request, std::function<void(ReasonCode)> done) {
    {
        const std::lock_guard lock(mutex_);
        if (jobs_.size() >= config_.maximum_waiting_logins) return false;
        jobs_.emplace_back(request, std::move(done));
    }
    changed_.notify_one();
    return true;
}

void LoginOffice::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) return;
        const Job job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job.done(config_.authenticate(job.request()));
        lock.lock();
    }
}

}  // namespace mqtt::broker
