// Who may log in and who may use which topic, per listener, from password and ACL files. Replaced as a
// whole by a reload while the broker's threads ask, which costs them no lock and no count.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mqtt-broker-lite/conf.hpp"
#include "mqtt-broker-lite/published.hpp"
#include "mqtt/access.hpp"
#include "mqtt/broker.hpp"

namespace tools::broker_lite {

class Rights {
public:
    Rights() { users_.set(std::make_shared<const mqtt::PasswordFile>()); }
    // One per listener of the broker. Files that cannot be read or used are problems; then it is null.
    struct Gate;
    using Gates = std::shared_ptr<const std::vector<Gate>>;
    static Gates read(const std::vector<ConfAccess>& accesses, std::vector<ConfProblem>& problems);
    // These hold from now on. Not after install(), if they have the first access list: needs_restart().
    void use(Gates gates);
    // The running broker asks nobody about topics, and these would want to be asked.
    bool needs_restart(const Gates& gates) const;
    // Users beside those of the files, at every listener, as --user names them: name, file of the password. Throws
    // UsageError when one cannot be read.
    using Users = std::shared_ptr<const mqtt::PasswordFile>;
    static Users read_users(const std::vector<std::pair<std::string, std::string>>& files);
    void use(Users users);
    // Sets the callbacks; they refer to this object. Passwords are checked on `login_threads`, and
    // `remembered_logins` of them are remembered.
    void install(mqtt::BrokerConfig& config, unsigned login_threads, std::size_t remembered_logins);

private:
    mqtt::ReasonCode login(const mqtt::LoginRequest& request) const;
    std::optional<mqtt::ScramCredentials> scram_credentials(
        const mqtt::LoginRequest& request) const;
    bool may(const mqtt::AccessRequest& request) const;
    std::string explain(const mqtt::AccessRequest& request) const;

    Published<std::vector<Gate>> gates_;
    Published<mqtt::PasswordFile> users_;
    bool has_access_lists_ = false;
    bool has_passwords_ = false;
};

struct Rights::Gate {
    bool allow_anonymous = false;
    std::shared_ptr<const mqtt::PasswordFile> passwords;
    std::shared_ptr<const mqtt::AccessList> access_list;
    bool grants_all_subscriptions = false;
};

}  // namespace tools::broker_lite
