# Recipes of mqtt-tools(7): a bridge to NATS with JetStream. RabbitMQ's is run by tests/compat/bridge_rabbitmq.t.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/recipes.sh"
need nats-server
export nats theirs mqtt cluster
nats=$(free_port) theirs=$(free_port) mqtt=$(free_port)
cluster=127.0.0.1:$theirs
in_background nats
until_true 20 grep -q 'Server is ready' nats.err
in_background cluster
until_true 20 listens "$mqtt"
crosses() { # crosses FROM TO TOPIC
    background "$3" mqtt-sub -p "$2" -V 311 -q 1 -t "$3/#" -C 1 -W 20 -d
    local reader=$pid
    until_true 20 grep -q 'received SUBACK' "$3.err"
    run mqtt-pub -p "$1" -V 311 -q 1 -t "$3/x" -m "over $3"; expect_exit 0
    finish "$reader"
    expect_eq "what crosses $3" "$(cat "$3.out")" "over $3"
}
bridged() { [ "$(mqtt-sub -p "$mqtt" -t '$SYS/broker/connection/+/state' -C 1 -W 5)" = 1 ]; }
until_true 30 bridged
crosses "$mqtt" "$theirs" up
crosses "$theirs" "$mqtt" down
