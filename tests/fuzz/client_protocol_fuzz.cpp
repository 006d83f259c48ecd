// Feeds arbitrary bytes to the client's role; see role_fuzz.hpp for the input and what is checked.
#include "packet_mutator.hpp"
#include "role_fuzz.hpp"

namespace {

using namespace fuzz;

class ClientWorld final : public World<ClientProtocol, ClientRecorder> {
public:
    using World::World;

private:
    void begin() override {
        if (!protocol_) protocol_ = std::make_unique<ClientProtocol>(out_);
        Connect connect = connect_packet(settings_.version, false);
        connect.client_id = "c";
        PropertyList own;
        own.add(PropertyId::receive_maximum, 5)
            .add(PropertyId::topic_alias_maximum, 3)
            .add(PropertyId::maximum_packet_size, 2000);
        if (has_properties(settings_.version)) connect.properties = own;
        protocol_->connect(connect, session_, kStart, 10s);
        collect();
        if (!settings_.handshake) return;
        Connack connack;
        connack.session_present = settings_.version != ProtocolVersion::v3_1;
        PropertyList theirs;
        theirs.add(PropertyId::receive_maximum, 3).add(PropertyId::topic_alias_maximum, 2);
        if (has_properties(settings_.version)) connack.properties = theirs;
        protocol_->feed(to_bytes(settings_.version, connack), kStart, sink_);
        FilterListBuilder filters(true);
        protocol_->subscribe(filters.add("a").add("b").view());
        publish_kept(*protocol_, "a", "1", QoS::at_least_once);
        publish_kept(*protocol_, "a", "2", QoS::exactly_once);
        collect();
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::run<ClientWorld>(data, size);
    return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                    unsigned seed) {
    return fuzz::mutate_packets(data, size, most, seed, true);
}
