# timeout: 240
# Our clients on RabbitMQ's MQTT plug-in, in 3.1 and 3.1.1: a broker of QoS 0 and 1, whose topics are AMQP's.
. "$(dirname "$0")/broker_lib.sh"
. "$(dirname "$0")/rabbitmq_lib.sh"
start_rabbitmq
our_clients_on "mqtt://$HOST:$theirs" '31 311' '0 1'
