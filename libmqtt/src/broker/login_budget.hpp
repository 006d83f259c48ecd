// What failed logins may cost: a hundredth of the CPU time that the broker uses (costly hashes a fortieth), so that guessing passwords takes as little
// from a broker that half a core keeps busy as from one that needs a whole. For suspects and for all others on an account
// of their own, so that others need not wait for what suspects owe. Used by LoginOffice under its lock. Reads no clock.
#pragma once

#include <chrono>

#include "mqtt/types.hpp"

namespace mqtt::broker {

class LoginBudget {
public:
    enum Account : int { others, suspects };

    // A check that took `cost` of CPU time has failed; the process has used `used` since its start.
    void charge(Account account, Duration cost, TimePoint now, Duration used);
    // From then on what has been charged is paid for.
    TimePoint paid_until(Account account) const { return paid_until_[account]; }

private:
    void look(TimePoint now, Duration used);

    double busy_ = kLeastBusy;  // of one core, lately
    TimePoint looked_{};
    Duration used_{};
    TimePoint paid_until_[2]{};

    static constexpr int kShare = 100;
    // But nobody waits longer than kPatience for more than this share of a core: who has the right password may stand
    // behind many that are wrong. A broker that has nothing to do counts as a little busy.
    static constexpr int kMostShare = 40;
    static constexpr std::chrono::milliseconds kPatience{150};
    static constexpr double kLeastBusy = 0.1;
    static constexpr std::chrono::milliseconds kLook{100};
};

}  // namespace mqtt::broker
