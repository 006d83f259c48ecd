# The manual's list of $SYS topics is what the broker publishes, to the name.
. "$(dirname "$0")/lib.sh"
start_broker --threads 2 --sys-interval 1
export MQTT_URL=$URL

# Names of one line share what is before their last slash.
mqtt-broker-lite --generate man | sed -n '/^\.Sh $SYS/,/^\.Ed/p' | sed '1,/^\.Bd/d' | sed 's/\\//g' | perl -ne '
    next unless /^[a-z]/;
    my $parent = "";
    for (split /, ?/, (split /  +/)[0]) {
        s/\s+$//;
        $parent = $1 if m#(.*/)#;
        print m#/# ? "$_\n" : "$parent$_\n" if length;
    }' | grep -v '^connection/' | sort -u >"$T/told"

published() {
    timeout 20 mqtt-sub -t '$SYS/#' -F %t -W 3 >"$T/topics" 2>/dev/null || true
    sed -E 's#^\$SYS/broker/##; s#^shards/[0-9]+#shards/N#; s#^limits/.*#limits/NAME#; s#^load/.*/#load/NAME/#' \
        "$T/topics" | sort -u >"$T/published"
    grep -q '^load/NAME/15min$' "$T/published"
}
until_true 30 published
expect_file "$T/published" <"$T/told"
