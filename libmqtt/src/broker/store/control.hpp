// The broker's side and the asker's side of the control socket beside a store: one request per connection,
// a line, and its answer, lines of which the last says "ok" or "error SENTENCE". Requests: "backup PATH"
// (absolute) and "figures". For the broker's own user: mode 0600. Has a thread, which waits most of the
// time; nothing of it is on a message's path.
#pragma once

#include <string>
#include <thread>

#include "broker/store/writer.hpp"

namespace mqtt::broker::store {

class Control {
public:
    explicit Control(Writer& writer) : writer_(writer) {}
    ~Control() { stop(); }
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    // The store is locked by this process, so a socket that is there already is left over. The text says
    // why there is no control socket; empty: there is one.
    std::string start(const std::string& path);
    void stop();

private:
    void run();
    void serve(int connection);
    std::string answer(const std::string& request);
    std::string back_up(const std::string& to);

    Writer& writer_;
    std::string path_;
    int listener_ = -1;
    int stopping_[2] = {-1, -1};  // a pipe that ends the thread
    std::thread thread_;
};

// Asks the broker that listens there. False: nobody does, or the answer is an error; `text` has it, or what was
// answered.
bool ask_broker(const std::string& path, const std::string& request, std::string& text);

}  // namespace mqtt::broker::store
