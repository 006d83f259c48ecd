// The options of the durable outbox.
#include <array>

#include "common/units.hpp"
#include "mqtt-pub/options.hpp"

namespace mqtt_pub {
namespace {

using tools::FlagUse;
using tools::Takes;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kCategory = "Outbox";

constexpr std::array kRows{
    Row{{.long_name = "outbox",
         .argument = "DIR",
         .category = kCategory,
         .help =
             "keep messages in this folder until the server has them; QoS 1 unless -q says else",
         .details = "Messages are journaled first, then what the folder holds is sent in order. "
                    "See OUTBOX in the man page.",
         .complete = tools::Complete::directory,
         .names = tools::kOurs,
         .common = true},
        [](Options& o, const FlagUse& use) {
            o.outbox.folder = tools::required_word(use.typed(), use.word());
        }},
    Row{{.long_name = "drain",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "publish nothing new: only send what the outbox holds",
         .details = "Waits for another process that drains. Exit code 0: the outbox is empty.",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.outbox.drain_only = true; }},
    Row{{.long_name = "no-drain",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "only keep the messages in the outbox, do not connect",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.outbox.drain = false; }},
    Row{{.long_name = "outbox-limit",
         .argument = "SIZE",
         .category = kCategory,
         .help = "largest size of the outbox on the disk; more is refused with exit code 9",
         .details =
             "Lines of -l wait instead while the outbox is being drained. Room is given back "
             "in pieces of an eighth of the limit, of 4 MiB at most.",
         .initial = "64MiB",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.outbox.limit_bytes = tools::parse_size(use.typed(), use.word());
        }},
    Row{{.long_name = "outbox-sync",
         .argument = "WHEN",
         .category = kCategory,
         .help = "wait until kept messages are on the disk: always, or never",
         .details = "Without it a message survives the death of processes, but not a loss of power "
                    "within the next half minute or so.",
         .initial = "always",
         .choices = "always never",
         .complete = tools::Complete::choices,
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) { o.outbox.sync = use.word() == "always"; }},
    Row{{.long_name = "outbox-status",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "print as JSON how much waits in the outbox, and end",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.outbox.status = true; }},
};

}  // namespace

std::span<const Row> outbox_rows() {
    return kRows;
}

void check_outbox(Options& o) {
    OutboxOptions& outbox = o.outbox;
    if (outbox.folder.empty()) {
        if (outbox.drain_only || !outbox.drain || outbox.status) {
            throw tools::UsageError("an outbox is needed (option '--outbox')");
        }
        return;
    }
    if (o.request.wanted) throw tools::UsageError("a request cannot wait in an outbox");
    if (outbox.drain_only && !outbox.drain) {
        throw tools::UsageError("options '--drain' and '--no-drain' exclude each other");
    }
    if (outbox.drain_only && o.source != Source::none) {
        throw tools::UsageError("option '--drain' publishes nothing new: no message makes sense");
    }
    if (!o.qos_given) o.qos = mqtt::QoS::at_least_once;
}

const std::string_view kOutboxText =
    "An outbox is a folder that keeps messages until a server has acknowledged them. With --outbox "
    "messages are journaled first; then all that the folder holds is sent in the order in which it "
    "came, by this run or a later one, or by --drain. When the server cannot be reached, exit code "
    "0 "
    "means that every message is kept; a line on standard error says how many wait. With --drain, "
    "exit "
    "code 0 means that nothing is left.\n"
    "\n"
    "Any number of processes may append at the same time; one drains, the others leave it to it. A "
    "process may be killed at any instant: what it had kept stays, a message that it was just "
    "writing "
    "is ignored, and said. Each append waits for the disk (--outbox-sync). Marks of what is sent "
    "and "
    "acknowledged are written before the network hears of it but not forced to the disk: after a "
    "loss "
    "of power, not after a kill, messages may be sent again.\n"
    "\n"
    "QoS 1: nothing is lost; what was sent and not acknowledged is sent again and may arrive "
    "twice. "
    "QoS 2: nothing arrives twice, across kills of this program, of the server if it keeps its "
    "sessions, and of the link: packet identifiers are in the journal, the session stays on the "
    "server for a day (-x), and its client id is kept in the folder (-i chooses another). When the "
    "server says that it has lost the session, or the folder is drained to another server or under "
    "another client id, messages without an answer are sent anew and may arrive twice; a line says "
    "so. "
    "QoS 0: done when handed to the connection. MQTT 3.1.1 works in the same way; its session "
    "stays on "
    "the server.\n"
    "\n"
    "The message expiry counts from journaling: what is over is dropped and counted, the rest is "
    "told "
    "to the server. Messages that the server refuses are appended to refused.jsonl in the folder, "
    "in "
    "the form that --json-lines reads, and the run ends with the reason code.";

}  // namespace mqtt_pub
