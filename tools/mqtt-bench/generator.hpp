// The load of one worker without its network: which message goes when, what came back, what it
// means. Sans-I/O: time is an argument (monotonic nanoseconds), sending goes through Wire, so that
// tests run it exactly on a clock of their own. No allocation per message in steady state.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "mqtt-bench/load_group.hpp"
#include "mqtt-bench/plan.hpp"
#include "mqtt-bench/publisher_state.hpp"
#include "mqtt-bench/sent_times.hpp"
#include "mqtt-bench/series.hpp"
#include "mqtt-bench/stream_check.hpp"
#include "mqtt/connection.hpp"

namespace mqtt::bench {

struct PayloadHeader;

// What the generator needs of the network. Publishers are numbered within the worker.
class Wire {
public:
    virtual SendStatus publish(std::uint32_t publisher, const PublishRequest& request,
                               std::uint64_t token) = 0;
    virtual bool is_blocked(std::uint32_t publisher) = 0;
    virtual void flush(std::uint32_t publisher) = 0;
    virtual std::int64_t now_ns() = 0;

protected:
    ~Wire() = default;
};

// What workers of one run share. Each writes its own element, at most once per read batch.
struct Shared {
    struct alignas(64) Progress {
        std::atomic<std::uint64_t> sent{0};
        std::atomic<std::uint64_t> owed{0};      // deliveries of what was sent
        std::atomic<std::uint64_t> received{0};  // without duplicates
    };
    // What to do with the stamps of another load host: see team.hpp.
    class HostClock {
    public:
        void set(std::int64_t shift, std::int64_t zero_shift) {
            shift_.store(shift, std::memory_order_relaxed);
            zero_shift_.store(zero_shift, std::memory_order_relaxed);
            known_.store(true, std::memory_order_release);
        }
        bool is_known() const { return known_.load(std::memory_order_acquire); }
        // Added to an instant of that host, this host's clock shows the same instant...
        std::int64_t shift() const { return shift_.load(std::memory_order_relaxed); }
        // ... and this the same slot of the schedule.
        std::int64_t zero_shift() const { return zero_shift_.load(std::memory_order_relaxed); }

    private:
        std::atomic<std::int64_t> shift_{0};
        std::atomic<std::int64_t> zero_shift_{0};
        std::atomic<bool> known_{false};
    };
    // `outages`: connections will come and go on purpose. `hosts`: of equally many workers each.
    Shared(const Plan& plan, std::uint32_t workers, bool outages = false, std::uint32_t hosts = 1,
           std::uint32_t host = 0);
    std::unique_ptr<Progress[]> progress;
    std::uint32_t workers;
    std::unique_ptr<SentTimes> sent_times;  // when payloads have the short header
    // With outages: how far each stream has been sent, to know what a subscriber missed.
    std::unique_ptr<std::atomic<std::uint64_t>[]> next_of_stream;
    // With several hosts, by host; and where each stream comes from.
    std::unique_ptr<HostClock[]> clocks;
    std::vector<std::uint16_t> host_of_stream;
};

// Messages that were sent and never acknowledged because their connection ended (nobody knows
// whether the broker has them), or that were refused: they are not owed.
struct Uncertain {
    std::uint32_t stream = 0;
    std::uint64_t first = 0;
    std::uint64_t past = 0;  // one past the last
};

class Generator {
public:
    // All must outlive it.
    Generator(const Plan& plan, const Spec& spec, Shared& shared, std::uint32_t worker, Wire& wire);
    ~Generator();

    // Connections of this worker. A publisher sends nothing before it is connected; a message that
    // is due waits and is charged.
    // `resumed`: the broker has the session of the previous connection.
    void on_connected(std::uint32_t publisher, std::uint16_t receive_maximum, bool resumed = false);
    // `keeps`: the session may be resumed; what is in flight stays so until it is known.
    void on_closed(std::uint32_t publisher, bool keeps = false);
    // SUBSCRIBE goes out: what it asks for may come before its SUBACK.
    void on_subscribing(std::uint32_t subscriber);
    // A subscription stands. What went before is not owed, unless a session was kept for it.
    void on_subscribed(std::uint32_t subscriber, bool resumed);
    // It was taken away on purpose. What comes until it is back, or until the end, is not owed.
    void on_absent(std::uint32_t subscriber) { subscribers_[subscriber].absent = true; }

