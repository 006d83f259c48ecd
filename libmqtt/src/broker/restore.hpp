// At the start: reads the store and puts everything where it was. Used by Broker, before the threads.
#pragma once

#include "broker/store/backend.hpp"

namespace mqtt::broker {

struct Shared;

store::Fault restore(Shared& shared, store::Backend& backend, TimePoint now);

}  // namespace mqtt::broker
