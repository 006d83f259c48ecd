# timeout: 120
# The HTTP API: every curl line of the manual as it stands there, then users, rights, limits, and pages of others.
. "$(dirname "$0")/lib.sh"
need curl
start_broker --console 127.0.0.1:0
api=http://$HOST:$(broker_port http)

# http METHOD PATH [curl argument...]: body in $T/out, status in $code.
http() {
    local method=$1 path=$2; shift 2
    code=$(curl -s -m 20 -o "$T/out" -w '%{http_code}' -X "$method" "$@" "$api$path") || fail "curl $method $path: $?"
}
expect_http() { [ "$code" = "$1" ] || { cat "$T/out" >&2; fail "status $code, expected $1"; }; }
expect_error() { expect_http "$1"; expect_match "$T/out" "^\{\"error\":\".*$2.*\"\}$"; has_lines "$T/out" 1 || fail 'no line'; }

# The lines of the manual, on our port, with a client that is there.
background client mqtt-sub -h "$HOST" -p "$PORT" -i CLIENT -q 1 -t 'home/#'
client=$pid
until_true 20 curl -sf "$api/api/clients/CLIENT"
until_true 20 eval 'curl -sf "$api/api/clients/CLIENT" | grep -q home/#'
sed -nE 's/^ *(curl .*)/\1/p' "$lib_root/man/mqtt-broker-lite.1" | sed 's/\\-/-/g; s/\\(aq/'"'"'/g; s/\\(dq/"/g; s/\\&//g; s/\\e/\\/g' \
    >"$T/lines"
[ "$(grep -c . "$T/lines")" -ge 16 ] || fail "only $(grep -c . "$T/lines") curl lines in the manual"
while read -r line; do
    line=${line//http:\/\/127.0.0.1:9883/$api}
    bash -c "$line --fail --max-time 20" >"$T/out" 2>"$T/err" </dev/null || fail "of the manual: $line: exit $?"
    case $line in
    *content-type*) expect_match "$T/out" '^\{"topic":"home/lamp","qos":0,"retain":false\}$' ;;
    *publish*) expect_match "$T/out" '^\{"topic":"home/kitchen/temp","qos":1,"retain":true,"had_subscribers":true\}$' ;;
    *Accept*) expect_match "$T/out" '"topic":"home/kitchen/temp","qos":1,"retain":true,"payloadlen":4,"payload":"21.5"' ;;
    *retained*) expect_eq 'the retained payload' "$(cat "$T/out")" 21.5 ;;
    *limit=10*) expect_match "$T/out" '"payloadlen":4\}$' ;;
    *topics*) expect_match "$T/out" '^\{"topic":"home/kitchen/temp",.*"payload":"21.5"' ;;
    *subscribe*) expect_match "$T/out" '^data: \{"topic":"home/kitchen/temp","qos":0,"retain":true,.*"21.5"' ;;
    *DELETE*) until_true 10 grep -qi 'administrative action' "$T/client.err" ;;
    *clients/CLIENT*) expect_match "$T/out" '"version":"(5.0|3.1.1)","address":"127.0.0.1:[0-9]+".*"keep_alive":60.*"filter":"home/#","qos":1' ;;
    *clients) expect_match "$T/out" '"total":[1-9]' ;;
    *explain*) expect_match "$T/out" '"would_receive":\[' ;;
    *metrics) expect_match "$T/out" '^mqtt_broker_publish_received_total\{shard="0"\} [1-9]' ;;
    *stats) expect_match "$T/out" '"process_resident_memory_bytes":[1-9].*"publish_received_total":2,' ;;
    *config) expect_match "$T/out" '^# flag, wins: --console' ;;
    *healthz) expect_match "$T/out" '^ok$' ;;
    *readyz) expect_match "$T/out" '^ready$' ;;
    *) fail "no check for $line" ;;
    esac
done <"$T/lines"

