# timeout: 240
# Our clients on ActiveMQ, in 3.1 and 3.1.1: a broker of another family, whose MQTT is a layer over JMS.
. "$(dirname "$0")/broker_lib.sh"
need java javac
jars=/usr/share/java home=/usr/share/activemq/lib
[ -e $home/activemq-mqtt.jar ] || skip 'activemq is not installed'
[ -e $jars/mqtt-client.jar ] || skip 'libmqtt-client-java, which its MQTT needs, is not installed'
path=$T/classes:$jars/mqtt-client.jar:$jars/hawtdispatch.jar:$jars/hawtdispatch-transport.jar:$(printf '%s:' $home/*.jar)
javac -encoding UTF-8 -cp "$path" -d "$T/classes" "$(dirname "$0")/peers/Activemq.java"
background activemq java -cp "$path" Activemq "$T/data"
until_true 60 has_lines "$T/activemq.out" 1
our_clients_on "mqtt://$HOST:$(sed -n 's/^mqtt //p' "$T/activemq.out")" '31 311' '0 1 2'
