// Takes the terminal for a full-screen view and gives it back on every way out: leave(), the end of the
// object, exit(), a crash. Used by live_top. Writes no content.
#pragma once

namespace mqtt_sub {

class TerminalSession {
public:
    // `output` and `input` are terminals. One session at a time.
    TerminalSession(int output, int input) : output_(output), input_(input) {}
    ~TerminalSession() { leave(); }
    TerminalSession(const TerminalSession&) = delete;
    TerminalSession& operator=(const TerminalSession&) = delete;

    // The other screen, no cursor, no wrapping, keys one by one without echo; signals of the keyboard stay.
    void enter();
    // Everything as it was. May be called twice.
    void leave();

private:
    int output_;
    int input_;
};

}  // namespace mqtt_sub
