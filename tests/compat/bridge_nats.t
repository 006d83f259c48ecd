# timeout: 180
# Our bridge to NATS server, a clustered engine that people grow into: 3.1.1, found out by itself; QoS 1 over a link that
# is cut at random: duplicates may come, nothing is missing. The configuration is that of the manual.
. "$(dirname "$0")/bridge_lib.sh"
need nats-server python3 perl
levels=1
theirs=$(free_port)
cat >"$T/nats.conf" <<EOF
server_name: test
host: 127.0.0.1
port: $(free_port)
jetstream { store_dir: "$T/nats" }
mqtt { host: 127.0.0.1, port: $theirs, ack_wait: "10s", max_ack_pending: 100 }
EOF
background nats "$(lib_find nats-server)" -c "$T/nats.conf"
until_true 30 grep -q 'Server is ready' "$T/nats.err"
flags[$theirs]='-V 311'
cut_bridge_to "$theirs" $((cuts * 700))