# Prometheus' own reader takes it, where it is installed; every family has one HELP and TYPE, before its samples.
curl -s "$api/metrics" >"$T/metrics"
awk '/^# TYPE/ { if (seen[$3]++) { print "twice: " $3; bad = 1 } type[$3] = $4; next } /^#/ { next }
     { name = $1; sub(/\{.*/, "", name); if (!(name in type)) { print "no TYPE: " name; bad = 1 }
       if ((name ~ /_total$/) != (type[name] == "counter")) { print "named unlike its type: " name; bad = 1 } }
     END { exit bad }' "$T/metrics" || fail 'metrics'
if lib_find promtool >/dev/null; then promtool check metrics <"$T/metrics" || fail 'promtool'; fi

# The same figures as a message, once a second.
run mqtt-sub -h "$HOST" -p "$PORT" -t '$SYS/broker/stats' -C 2 -W 30
expect_exit 0
expect_eq 'figures by MQTT' "$(grep -c '"process_resident_memory_bytes":[1-9].*"shards":\[' "$T/out")" 2

# What goes wrong has a status and one line.
http GET /api/retained/none; expect_error 404 'no message is retained'
http GET /api/retained/a%2Fb%23; expect_error 400 'not a topic name'
http GET /api/nothing; expect_error 404 'HTTP API'
http DELETE /api/topics; expect_error 405 'GET'
http GET '/api/topics?filtr=a'; expect_error 400 "'filtr' is not known; there are: filter"
http GET '/api/topics?filter=a/%23/b'; expect_error 400 'not a topic filter'
http GET '/api/subscribe?filter=a&qos=3'; expect_error 400 'qos is a number up to 2'
http POST '/api/publish?topic=a%2B' -d x; expect_error 400 'not a topic name'
http POST '/api/publish?topic=$SYS/x' -d x; expect_error 403 'refused: Not authorized'
http POST '/api/publish?topic=a&message-expiry-interval=x' -d x; expect_error 400 'message-expiry-interval'
http DELETE /api/clients/nobody; expect_error 404 'no such client'
head -c 1100000 /dev/zero >"$T/large"
http POST '/api/publish?topic=a' --data-binary "@$T/large"; expect_error 413 'too large'
http POST '/api/publish?topic=a' -H 'Transfer-Encoding: chunked' -d x; expect_error 411 'Content-Length'
head -c 900000 /dev/urandom >"$T/large"
http POST '/api/publish?topic=large&retain=1&qos=2' --data-binary "@$T/large"; expect_http 200
http GET /api/retained/large; cmp -s "$T/out" "$T/large" || fail 'a large payload came back changed'
http POST '/api/publish?topic=large&retain=1' -d ''; expect_http 200
http GET /api/retained/large; expect_error 404 retained

# Pages of others: no answer, and nothing is done.
page() { http POST '/api/publish?topic=hostile&retain=1' -d x "$@"; }
page -H 'Origin: https://evil.example'; expect_error 403 'other sites'
page -H 'Origin: http://127.0.0.1:1'; expect_error 403 'other sites'
page -H 'Origin: null'; expect_error 403 'other sites'
page -H 'Sec-Fetch-Site: cross-site'; expect_error 403 'other sites'
page -H 'Host: evil.example'; expect_error 421 'host name'
http GET /api/retained/hostile; expect_error 404 retained
page -H "Origin: $api"; expect_http 200
http GET / -H 'Sec-Fetch-Site: cross-site'; expect_http 200

# What a payload is, no browser runs.
http POST '/api/publish?topic=html&retain=1' -d '<script>alert(1)</script>'
curl -s -D "$T/head" -o /dev/null "$api/api/retained/html"
expect_match "$T/head" '^Content-Type: text/plain; charset=utf-8'
expect_match "$T/head" '^X-Content-Type-Options: nosniff'
expect_match "$T/head" "^Content-Security-Policy: default-src 'none'.*sandbox"
stop_broker

# Users and rights are those of MQTT, on three threads.
printf 'topic read open/#\nuser ann\ntopic readwrite a/#\ntopic deny a/secret\ntopic read $SYS/#\nuser boss\ntopic readwrite #\ntopic read $SYS/#\ntopic write $CONTROL/#\n' >"$T/acl"
for user in ann boss; do mqtt-broker-lite passwd -b $([ -e "$T/passwords" ] || echo -c) "$T/passwords" $user secret; done
printf '%s\n' 'user root' 'allow_anonymous true' "password_file $T/passwords" "acl_file $T/acl" >"$T/conf"
port=$(free_port) port2=$(free_port)
printf '%s\n' "listener $port2 127.0.0.1" "http_listener $port" "listener $(free_port) 0.0.0.0" 'protocol http_api' >>"$T/conf"
start_broker -c "$T/conf" --threads 3
api=http://$HOST:$port
http GET /api/topics?filter=a; expect_error 403 'may not subscribe'
http GET /metrics; expect_error 403 'SYS/broker/stats'
http GET /api/topics?filter=a -u ann:wrong; expect_error 401 'password'
http GET /api/topics?filter=a -u ann:secret; expect_http 200
http POST '/api/publish?topic=b' -u ann:secret -d x; expect_error 403 'may not publish'
http POST '/api/publish?topic=a/b&qos=1&retain=1' -u ann:secret -d x; expect_http 200
http GET /api/retained/a/b; expect_error 403 'may not read'
http GET /api/retained/a/b -u ann:secret; expect_http 200
http GET '/api/subscribe?filter=b' -u ann:secret; expect_error 403 'Not authorized'
http GET /metrics -u ann:secret; expect_match "$T/out" 'shard="2"'
for n in 1 2 3 4 5 6; do background "s$n" mqtt-sub -h "$HOST" -p "$port2" -i "s$n" -u boss -P secret -t a/b; done
background mute mqtt-sub -h "$HOST" -p "$port2" -i mute -t 'open/#' -t A/B
background ann mqtt-sub -h "$HOST" -p "$port2" -i ann-1 -u ann -P secret -q 1 -t 'a/#'
all_there() { http GET /api/clients -u ann:secret; [ "$(grep -c '^{"id":"s[0-9]".*"subscription_count":1}' "$T/out")" = 6 ] && grep -q '"id":"mute".*"subscription_count":1}' "$T/out" &&
    grep -q '"id":"ann-1".*"subscription_count":1' "$T/out"; }
until_true 20 all_there
http GET '/api/clients?limit=2&match=s' -u ann:secret; expect_match "$T/out" '"next":"s2"'
http GET '/api/clients?limit=9&match=s&after=s2' -u ann:secret; expect_eq 'clients after s2' "$(grep -c '"id":"s' "$T/out")" 4
http GET '/api/explain?topic=a/b' -u ann:secret; expect_match "$T/out" '"receivers":7,"others":1'
expect_match "$T/out" '"client":"mute","connected":true,"kind":"filter","why":"none of its 1 filter'
http GET '/api/explain?topic=a/b&from=mute' -u ann:secret
expect_match "$T/out" "\"may_publish\":false,\"why_not\":\"no line of $T/acl lets clients without user name write it\""
http GET '/api/explain?topic=a/secret&client=ann-1' -u ann:secret
expect_match "$T/out" "\"kind\":\"access\",\"why\":\"$T/acl:4 denies it \(deny a/secret\)\""
http DELETE /api/clients/s3 -u ann:secret; expect_error 403 'CONTROL/broker/clients/s3'
http DELETE /api/clients/s3 -u boss:secret; expect_http 204
http GET /healthz; expect_http 200
# Where others could come, there is no way in without a password.
api=$(sed -n 's#/$##; /^http:/p' "$BROKER_URLS" | grep -v ":$port" | head -n 1)
http GET /metrics; expect_error 401 password
http GET /metrics -u guest:guest; expect_error 401 password
http GET /metrics -u ann:secret; expect_http 200
stop_broker

# A bridge is a client that nobody disconnects.
start_broker
printf '%s\n' 'user root' "http_listener $port" 'connection over' "address 127.0.0.1:$PORT" 'topic # out 1' 'local_clientid over' >"$T/conf"
start_broker -c "$T/conf"
api=http://$HOST:$port
! grep -vE '^(mqtt|http)://(127\.0\.0\.1|\[::1\]):' "$BROKER_URLS" || fail 'a console alone opens the broker to others'
bridged() { http GET /api/clients/over; grep -q '"connected":true,"bridge":true' "$T/out"; }
until_true 20 bridged
http GET '/api/explain?topic=a&qos=1'; expect_match "$T/out" '"client":"[^"]*over[^"]*","connected":true,"filter":"#","qos":1,"how":"sent over the bridge"'
http DELETE '/api/clients/over?session=true'; expect_error 409 'bridge of the broker'
bridged || fail 'the bridge is gone'

# A console that everybody could reach is refused at the start.
run mqtt-broker-lite -p 0 --console any:0
expect_exit 1
expect_match "$T/err" 'nobody could log in: give it users'
