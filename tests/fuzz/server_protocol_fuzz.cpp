// Feeds arbitrary bytes to the server's role; see role_fuzz.hpp for the input and what is checked.
#include "packet_mutator.hpp"
#include "role_fuzz.hpp"

namespace {

using namespace fuzz;

class ServerWorld final : public World<ServerProtocol, ServerRecorder> {
public:
    explicit ServerWorld(const Settings& settings) : World(settings) {
        limits_.announced.receive_maximum = 5;
        limits_.announced.topic_alias_maximum = 3;
        limits_.announced.maximum_packet_size = 2000;
        sink_.connect_hook = [this](const Connect& connect) {
            protocol_->accept(session_,
                              {.session_present = !connect.clean_start,
                               .keep_alive = connect.keep_alive,
                               .properties = {}},
                              kStart);
        };
        sink_.subscribe_hook = [this](const Subscribe& subscribe) {
            const std::vector<ReasonCode> codes(subscribe.filters.count());
            protocol_->suback(subscribe.id, codes);
        };
    }

private:
    void begin() override {
        protocol_ = std::make_unique<ServerProtocol>(out_, limits_, kStart);
        if (!settings_.handshake) return;
        Connect connect = connect_packet(settings_.version, false);
        connect.client_id = "c";
        PropertyList own;
        own.add(PropertyId::receive_maximum, 3).add(PropertyId::topic_alias_maximum, 2);
        if (has_properties(settings_.version)) connect.properties = own;
        protocol_->feed(to_bytes(settings_.version, connect), kStart, sink_);
        collect();
    }

    ServerLimits limits_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::run<ServerWorld>(data, size);
    return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                    unsigned seed) {
    return fuzz::mutate_packets(data, size, most, seed, true);
}
