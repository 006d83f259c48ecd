# timeout: 180
# [MQTT311-7.0.0-2] FuseSource's Java client (what ActiveMQ has inside) on our broker, in 3.1 and 3.1.1, over TCP and TLS,
# together with our own tools.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../cli/lib.sh"
need java javac
jars=/usr/share/java
[ -e $jars/mqtt-client.jar ] || skip 'libmqtt-client-java is not installed'
path=$jars/mqtt-client.jar:$jars/hawtbuf.jar:$jars/hawtdispatch.jar:$jars/hawtdispatch-transport.jar
javac -encoding UTF-8 -cp "$path" -d "$T/classes" "$(dirname "$0")/peers/Fusesource.java"
make_certs

start_broker -v --listen mqtts://127.0.0.1:0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
mqtt-pub -L "$URL" -q 1 -r -t java/from/us -m 'kept by mqtt-pub'
for version in 3.1 3.1.1; do
    for way in "mqtt tcp" "mqtts ssl $T/certs/ca.crt"; do
        read -r scheme uri authority <<<"$way"
        hears_from "$version.$scheme" 'from Java' timeout 60 java -Dfile.encoding=UTF-8 -cp "$path:$T/classes" Fusesource \
            "$uri://localhost:$(broker_port "$scheme")" "$version" ${authority:+"$authority"}
    done
done
