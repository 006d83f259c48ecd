// The chapter about bridges of mqtt-broker-lite.conf(5): how, with configurations as they are tested, and what a bridge
// does not give. The keys are in conf_keys_bridge.cpp.
#include "mqtt-broker-lite/conf_page.hpp"

namespace tools::broker_lite {

// Each example is what a test in tests/compat runs with, but for addresses: bridge.t, bridge_exact.t,
// bridge_tls.t, bridge_rabbitmq.t, bridge_nats.t.
std::string bridge_chapter() {
    return R"(.Sh BRIDGES
A bridge joins this broker to another one.
It is set up on one side only: a
.Cm connection
line opens it, and needs an
.Cm address
and at least one
.Cm topic .
Inside, it is a session of this broker like any client's, with the client id
of
.Cm local_clientid :
what waits for the remote broker is limited by
.Cm max_queued_messages
and
.Cm max_queued_bytes ,
kept on disk with
.Cm persistence ,
expires as its publisher said, and goes out in order when the remote broker is
back.
A message is done here when the remote broker has acknowledged it, and the
other way round.
With
.Cm persistence strict
neither a lost connection nor the end of this program loses a message of QoS 1
or 2 or doubles one of QoS 2.
Messages of QoS 0 are not kept while the remote broker is away, unless
.Cm queue_qos0_messages
says so.
.Pp
Whether it is connected is said in the log and by the retained message
.Li $SYS/broker/connection/CLIENTID/state ;
how many messages wait, by
.Li $SYS/broker/connection/CLIENTID/queued .
.Ss Another mosquitto, or another mqtt-broker-lite
All topics, both ways:
.Bd -literal -offset indent
connection cloud
address broker.example.org
topic # both 2
.Ed
.Pp
A site below a name of its own, over TLS, with a second address in case the
first does not answer:
.Bd -literal -offset indent
connection cloud
address one.example.org two.example.org
bridge_cafile /etc/ssl/certs/ca-certificates.crt
remote_username site1
remote_password secret
topic sensors/# out 1 "" site1/
topic commands/# in 1 "" site1/
.Ed
.Pp
A mosquitto that has a bridge to this broker needs nothing here.
One of version 2.0 and MQTT 3.1.1 bears as many messages in flight as its own
.Cm max_inflight_messages
says, and cannot tell; so bridges of 3.1.1 get and send 20 at a time.
One of version 2.0 sends some messages of QoS 2 a second time, as new ones,
when the connection is lost again while both still agree on what has arrived.
.Ss RabbitMQ
Its MQTT plug-in (3.10) speaks 3.1.1 and no QoS 2.
What is acknowledged arrives at least once.
.Bd -literal -offset indent
# rabbitmq.conf
mqtt.listeners.tcp.1 = 1883
mqtt.subscription_ttl = 86400000

# here
connection rabbitmq
address rabbitmq.example.org
remote_username edge
remote_password secret
topic up/# out 1
topic down/# in 1
.Ed
.Pp
It exchanges dots and slashes in topics, gives retained messages to
subscriptions without wildcards only, and throws away the queue of a bridge
that is away for longer than
.Li subscription_ttl
(milliseconds).
.Ss NATS server
Its MQTT listener (2.9) speaks 3.1.1, no QoS 2, and needs JetStream.
What is acknowledged arrives at least once.
.Bd -literal -offset indent
# nats-server.conf
server_name: edge
jetstream { store_dir: "/var/lib/nats" }
mqtt { port: 1883, ack_wait: "10s", max_ack_pending: 100 }

# here
connection nats
address nats.example.org
remote_clientid edge
topic up/# out 1
topic down/# in 1
.Ed
.Pp
Topics with blanks or dots do not pass: they end the connection, and so does a
line of QoS 2.
The id is without a dot, as a host name may have one, because it is part of
the topic that says whether the bridge is connected.
.Ss Loops
A message does not go back over the bridge that it came by:
5.0 has No Local for that, and in 3.1.1 a bridge says that it is one
.Pq Cm try_private .
Where bridges make a ring of brokers, give each broker a
.Cm bridge_hop_name
of its own (5.0).
.Ss Changes
A reload (SIGHUP) makes bridges of new
.Cm connection
lines, ends those that are gone, with what waits for them, and leaves alone
those whose lines are the same.
One whose lines have changed says good-bye and connects anew
.Pq see Cm bridge_reload_type ;
what waits goes on in order, by the new lines.
It is the same bridge as long as its
.Cm local_clientid
is the same, which follows from
.Cm remote_clientid
or its name where it is not said.
.Ss What a bridge does not give
Sessions are not shared: a client that moves to the other broker begins anew
there.
A shared subscription with members on both sides gets each message on both.
A retained message that is set on both sides while they are apart may differ
until it is set again.
All traffic is one connection, with one client's rights, in one order: a
bottleneck and a single point of failure.
)";
}

}  // namespace tools::broker_lite
