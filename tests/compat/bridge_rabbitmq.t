# timeout: 240
# Our bridge to RabbitMQ's MQTT plug-in, a clustered engine that people grow into: 3.1.1, found out by itself; QoS 1 over a
# link that is cut at random: duplicates may come, nothing is missing.
. "$(dirname "$0")/bridge_lib.sh"
. "$(dirname "$0")/rabbitmq_lib.sh"
need python3 perl
levels=1
start_rabbitmq
flags[$theirs]='-V 311'
cut_bridge_to "$theirs" $((cuts * 700))
