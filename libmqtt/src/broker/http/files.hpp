// The files of one folder, as a listener's http_folder has them: what a path is, and an answer that sends
// it. Used by http/server and http/api. No rights are asked: whoever reaches the listener may read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mqtt::broker::http {

class Connection;

class Files {
public:
    // Errno when the folder cannot be opened, else 0. It stays the same folder when it is renamed.
    int open(const std::string& folder);
    Files() = default;
    ~Files();
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;

    // False: there is no such file, and nothing was answered.
    bool answer(Connection& connection) const;

private:
    int root_ = -1;
};

// What browsers are told that a file of this name is.
std::string_view content_type_of(std::string_view name);

}  // namespace mqtt::broker::http
