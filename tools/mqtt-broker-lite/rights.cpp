// See rights.hpp.
#include "mqtt-broker-lite/rights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "mqtt-broker-lite/options.hpp"

namespace tools::broker_lite {
namespace {

// A file that several listeners name is read once.
template <class File>
std::shared_ptr<const File> load_once(std::map<std::string, std::shared_ptr<const File>>& loaded,
                                      std::string_view key, const std::string& path,
                                      const ConfPlaces& places, std::string_view remedy,
                                      std::vector<ConfProblem>& problems) {
    if (path.empty()) return nullptr;
    if (const auto found = loaded.find(path); found != loaded.end()) return found->second;
    auto file = std::make_shared<File>();
    if (const mqtt::FileError error = file->load(path)) {
        const std::string place = places.of(key);
        const bool is_unreadable = error.text == path + ": cannot be read";
        problems.push_back({true, fmt::format("{}{}{}: {}{}", place, place.empty() ? "" : ": ", key,
                                              error.text, is_unreadable ? remedy : "")});
    }
    return loaded[path] = std::move(file);
}

}  // namespace

Rights::Gates Rights::read(const std::vector<ConfAccess>& accesses,
                           std::vector<ConfProblem>& problems) {
    std::map<std::string, std::shared_ptr<const mqtt::PasswordFile>> passwords;
    std::map<std::string, std::shared_ptr<const mqtt::AccessList>> lists;
    auto gates = std::make_shared<std::vector<Gate>>();
    const std::size_t before = problems.size();
    for (const ConfAccess& access : accesses) {
        Gate& gate = gates->emplace_back();
        gate.allow_anonymous = access.allow_anonymous.value_or(false);
        gate.passwords = load_once(passwords, "password_file", access.password_file, access.places,
                                   " (mqtt-broker-lite passwd -c FILE USER makes one)", problems);
        gate.access_list = load_once(lists, "acl_file", access.acl_file, access.places,
                                     " (its user must be able to read it)", problems);
        gate.grants_all_subscriptions = access.grants_all_subscriptions;
    }
    return problems.size() == before ? std::move(gates) : nullptr;
}

void Rights::use(Gates gates) {
    for (const Gate& gate : *gates) {
        has_passwords_ = has_passwords_ || gate.passwords != nullptr;
        has_access_lists_ = has_access_lists_ || gate.access_list != nullptr;
    }
    gates_.set(std::move(gates));
}

bool Rights::needs_restart(const Gates& gates) const {
    const auto has_list = [](const Gate& gate) { return gate.access_list != nullptr; };
    return !has_access_lists_ && std::any_of(gates->begin(), gates->end(), has_list);
}

Rights::Users Rights::read_users(const std::vector<std::pair<std::string, std::string>>& files) {
    auto users = std::make_shared<mqtt::PasswordFile>();
    for (const auto& [name, path] : files)
        users->set(name, mqtt::as_bytes(read_password(name, path)));
    return users;
}

void Rights::use(Users users) {
    has_passwords_ = has_passwords_ || users->size() != 0;
    users_.set(std::move(users));
}

void Rights::install(mqtt::BrokerConfig& config, unsigned login_threads,
                     std::size_t remembered_logins) {
    config.login_threads = login_threads;  // a reload may bring the first passwords
    config.remembered_logins = remembered_logins;
    if (has_passwords_) {
        config.scram_credentials = [this](const mqtt::LoginRequest& request) {
            return scram_credentials(request);
        };
    }
    config.authenticate = [this](const mqtt::LoginRequest& request) { return login(request); };
    if (has_access_lists_) {
        config.authorize = [this](const mqtt::AccessRequest& request) { return may(request); };
        config.explain_authorize = [this](const mqtt::AccessRequest& request) {
            return explain(request);
        };
    }
}

mqtt::ReasonCode Rights::login(const mqtt::LoginRequest& request) const {
    const Gate& gate = gates_.look().at(request.listener);
    const auto said = [](bool yes) {
        return yes ? mqtt::ReasonCode::success : mqtt::ReasonCode::not_authorized;
    };
    if (request.is_identified) return said(true);
    const mqtt::PasswordFile& users = users_.look();
    if (request.user_name && users.has_user(*request.user_name)) {
        return said(request.password && users.check(*request.user_name, *request.password));
    }
    if (!request.user_name || !gate.passwords) return said(gate.allow_anonymous);
    return said(request.password && gate.passwords->check(*request.user_name, *request.password));
}

std::optional<mqtt::ScramCredentials> Rights::scram_credentials(
    const mqtt::LoginRequest& request) const {
    const Gate& gate = gates_.look().at(request.listener);
    if (!gate.passwords || !request.user_name) return std::nullopt;
    return gate.passwords->scram(*request.user_name);
}

bool Rights::may(const mqtt::AccessRequest& request) const {
    const Gate& gate = gates_.look().at(request.listener);
    if (request.access == mqtt::Access::subscribe && gate.grants_all_subscriptions) return true;
    return !gate.access_list || gate.access_list->allows(request);
}

std::string Rights::explain(const mqtt::AccessRequest& request) const {
    const Gate& gate = gates_.look().at(request.listener);
    return gate.access_list ? gate.access_list->explain(request) : std::string();
}

}  // namespace tools::broker_lite
