// The groups of a scenario, and one run made of them.
#include <fmt/format.h>

#include <cmath>

#include "mqtt-bench/scenario_keys.hpp"

namespace mqtt::bench {

using tools::FlagUse;
using tools::UsageError;

std::uint32_t scaled(std::uint32_t count, double scale) {
    return std::max(1u, static_cast<std::uint32_t>(std::lround(count * scale)));
}

namespace {

void scale_traffic(Traffic& t, double scale) {
    if (scale == 1) return;
    t.rate *= scale;
    t.connect_rate *= scale;
    if (t.topics != 0) t.topics = scaled(t.topics, scale);
    if (t.limit != 0) {
        t.limit = std::max<std::uint64_t>(
            1, static_cast<std::uint64_t>(std::llround(static_cast<double>(t.limit) * scale)));
    }
    for (RateProfile::Piece& piece : t.steps) {
        piece.from *= scale;
        piece.to *= scale;
    }
}

Role to_role(const TomlFile& file, const TomlEntry& entry) {
    std::vector<std::string_view> names;
    for (const Role role : {Role::pub, Role::sub, Role::both, Role::idle, Role::answer}) {
        if (entry.values[0] == role_name(role)) return role;
        names.push_back(role_name(role));
    }
    throw TomlError(file, entry.line,
                    fmt::format("role '{}' is not known; choose from pub sub both idle answer",
                                entry.values[0]));
}

class Maker {
public:
    Maker(const TomlFile& file, double scale, std::span<const FlagUse> uses)
        : file_(file)
        , scale_(scale)
        , uses_(uses) {}

    BenchSettings make(const std::string& command_line) {
        BenchSettings base;
        base.spec.command = Command::run;
        base.spec.command_line = command_line;
        base.spec.scenario = file_.name;
        apply_entries(file_, file_.tables.front(), base, false);
        std::vector<Group> groups;
        std::vector<Stage> stages;
        for (const TomlTable& table : file_.tables) {
            if (table.name == "group") groups.push_back(make_group(table, base));
            if (table.name == "stage") stages.push_back(make_stage(file_, table, scale_));
            if (table.name == "assert") add_assertions(table, base);
        }
        apply_flags(base, uses_);
        finish_settings(base);
        scale_traffic(base.spec, scale_);
        std::uint32_t clients = 0;
        for (Group& group : groups) {
            // Ids of their own begin at 0; the common pattern numbers through.
            if (group.client_id == base.spec.client_id) group.id_base = clients;
            clients += group.clients;
        }
        base.spec.groups = std::move(groups);
        base.spec.stages.insert(base.spec.stages.end(), stages.begin(), stages.end());
        return base;
    }

private:
    Group make_group(const TomlTable& table, const BenchSettings& base) {
        BenchSettings own = base;
        if (own.spec.clients == 0) own.spec.clients = 1;
        apply_entries(file_, table, own, true);
        apply_flags(own, uses_);
        const std::uint32_t clients = own.spec.clients;
        finish_settings(own);
        Group group;
        static_cast<Traffic&>(group) = own.spec;
        group.connect = own.spec.connect;
        group.targets = own.spec.targets;
        group.clients = scaled(clients, scale_);
        scale_traffic(group, scale_);
        const TomlEntry* name = table.find("name");
        const TomlEntry* role = table.find("role");
        if (role == nullptr) throw TomlError(file_, table.line, "the group has no role");
        group.role = to_role(file_, *role);
        group.name = name != nullptr ? name->values[0] : std::string(role_name(group.role));
        if (!names_.insert_new(group.name)) {
            throw TomlError(file_, table.line,
                            fmt::format("a second group is called '{}'", group.name));
        }
        group.round_trip = group.role == Role::both && has_answerers();
        return group;
    }

    bool has_answerers() const {
        return std::any_of(file_.tables.begin(), file_.tables.end(), [](const TomlTable& table) {
            const TomlEntry* role = table.find("role");
            return table.name == "group" && role != nullptr && role->values[0] == "answer";
        });
    }

    void add_assertions(const TomlTable& table, BenchSettings& base) {
        const tools::Flag* flag = find_option("assert");
        for (const TomlEntry& entry : table.entries) {
            for (const std::string& value : entry.values) {
                try {
                    apply_flags(base, std::vector<FlagUse>{{flag, {entry.key + value}, true}});
                } catch (const UsageError& error) {
                    throw TomlError(file_, entry.line, error.what());
                }
            }
        }
    }

    struct Names {
        std::vector<std::string> seen;
        bool insert_new(const std::string& name) {
            if (contains(seen, name)) return false;
            seen.push_back(name);
            return true;
        }
    } names_;
    const TomlFile& file_;
    double scale_;
    std::span<const FlagUse> uses_;
};

}  // namespace

BenchSettings make_scenario(const TomlFile& file, double scale, std::span<const FlagUse> uses,
                            const std::string& command_line) {
    return Maker(file, scale, uses).make(command_line);
}

}  // namespace mqtt::bench
