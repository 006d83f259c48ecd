// The queues, their order and the threads.
#include "broker/login_office.hpp"

#include <ctime>

namespace mqtt::broker {
namespace {

// Of one core, for passwords that turn out wrong: a twentieth, with a second in advance.
constexpr int kShare = 20;
constexpr std::chrono::seconds kAdvance{1};

Duration thread_cpu() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

LoginOffice::Job::Job(const LoginRequest& request, std::function<void(ReasonCode)> when_done)
    : plain(request)
    , client_id(request.client_id)
    , user_name(request.user_name.value_or(std::string_view()))
    , address(request.peer_address)
    , password(request.password->begin(), request.password->end())
    , done(std::move(when_done))
    , source(LoginGuard::source_of(address, user_name)) {}

LoginRequest LoginOffice::Job::request() const {
    LoginRequest request = plain;
    request.client_id = client_id;
    if (request.user_name) request.user_name = user_name;
    request.password = Bytes(password);
    request.peer_address = address;
    return request;
}

void LoginOffice::Lanes::add(Job job) {
    const std::uint64_t key = job.source.address ^ job.source.user;
    std::deque<Job>& lane = lanes_[key];
    if (lane.empty()) turns_.push_back(key);
    lane.push_back(std::move(job));
    ++size_;
}

LoginOffice::Job LoginOffice::Lanes::take() {
    const std::uint64_t key = turns_.front();
    turns_.pop_front();
    const auto lane = lanes_.find(key);
    Job job = std::move(lane->second.front());
    lane->second.pop_front();
    --size_;
    if (lane->second.empty())
        lanes_.erase(lane);
    else
        turns_.push_back(key);
    return job;
}

void LoginOffice::Lanes::clear() {
    lanes_.clear();
    turns_.clear();
    size_ = 0;
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
        suspects_.clear();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
    threads_.clear();
}

LoginOffice::Taken LoginOffice::submit(const LoginRequest& request, TimePoint deadline,
                                       ReasonCode& verdict, std::function<void(ReasonCode)> done) {
    Job job(request, std::move(done));
    if (config_.remembered_logins != 0) {
        job.key = memory_.key_of(request);
        if (const auto known = memory_.recall(job.key)) {
            verdict = *known;
            return Taken::known;
        }
    }
    job.expires = deadline;
    {
        const std::lock_guard lock(mutex_);
        if (jobs_.size() + suspects_.size() >= config_.maximum_waiting_logins) return Taken::full;
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
    return Taken::waits;
}

// Whose turn it is; nothing: nobody's before paid_until_, if somebody waits at all.
std::optional<LoginOffice::Job> LoginOffice::next(TimePoint now, bool& is_suspect) {
    is_suspect = false;
    while (!jobs_.empty()) {
        Job job = std::move(jobs_.front());
        jobs_.pop_front();
        const bool is_clean = paid_until_ <= now + kAdvance && !guard.is_suspect(job.source, now);
        if (is_clean) return job;
        suspects_.add(std::move(job));
    }
    if (suspects_.empty() || checks_suspect_ || now < paid_until_) return std::nullopt;
    is_suspect = true;
    return suspects_.take();
}

void LoginOffice::work() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        bool is_suspect = false;
        const TimePoint now = Clock::now();
        const std::optional<Job> job = next(now, is_suspect);
        if (!job) {
            if (suspects_.empty() || checks_suspect_)
                changed_.wait(lock);
            else
                changed_.wait_until(lock, paid_until_);
            continue;
        }
        checks_suspect_ = checks_suspect_ || is_suspect;
        lock.unlock();
        const Duration before = thread_cpu();
        // Whom nobody waits for any more costs nothing.
        const ReasonCode verdict = now < job->expires ? check(*job) : ReasonCode::server_busy;
        const Duration used = thread_cpu() - before;
        job->done(verdict);
        lock.lock();
        if (is_error(verdict)) charge(used);
        if (is_suspect) checks_suspect_ = false;
        if (is_suspect && !suspects_.empty()) changed_.notify_one();
    }
}

ReasonCode LoginOffice::check(const Job& job) {
    const std::uint64_t generation = memory_.generation();
    const ReasonCode verdict = config_.authenticate(job.request());
    if (config_.remembered_logins != 0) memory_.remember(job.key, verdict, generation);
    return verdict;
}

void LoginOffice::charge(Duration cpu) {
    paid_until_ = std::max(paid_until_, Clock::now()) + cpu * (kShare - 1);
}

}  // namespace mqtt::broker