    // The schedule's zero. Measured is what is intended in [measure_from, measure_until).
    void start(std::int64_t zero_ns);
    // With --warmup auto, later: the measured time begins then, which must be in the future.
    void measure(std::int64_t from_ns);
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    // When on_time wants to be called; kNever: not by the clock.
    std::int64_t next_due() const;
    // Sends what is due, at most some thousands at a time.
    void on_time(std::int64_t now);
    // Saturation: sends what the window of outstanding deliveries allows. False: nothing went.
    bool pump(std::int64_t now);
    // Saturation: whether pump() would send again, after deliveries came in.
    bool can_pump() const { return outstanding() + pump_step_ <= max_outstanding_; }
    // No further messages become due.
    void end();

    void on_delivered(std::uint64_t token, bool refused, std::int64_t now);
    // The window or the socket of a publisher has room again.
    void on_room(std::uint32_t publisher, std::int64_t now);
    // `retained`: stored before and replayed; counted, not checked.
    void on_message(std::uint32_t subscriber, Bytes payload, bool dup, std::int64_t now,
                    bool retained = false);
    // What was sent before this instant and comes after it is a backlog, counted apart.
    struct Backlog {
        std::uint64_t messages = 0;
        std::int64_t last_ns = 0;
    };
    void mark(std::int64_t now);
    const std::vector<Backlog>& backlogs() const { return backlogs_; }  // by mark
    // Tells the other workers and the controller; once per read batch.
    void show_progress();

    // Every group's limit is reached.
    bool is_all_offered() const;
    // The last message is sent and acknowledged.
    bool is_idle() const { return pending_ == 0 && in_flight_ == 0; }
    std::uint64_t pending() const { return pending_; }
    std::uint64_t in_flight() const { return in_flight_; }

    Counters& counters() { return counters_; }
    SeriesSet& interval() { return *interval_; }
    // Hands over the interval's histograms and takes empty ones instead.
    void exchange_interval(std::unique_ptr<SeriesSet>& fresh) { interval_.swap(fresh); }
    // Of the run as a whole, after it.
    CheckCounts check_counts() const;
    std::uint64_t sent_of(std::uint32_t publisher) const { return publishers_[publisher].messages; }
    std::uint32_t publishers() const { return static_cast<std::uint32_t>(publishers_.size()); }
    // Writes how many of each stream of this worker were sent, by global number.
    void add_sent(std::vector<std::uint64_t>& sent_of_stream) const;
    void give_up_in_flight();  // at the end: what is still in flight is uncertain
    const std::vector<Uncertain>& uncertain() const { return uncertain_; }
    // Beyond these they are only counted, as `unkept_deliveries`.
    static constexpr std::size_t kMaxUncertain = 200'000;
    // Of all workers, before lost(); and what those could not see who are absent at the end.
    void excuse(const std::vector<Uncertain>& uncertain);
    // Never seen, given what was sent of every stream of the run.
    std::uint64_t lost(const std::vector<std::uint64_t>& sent_of_stream) const;
    std::uint64_t excused(const std::vector<std::uint64_t>& sent_of_stream) const;
    // By Plan's set; of ordinary subscriptions: empty.
    const std::vector<SharedCheck>& shared_checks() const { return shared_checks_; }
    // Deliveries per subscriber of this worker, for fairness.
    const std::vector<std::uint64_t>& per_subscriber() const { return per_subscriber_; }

private:
    struct Subscriber {
        std::uint32_t set = 0;
        std::uint32_t first_check = 0;
        bool shared = false;
        bool owes_nothing_offline = true;  // QoS 0 in it: an outage may lose
        bool absent = false;
        std::vector<std::uint64_t> expected;  // next of each stream, between SUBSCRIBE and SUBACK
    };
    struct InFlight {
        std::int64_t intended = 0;
        std::int64_t actual = 0;
        std::uint64_t sequence = 0;
        std::uint32_t publisher = kFree;
        std::uint32_t stream = 0;
        std::uint32_t next_free = 0;
        static constexpr std::uint32_t kFree = ~0u;
    };
    struct ForeignKey {
        std::uint32_t run_id = 0;
        std::uint32_t stream = 0;
        std::uint32_t subscriber = 0;
        friend bool operator==(const ForeignKey&, const ForeignKey&) = default;
    };
    struct ForeignHash {
        std::size_t operator()(const ForeignKey& key) const {
            const std::uint64_t a = std::uint64_t{key.run_id} << 32 | key.stream;
            return (a ^ std::uint64_t{key.subscriber} << 20) * 0x9e37'79b9'7f4a'7c15;
        }
    };
    enum class Sent : std::uint8_t { yes, refused, no };

