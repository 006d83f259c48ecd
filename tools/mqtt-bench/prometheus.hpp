// --prometheus: the figures of the run under way, as text that Prometheus reads, served by a small HTTP
// server on a thread of its own. The text is a function of plain data.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

// Counters since the start, gauges of the last second, histograms since the end of the warm-up.
std::string prometheus_text(const Result& result, const Second& second);

// The answer to one request.
std::string prometheus_answer(std::string_view request, std::string_view text);

class PrometheusServer {
public:
    // "[HOST]:PORT", port 0: the kernel chooses. Throws std::invalid_argument with a sentence.
    explicit PrometheusServer(const std::string& address);
    ~PrometheusServer();
    PrometheusServer(const PrometheusServer&) = delete;
    PrometheusServer& operator=(const PrometheusServer&) = delete;

    const std::string& bound() const { return bound_; }  // "127.0.0.1:9090"
    void set(std::string text);

private:
    void serve();
    void answer(int connection);

    int listener_ = -1;
    std::string bound_;
    std::mutex mutex_;
    std::string text_ = "# nothing is connected yet\n";
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

}  // namespace mqtt::bench
