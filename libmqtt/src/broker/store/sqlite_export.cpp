// See sqlite_export.hpp.
#include "broker/store/sqlite_export.hpp"

#include <iterator>
#include <string>
#include <string_view>

#include "broker/http/json.hpp"
#include "broker/store/sqlite_read.hpp"

namespace mqtt::broker::store {
namespace {

using http::append_flag;
using http::append_member;

class ExportReader final : public Reader {
public:
    explicit ExportReader(const StoreFile::Take& take) : take_(take) {}

    void on_session(const SessionRow& row) override;
    void on_subscription(const SubscriptionRow& row) override;
    void on_handover(const HandoverRow& row) override;
    void on_message(Key key, const MessageRow& row) override;
    void on_entry(const EntryRow& row) override;
    void on_received_id(Key session, PacketId id) override;
    void on_retained(const RetainedRow& row) override;
    void on_transit(const TransitRow& row) override;

private:
    std::string& begin(std::string_view kind);
    void append(const MessageRow& row);
    void end();

    const StoreFile::Take& take_;
    std::string line_;
    bool is_over_ = false;
};

std::string& ExportReader::begin(std::string_view kind) {
    line_ = "{";
    append_member(line_, "kind", kind);
    return line_;
}

void ExportReader::end() {
    line_ += '}';
    if (!is_over_ && !take_(line_)) is_over_ = true;
}

// The members of append_message's object, among ours.
void ExportReader::append(const MessageRow& row) {
    std::string object;
    http::append_message(object,
                         {row.topic, row.qos, row.retain, Properties(row.properties), row.payload});
    line_ += ',';
    line_.append(object, 1, object.size() - 2);
    if (row.expires_at != kNever) {
        append_member(line_, "expires_at_ms", static_cast<std::uint64_t>(row.expires_at));
    }
}

void ExportReader::on_session(const SessionRow& row) {
    std::string& line = begin("session");
    append_member(line, "session", row.number);
    append_member(line, "client_id", row.client_id);
    if (row.has_identity) append_member(line, "username", row.user_name);
    append_member(line, "expiry_interval", row.expiry_interval);
    append_flag(line, "connected", row.is_online);
    if (row.ends_at != kNever)
        append_member(line, "ends_at_ms", static_cast<std::uint64_t>(row.ends_at));
    end();
    if (!row.will) return;
    append_member(begin("will"), "session", row.number);
    append_member(line_, "delay", row.will->delay);
    append(row.will->message);
    end();
}

void ExportReader::on_subscription(const SubscriptionRow& row) {
    std::string& line = begin("subscription");
    append_member(line, "session", row.session);
    append_member(line, "filter", row.filter);
    append_member(line, "qos", static_cast<std::uint64_t>(row.options.qos));
    append_flag(line, "no_local", row.options.no_local);
    append_flag(line, "retain_as_published", row.options.retain_as_published);
    append_member(line, "retain_handling", static_cast<std::uint64_t>(row.options.retain_handling));
    if (row.id != 0) append_member(line, "subscription_identifier", row.id);
    end();
}

void ExportReader::on_handover(const HandoverRow& row) {
    append_member(begin("handover"), "session", row.session);
    append_member(line_, "shared_tag", row.shared_tag);
    append_member(line_, "filter", row.filter);
    end();
}

void ExportReader::on_message(Key key, const MessageRow& row) {
    append_member(begin("message"), "message", key);
    append(row);
    end();
}

void ExportReader::on_entry(const EntryRow& row) {
    constexpr std::string_view kStates[] = {"queued", "awaits PUBACK", "awaits PUBREC",
                                            "awaits PUBCOMP"};
    std::string& line = begin("queued");
    append_member(line, "session", row.session);
    if (row.message != 0) append_member(line, "message", row.message);
    append_member(line, "qos", static_cast<std::uint64_t>(row.qos));
    append_flag(line, "retain", row.retain);
    if (row.shared_tag != 0) append_member(line, "shared_tag", row.shared_tag);
    const auto state = static_cast<std::size_t>(row.state);
    append_member(line, "state", kStates[state < std::size(kStates) ? state : 0]);
    if (row.packet_id != 0) append_member(line, "packet_id", row.packet_id);
    end();
}

void ExportReader::on_received_id(Key session, PacketId id) {
    append_member(begin("received"), "session", session);
    append_member(line_, "packet_id", id);
    end();
}

void ExportReader::on_retained(const RetainedRow& row) {
    begin("retained");
    append(row.message);
    if (row.source) {
        append_member(line_, "source_client_id", row.source->client_id);
        append_member(line_, "source_username", row.source->user_name);
    }
    end();
}

void ExportReader::on_transit(const TransitRow& row) {
    begin("transit");
    if (!row.filter.empty()) append_member(line_, "group", row.filter);
    append(row.message);
    end();
}

}  // namespace

int export_lines(sqlite3* database, const StoreFile::Take& take) {
    ExportReader reader(take);
    return read_everything(database, reader);
}

}  // namespace mqtt::broker::store
