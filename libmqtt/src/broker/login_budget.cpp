// Waiting for what was used.
#include "broker/login_budget.hpp"

#include <algorithm>

namespace mqtt::broker {

void LoginBudget::look(TimePoint now, Duration used) {
    const Duration passed = now - looked_;
    if (passed < kLook) return;
    busy_ = std::clamp(std::chrono::duration<double>(used - used_) / passed, kLeastBusy, 1.0);
    looked_ = now;
    used_ = used;
}

void LoginBudget::charge(Account account, Duration cost, TimePoint now, Duration used) {
    look(now, used);
    const Duration least = cost * (kMostShare - 1);
    const auto wanted = std::chrono::duration_cast<Duration>(cost * (kShare - 1) / busy_);
    TimePoint& paid_until = paid_until_[account];
    paid_until = std::max(paid_until, now) +
                 std::max<Duration>(least, std::min<Duration>(wanted, kPatience));
}

}  // namespace mqtt::broker
