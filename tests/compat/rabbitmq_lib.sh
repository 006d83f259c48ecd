# RabbitMQ with its MQTT plug-in for tests/compat/*rabbitmq*.t, after a library that sources cli/lib.sh: the server of the recipe
# in mqtt-tools(7) on ports of its own; `start_rabbitmq` sets $theirs. The whole node ends with the test.
. "$(dirname "$0")/../cli/recipes.sh"

# What is left of the node, by its name, which has this test's number in it; then Erlang's port mapper, which it
# has started on a port of its own.
rabbit_has_ended() { ! pgrep -f "$RABBITMQ_NODENAME"; }
rabbit_ends() {
    local ended=$? mapper end
    set +e
    pkill -f "$RABBITMQ_NODENAME"
    end=$((SECONDS + 20))
    until rabbit_has_ended >/dev/null || [ $SECONDS -ge $end ]; do sleep 0.1; done
    pkill -KILL -f "$RABBITMQ_NODENAME"
    for mapper in $(pgrep -x epmd); do
        grep -qz "^RABBITMQ_NODENAME=$RABBITMQ_NODENAME" "/proc/$mapper/environ" 2>/dev/null && kill "$mapper"
    done
    (exit "$ended")
    lib_cleanup
}
start_rabbitmq() {
    local server deadline
    need rabbitmq-server pkill
    server=$(ls -d /usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server 2>/dev/null | head -n 1)
    [ -x "$server" ] || skip 'rabbitmq-server is not where Debian has it'
    theirs=$(free_port)
    export RABBITMQ_NODENAME=test$$@localhost RABBITMQ_MNESIA_BASE=$T/db RABBITMQ_LOG_BASE=$T/logs \
        RABBITMQ_NODE_PORT=$(free_port) RABBITMQ_DIST_PORT=$(free_port) RABBITMQ_NODE_IP_ADDRESS=$HOST \
        RABBITMQ_ENABLED_PLUGINS_FILE=$T/plugins RABBITMQ_PID_FILE=$T/pid \
        ERL_EPMD_PORT=$(free_port) ERL_EPMD_ADDRESS=$HOST
    echo '[rabbitmq_mqtt].' >"$T/plugins"
    mkdir "$T/bin"
    # Debian's own wants to be another user.
    printf '#!/bin/sh\nexec %s "$@"\n' "$server" >"$T/bin/rabbitmq-server"
    chmod 755 "$T/bin/rabbitmq-server"
    export theirs PATH=$T/bin:$PATH
    in_background rabbitmq
    trap rabbit_ends EXIT
    # Whether it starts is its own affair: on a machine with much else to do it may not.
    deadline=$((SECONDS + 60))
    until grep -q 'completed with' "$T/rabbitmq.out"; do
        [ $SECONDS -lt $deadline ] || skip 'RabbitMQ did not start within a minute'
        sleep 0.2
    done
}
