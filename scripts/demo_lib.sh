# The parts of scripts/demo, in their order. Sourced by it; uses its variables and scripts/lib.sh.
# Every part adds a row to the table of the summary: what was sent and what arrived.

work=$(mktemp -d "${TMPDIR:-/tmp}/mqtt-demo.XXXXXX")
broker_pid=
rows=() lost=0
end_demo() {
    local status=$?
    [ -z "$broker_pid" ] || { kill "$broker_pid" 2>/dev/null && wait "$broker_pid" 2>/dev/null; } || true
    # shellcheck disable=SC2046  # a list of ids
    kill $(jobs -p) 2>/dev/null || true
    rm -rf "$work"
    exit $status
}
trap end_demo EXIT
trap 'exit 130' INT TERM

# row WHAT TRANSPORT SENT ARRIVED SECONDS-or-empty
row() {
    local rate= mark="$green✓$plain"
    [ "$3" = "$4" ] && [ "$3" -gt 0 ] || { mark="$red✗ lost$plain" lost=1; }
    [ -z "${5-}" ] || rate=$(awk -v n="$4" -v s="$5" 'BEGIN { printf "%.0f/s", n / (s > 0.001 ? s : 0.001) }')
    rows+=("$(printf '%s\t%s\t%s\t%s\t%s\t%s' "$1" "$2" "$(thousands "$3")" "$(thousands "$4")" "$rate" "$mark")")
}
thousands() { sed -E ':a; s/^([0-9]+)([0-9]{3})/\1,\2/; ta' <<<"$1"; }
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'; }
wait_for() {  # wait_for SECONDS WHAT command...
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || { tail -n 20 "$work"/*.err "$work/broker.log" >&2; die "$what: not in time"; }
        sleep 0.05
    done
}

start_demo_broker() {
    title "mqtt-broker-lite: TCP, TLS and WebSocket on free ports of loopback"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=localhost" \
        -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
    mqtt-broker-lite -p 0 --listen mqtts://127.0.0.1:0 --listen ws://127.0.0.1:0 \
        --cert "$work/cert.pem" --key "$work/key.pem" --max-queued-messages 0 --max-queued-bytes 0 \
        --ready-file "$work/urls" >"$work/broker.log" 2>&1 &
    broker_pid=$!
    wait_for 15 "the broker" broker_is_up
    declare -gA url=([TCP]=mqtt://127.0.0.1:$(port_of mqtt) [TLS]=mqtts://127.0.0.1:$(port_of mqtts)
                     [WebSocket]=ws://127.0.0.1:$(port_of ws)/mqtt)
    sed "s/^/  $dim/; s/\$/$plain/" "$work/broker.log" >&2
}
broker_is_up() {
    kill -0 "$broker_pid" || die "the broker ended: $(cat "$work/broker.log")"
    [ -s "$work/urls" ]
}
port_of() { sed -nE "s#^$1://127\.0\.0\.1:([0-9]+).*#\1#p" "$work/urls" | head -n 1; }

# publisher TRANSPORT flag...: mqtt-pub over this transport. The broker's certificate is its own authority.
over() {
    local transport=$1 tool=$2
    shift 2
    local flags=(-L "${url[$transport]}")
    [ "$transport" != TLS ] || flags+=(--cafile "$work/cert.pem")
    "$tool" "${flags[@]}" "$@"
}
# A retained message tells when a subscriber's SUBSCRIBE has been handled: it is the first to arrive, and all
# filters of one SUBSCRIBE take effect together.
announce_ready() { over TCP mqtt-pub -t demo/ready -m ready -r -q 1; }

# -- 1. live readings --------------------------------------------------------------------------------------

read_load() { local a b c d e; read -r a b c d e </proc/loadavg; echo "load $a $b $c, processes $d"; }
read_memory() {
    awk '/^MemTotal/ { t = $2 } /^MemAvailable/ { a = $2 }
         END { printf "%.1f of %.1f MiB available\n", a / 1024, t / 1024 }' /proc/meminfo
}
read_network() {
    awk -F'[: ]+' 'NR > 2 { sub(/^ +/, ""); $0 = $0; rx += $2; tx += $10 }
         END { printf "%.0f bytes in, %.0f bytes out\n", rx, tx }' /proc/net/dev
}
# The temperature where the machine has a sensor; where it has none, that is said and the load reported.
read_temperature() {
    local zone
    for zone in /sys/class/thermal/thermal_zone*/temp /sys/class/hwmon/hwmon*/temp1_input; do
        if [ -r "$zone" ]; then awk '{ printf "温度 %.1f ℃\n", $1 / 1000 }' "$zone"; return; fi
    done 2>/dev/null
    echo "本机没有温度传感器,改报负载 $(cut -d' ' -f1 /proc/loadavg)"
}
# readings TOPIC READER SENT-FILE: a line per second; what is printed is also noted as sent.
readings() {
    local i line
    for ((i = 0; i < seconds; i++)); do
        line=$($2)
        printf '%s %s\n' "$1" "$line" >>"$3"
        printf '%s\n' "$line"
        sleep 1
    done
}

live_readings() {
    title "1. live readings, one per second and topic, for $seconds s: mqtt-pub -> mqtt-broker-lite -> mqtt-sub"
    say "${dim}mqtt-sub -t 'machine/#' -t '大楼/+/温度' -v   (one subscriber; publishers over TCP, TLS and WebSocket)$plain"
    local expected=$((6 * seconds + 1)) transport name sub publishers=()
    announce_ready
    : >"$work/received.live"
    mqtt-sub -L "${url[TCP]}" -t demo/ready -t 'machine/#' -t '大楼/+/温度' -q 1 -v -C $expected \
        -W $((seconds + 20)) 2>"$work/sub1.err" >>"$work/received.live" &
    sub=$!
    tail -n +1 -f --pid=$sub "$work/received.live" 2>/dev/null | show_readings &
    local show=$!
    wait_for 10 "the subscription" grep -q '^demo/ready ' "$work/received.live"
    local -A reader=([TCP]=read_load [TLS]=read_memory [WebSocket]=read_network)
    local -A leaf=([TCP]=load [TLS]=memory [WebSocket]=network) floor=([TCP]=一层 [TLS]=二层 [WebSocket]=三层)
    name=$(uname -n)
    for transport in TCP TLS WebSocket; do
        readings "machine/$name/${leaf[$transport]}" "${reader[$transport]}" "$work/sent.$transport.machine" |
            over "$transport" mqtt-pub -t "machine/$name/${leaf[$transport]}" -q 1 -l &
        publishers+=($!)
        readings "大楼/${floor[$transport]}/温度" read_temperature "$work/sent.$transport.floor" |
            over "$transport" mqtt-pub -t "大楼/${floor[$transport]}/温度" -q 1 -l &
        publishers+=($!)
    done
    for pid in "${publishers[@]}"; do wait "$pid" || die "a publisher failed"; done
    wait $sub || lost=1
    wait $show || true
    for transport in TCP TLS WebSocket; do
        cat "$work"/sent."$transport".* | sort >"$work/sent"
        grep -E "^(machine/[^ ]*/${leaf[$transport]}|大楼/${floor[$transport]}/温度) " "$work/received.live" |
            sort >"$work/arrived" || true
        row "live readings" "$transport" "$(wc -l <"$work/sent")" "$(comm -12 "$work/sent" "$work/arrived" | wc -l)"
    done
}
show_readings() {
    local topic payload
    while read -r topic payload; do
        [ "$topic" = demo/ready ] || printf '  %s  %s%s%s  %s\n' "$(date +%T)" "$cyan" "$topic" "$plain" "$payload" >&2
    done
}

# -- 2. a whole file ---------------------------------------------------------------------------------------

# 100,000 lines and more of this machine: the file lists and checksums of its packages, and, where that is
# not enough, the text of its headers and documents. Every line is a message; empty lines are left out.
make_file() {
    local lines=0 file
    cat /var/lib/dpkg/info/*.list /var/lib/dpkg/info/*.md5sums 2>/dev/null | grep -v '^$' >"$work/file" || true
    for file in /usr/include /usr/share; do
        lines=$(wc -l <"$work/file")
        [ "$lines" -lt 100000 ] || break
        find "$file" -type f \( -name '*.h' -o -name '*.hpp' -o -name '*.ipp' -o -name '*.txt' -o -name copyright \) \
            -exec cat {} + 2>/dev/null | tr -d '\0\r' | grep -av '^$' | head -n 200000 >>"$work/file" || true
    done
    # One line of Chinese in it, in the middle of everything.
    sed -i "50000a 大楼/三层/温度 $(read_temperature)" "$work/file"
    [ "$(tail -c 1 "$work/file" | od -An -c | tr -d ' ')" = '\n' ] || echo >>"$work/file"
}

whole_file() {
    make_file
    local lines transport started sub sum arrived
    lines=$(wc -l <"$work/file")
    sum=$(sha256sum <"$work/file")
    title "2. $(thousands "$lines") lines of this machine's package lists, a message each, QoS 1, over every transport"
    say "${dim}mqtt-pub -l -q 1 <file   |   mqtt-sub -q 1 -C $lines >copy   |   cmp file copy$plain"
    local topic=大楼/三层/温度/文件
    for transport in TCP TLS WebSocket; do
        over "$transport" mqtt-sub -t demo/ready -t "$topic" -q 1 -C $((lines + 1)) -W 120 \
            2>"$work/sub2.err" >"$work/copy" &
        sub=$!
        wait_for 10 "the subscription over $transport" grep -q '^ready$' "$work/copy"
        started=$(now)
        over "$transport" mqtt-pub -t "$topic" -q 1 -l <"$work/file" || die "mqtt-pub over $transport failed"
        wait $sub || say "${red}mqtt-sub: $(cat "$work/sub2.err")$plain"
        local took; took=$(since "$started")
        tail -n +2 "$work/copy" >"$work/copied"
        if cmp -s "$work/file" "$work/copied"; then arrived=$lines; else
            arrived=$(wc -l <"$work/copied")
            [ "$arrived" != "$lines" ] || arrived=0  # as many lines, but not the same
        fi
        say "$(printf '  %-10s %s lines in %s s, sha256 %.16s… of what was sent, %.16s… of what arrived' \
            "$transport" "$(thousands "$arrived")" "$took" "$sum" "$(sha256sum <"$work/copied")")"
        row "file, in order" "$transport" "$lines" "$arrived" "$took"
    done
}

# -- 3. the clients that people have -----------------------------------------------------------------------

mosquitto_clients() {
    if ! command -v mosquitto_pub >/dev/null || ! command -v mosquitto_sub >/dev/null; then
        say "${dim}3. mosquitto's clients are not installed here: left out (apt-get install mosquitto-clients)$plain"
        return 0
    fi
    title "3. Debian's mosquitto_pub and mosquitto_sub with our broker, 1,000 lines each way"
    local port=${url[TCP]##*:} sub topic=大楼/四层/温度
    head -n 1000 "$work/file" >"$work/thousand"
    local pair publisher subscriber
    for pair in "mosquitto_pub mqtt-sub" "mqtt-pub mosquitto_sub" "mosquitto_pub mosquitto_sub"; do
        publisher=${pair% *} subscriber=${pair#* }
        $subscriber -h 127.0.0.1 -p "$port" -t demo/ready -t "$topic" -q 1 -C 1001 -W 30 \
            >"$work/copy" 2>"$work/sub3.err" &
        sub=$!
        wait_for 10 "$subscriber" grep -q '^ready$' "$work/copy"
        $publisher -h 127.0.0.1 -p "$port" -t "$topic" -q 1 -l <"$work/thousand" || true
        wait $sub || true
        tail -n +2 "$work/copy" >"$work/copied"
        # Equal lines in equal places.
        local same; same=$(paste -d '\n' "$work/thousand" "$work/copied" 2>/dev/null |
            awk 'NR % 2 { a = $0; next } a == $0 { n++ } END { print n + 0 }')
        say "  $publisher -> $subscriber: $(thousands "$same") of 1,000"
        row "$publisher to $subscriber" TCP 1000 "$same"
    done
}

# -- 4. load -----------------------------------------------------------------------------------------------

load_test() {
    local status=0 command=(mqtt-bench pubsub --embedded --max -d "${seconds}s" --assert 'loss==0')
    title "4. mqtt-bench: a broker in the same process, as fast as it goes, for $seconds s"
    say "${dim}${command[*]}$plain"
    "${command[@]}" 2>&1 | tee "$work/bench" | sed 's/^/  /' >&2 || status=${PIPESTATUS[0]}
    case $status in
        0) ;;
        3) say "  (other programs took the cores that the measurement needed: the figures are a lower bound)" ;;
        *) lost=1; say "${red}the load test failed with exit status $status$plain" ;;
    esac
}

summary() {
    local line took=$((SECONDS - demo_started))
    title "what was sent and what arrived"
    { printf 'what\tover\tsent\tarrived\trate\t\n'; printf '%s\n' "${rows[@]}"; } |
        awk -F'\t' -v bold="$bold" -v plain="$plain" '
            { printf "  %s%-32s %-10s %10s %10s %12s  %s%s\n", NR == 1 ? bold : "", $1, $2, $3, $4, $5, $6, plain }' >&2
    say ""
    [ "$lost" = 0 ] || die "not everything arrived"
    say "$green${bold}Everything arrived.$plain  The whole demo took $((took / 60)) min $((took % 60)) s; nothing is left running."
    say "Try it yourself:  export PATH=$root/build/release/bin:\$PATH"
    say "                  mqtt-broker-lite -v      then, in two other terminals:"
    say "                  mqtt-sub -t '#' -v       and   mqtt-pub -t hello -m world"
}