    void offer(std::uint32_t publisher, std::int64_t intended, std::int64_t now);
    Sent send(std::uint32_t publisher, std::int64_t intended, std::int64_t now);
    void drain_pending(std::uint32_t publisher, std::int64_t now);
    bool is_window_full(const PublisherState& publisher) const;
    bool has_room(const PublisherState& publisher, std::uint32_t index);
    std::uint32_t send_batch(std::uint32_t publisher, std::int64_t now);
    void count_sent(PublisherState& publisher, std::uint32_t choice, const InFlight& what);
    LoadGroup* next_group();  // whose message is due first; null: none
    std::int64_t due_of(const LoadGroup& group) const;
    void write_payload(const PlannedGroup& group, std::span<std::uint8_t> payload,
                       const PayloadHeader& header);
    std::uint64_t take_slot(const InFlight& what);
    void forget_in_flight();
    void add_uncertain(std::uint32_t stream, std::uint64_t sequence);
    void add_groups();
    void add_subscribers();
    void release_slot(std::uint64_t token);
    void on_known(std::uint32_t subscriber, const PayloadHeader& header, std::int64_t slot,
                  bool timed, bool dup, std::int64_t now);
    void on_own(std::uint32_t subscriber, PayloadHeader& header, bool dup, std::int64_t now);
    bool check(std::uint32_t subscriber, const PayloadHeader& header, bool dup);
    std::uint32_t foreign_stream(std::uint32_t subscriber, const PayloadHeader& header);
    bool is_measured(std::int64_t intended) const {
        return intended >= measure_from_ && intended < measure_until_;
    }
    void note_backlog(std::int64_t now) {
        if (backlogs_.empty()) return;
        ++backlogs_.back().messages;
        backlogs_.back().last_ns = now;
    }
    std::uint64_t outstanding() const;

    const Plan& plan_;
    const Spec& spec_;
    Shared& shared_;
    Wire& wire_;
    std::uint32_t worker_;
    std::vector<std::unique_ptr<LoadGroup>> groups_;  // of Plan, those that publish
    std::vector<PublisherState> publishers_;
    std::vector<Subscriber> subscribers_;
    std::vector<std::uint64_t> per_subscriber_;

    std::int64_t zero_ = kNever;
    std::int64_t end_ = kNever;  // slots at or after it are not due
    std::int64_t measure_from_ = kNever;
    std::int64_t measure_until_ = kNever;
    std::uint64_t pending_ = 0;
    std::uint64_t in_flight_ = 0;

    std::uint64_t pump_step_ = 0;
    std::uint64_t max_outstanding_ = 0;
    std::uint64_t forgiven_ = 0;  // deliveries that are not waited for any more
    std::uint64_t distinct_ = 0;
    std::int64_t stalled_since_ = kNever;
    std::uint32_t cursor_ = 0;
    bool flush_each_ = false;

    std::vector<InFlight> slots_;
    std::uint32_t free_slot_ = 0;
    bool forgetting_ = false;  // slots of closed publishers wait to be released
    std::vector<Uncertain> uncertain_;

    std::int64_t mark_ = std::numeric_limits<std::int64_t>::min();
    std::vector<Backlog> backlogs_;
    StreamChecks checks_;
    std::vector<SharedCheck> shared_checks_;
    std::unordered_map<ForeignKey, std::uint32_t, ForeignHash> foreign_streams_;
    Counters counters_;
    std::unique_ptr<SeriesSet> interval_;
};

}  // namespace mqtt::bench
