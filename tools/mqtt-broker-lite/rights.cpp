// See rights.hpp.
#include "mqtt-broker-lite/rights.hpp"

#include <map>

namespace tools::broker_lite {
namespace {

// A file that several listeners name is read once.
template <class File>
std::shared_ptr<const File> load_once(std::map<std::string, std::shared_ptr<const File>>& loaded,
                                      const std::string& path, std::vector<ConfProblem>& problems) {
    if (path.empty()) return nullptr;
    if (const auto found = loaded.find(path); found != loaded.end()) return found->second;
    auto file = std::make_shared<File>();
    if (const mqtt::FileError error = file->load(path)) problems.push_back({true, error.text});
    return loaded[path] = std::move(file);
}

}  // namespace

bool Rights::load(const std::vector<ConfAccess>& accesses, std::vector<ConfProblem>& problems) {
    std::map<std::string, std::shared_ptr<const mqtt::PasswordFile>> passwords;
    std::map<std::string, std::shared_ptr<const mqtt::AccessList>> lists;
    auto gates = std::make_shared<Gates>();
    const std::size_t before = problems.size();
    for (const ConfAccess& access : accesses) {
        Gate& gate = gates->emplace_back();
        gate.allow_anonymous = access.allow_anonymous.value_or(false);
        gate.passwords = load_once(passwords, access.password_file, problems);
        gate.access_list = load_once(lists, access.acl_file, problems);
    }
    if (problems.size() != before) return false;
    has_passwords_ = has_passwords_ || !passwords.empty();
    has_access_lists_ = has_access_lists_ || !lists.empty();
    gates_.store(std::move(gates));
    return true;
}

void Rights::install(mqtt::BrokerConfig& config, unsigned login_threads) {
    if (has_passwords_) config.login_threads = login_threads;
    config.authenticate = [this](const mqtt::LoginRequest& request) { return login(request); };
    if (has_access_lists_) {
        config.authorize = [this](const mqtt::AccessRequest& request) { return may(request); };
    }
}

mqtt::ReasonCode Rights::login(const mqtt::LoginRequest& request) const {
    const std::shared_ptr<const Gates> gates = gates_.load();
    const Gate& gate = gates->at(request.listener);
    const auto said = [](bool yes) {
        return yes ? mqtt::ReasonCode::success : mqtt::ReasonCode::not_authorized;
    };
    if (request.is_identified) return said(true);
    if (!request.user_name || !gate.passwords) return said(gate.allow_anonymous);
    return said(request.password && gate.passwords->check(*request.user_name, *request.password));
}

bool Rights::may(const mqtt::AccessRequest& request) const {
    const std::shared_ptr<const Gates> gates = gates_.load();
    const Gate& gate = gates->at(request.listener);
    return !gate.access_list || gate.access_list->allows(request);
}

}  // namespace tools::broker_lite
