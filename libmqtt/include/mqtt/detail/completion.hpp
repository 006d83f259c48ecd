// A completion handler of any type behind one pointer: what lets Client's operations be templates
// in the header and ordinary code in the library. Part of client.hpp; not for other use.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <functional>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

namespace mqtt::detail {

// Type-erased handler of `void(std::error_code, Result...)`. Completing posts to the handler's own
// executor: never inline, so a handler may destroy the client.
template <class... Results>
class Completion {
public:
    virtual ~Completion() = default;
    // At most once; the object is spent afterwards.
    virtual void complete(std::error_code error, Results... results) = 0;
    // Calls `cancel` when the caller cancels the operation (asio::cancellation_signal).
    virtual void on_cancel(std::function<void()> cancel) = 0;
};

template <class... Results>
using CompletionPtr = std::unique_ptr<Completion<Results...>>;

template <class Handler, class... Results>
class CompletionOf final : public Completion<Results...> {
public:
    CompletionOf(Handler handler, asio::io_context& context)
        : work_(asio::get_associated_executor(handler, context.get_executor()))
        , handler_(std::move(handler)) {}

    void complete(std::error_code error, Results... results) override {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.clear();
        auto executor = work_.get_executor();
        asio::post(executor, [handler = std::move(handler_), error,
                              values = std::tuple<Results...>(std::move(results)...)]() mutable {
            std::apply([&](auto&... value) { handler(error, std::move(value)...); }, values);
        });
        work_.reset();
    }

    void on_cancel(std::function<void()> cancel) override {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return;
        slot.assign([cancel = std::move(cancel)](asio::cancellation_type) { cancel(); });
    }

private:
    using Executor = asio::associated_executor_t<Handler, asio::io_context::executor_type>;
    asio::executor_work_guard<Executor> work_;
    Handler handler_;
};

template <class... Results, class Handler>
CompletionPtr<Results...> make_completion(Handler&& handler, asio::io_context& context) {
    using Decayed = std::decay_t<Handler>;
    return std::make_unique<CompletionOf<Decayed, Results...>>(std::forward<Handler>(handler),
                                                               context);
}

}  // namespace mqtt::detail
