// See command_pool.hpp.
#include "mqtt-sub/command/command_pool.hpp"

#include <asio/post.hpp>
#include <system_error>

namespace mqtt_sub {
namespace {

constexpr std::size_t kLargestOutput = 256 * 1024 * 1024;  // about what a message can hold

}  // namespace

CommandPool::CommandPool(asio::io_context& context, std::string command, std::size_t jobs,
                         bool captures_output)
    : context_(context)
    , command_(std::move(command))
    , jobs_(jobs)
    , captures_output_(captures_output)
    , reaper_(context) {}

void CommandPool::run(CommandInput input, Done done) {
    waiting_.push_back(std::make_shared<Job>(Job{std::move(input), std::move(done), -1, {}, 1}));
    start_next();
}

void CommandPool::start_next() {
    while (running_ < jobs_ && !waiting_.empty()) {
        const std::shared_ptr<Job> job = std::move(waiting_.front());
        waiting_.pop_front();
        ++running_;
        start(job);
    }
}

void CommandPool::start(const std::shared_ptr<Job>& job) {
    ChildPipes child;
    try {
        child = start_child(command_, job->input.environment, captures_output_, job->input.payload);
    } catch (const std::system_error& error) {
        job->output = error.what();
        // Not from inside run().
        asio::post(context_, [this, job] { part_done(job); });
        return;
    }
    reaper_.watch(child.pid, [this, job](int status) {
        job->status = status;
        part_done(job);
    });
    job->input.payload.erase(0, child.given);
    std::make_shared<ChildWriter>(context_, child.input)
        ->write_and_close(std::move(job->input.payload));
    if (!captures_output_) return;
    ++job->parts_left;
    std::make_shared<ChildReader>(context_, child.output, kLargestOutput)
        ->read_all([this, job](std::string output) {
            job->output = std::move(output);
            part_done(job);
        });
}

void CommandPool::part_done(const std::shared_ptr<Job>& job) {
    if (--job->parts_left > 0) return;
    --running_;
    job->done(job->status, std::move(job->output));
    start_next();
}

}  // namespace mqtt_sub
