// What a build without SQLite refuses, and with what words. Not in other builds.
#include <doctest/doctest.h>

#include "mqtt/store.hpp"
#include "support/stored_broker.hpp"

using namespace ::test;

TEST_CASE("persistence: a broker that was built without SQLite refuses it and says what to do") {
    for (const Persistence mode : {Persistence::batch, Persistence::strict}) {
        Broker broker(stored("nowhere.db", mode));
        CHECK_FALSE(broker.start().ok());
        CHECK(broker.start_error() == no_store());
    }
    CHECK(no_store().find("--persistence off") != std::string_view::npos);
    CHECK(no_store().find("-DMQTT_SQLITE=ON") != std::string_view::npos);
    CHECK_FALSE(std::filesystem::exists("nowhere.db"));
    std::string message;
    CHECK(StoreFile::open("nowhere.db", message) == nullptr);
    CHECK(message.find("built without SQLite") != std::string::npos);
    CHECK_FALSE(back_up_store("nowhere.db", "copy.db", message));
}

TEST_CASE("persistence: off, a broker that was built without SQLite is as any other") {
    TestBroker broker(stored("", Persistence::off));
    leave_session(broker, "kept", "a", QoS::at_least_once);
    broker.client("pub").publish_acked("a", "x");
    RawClient sub = broker.client();
    CHECK(resume(sub, "kept").session_present);
    CHECK(as_text(sub.expect<Publish>().payload) == "x");
}
