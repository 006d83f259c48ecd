# http_dir: static files beside MQTT on a WebSocket listener, with TLS too, and beside the API on a listener for HTTP; what
# is wrong with it is told with its line. tests/broker/http_server_test.cpp has the paths that lead nowhere.
. "$(dirname "$0")/lib.sh"
need curl openssl
make_certs
mkdir -p "$T/www/js"
printf '<title>mine</title>' >"$T/www/index.html"
printf 'let x = 1\n' >"$T/www/js/app.js"
ws=$(free_port) wss=$(free_port) api=$(free_port)
printf '%s\n' "user $(id -un)" 'allow_anonymous true' \
    "listener $ws $HOST" 'protocol websockets' "http_dir $T/www" \
    "listener $wss $HOST" 'protocol websockets' "http_dir $T/www/" "certfile $T/certs/server.crt" "keyfile $T/certs/server.key" \
    "http_listener $api" "http_dir $T/www" >"$T/conf"
start_broker -c "$T/conf"
get() { curl -s -m 20 --path-as-is --cacert "$T/certs/ca.crt" -o "$T/out" -w '%{http_code} %{content_type}' "$@"; }
for site in "http://$HOST:$ws" "https://localhost:$wss" "http://$HOST:$api"; do
    expect_eq "$site/" "$(get "$site/")" '200 text/html; charset=utf-8'
    cmp -s "$T/out" "$T/www/index.html" || fail "$site/ is not index.html"
    expect_eq "$site/js/app.js" "$(get "$site/js/app.js")" '200 text/javascript; charset=utf-8'
    expect_eq "$site/js" "$(get -L -w '%{http_code} %{num_redirects}' "$site/js")" '404 1'
    expect_eq "$site/../conf" "$(get "$site/../conf")" '404 application/json'
done
expect_eq 'the API on a listener for it' "$(get "http://$HOST:$api/healthz")" '200 text/plain; charset=utf-8'
expect_eq 'no API on one for WebSocket' "$(get "http://$HOST:$ws/api/topics")" '404 application/json'
expect_eq 'no way to publish there' "$(get -X POST -d x "http://$HOST:$ws/api/publish?topic=a")" '405 application/json'
for url in "ws://$HOST:$ws/mqtt" "wss://localhost:$wss/mqtt" "ws://$HOST:$api/mqtt"; do
    trust=(); [ "${url%%:*}" != wss ] || trust=(--cafile "$T/certs/ca.crt")
    run mqtt-pub -L "$url" "${trust[@]}" -t a -r -q 1 -m "$url"; expect_exit 0
    run mqtt-sub -L "$url" "${trust[@]}" -t a -C 1 -W 20
    expect_eq "MQTT on $url" "$(cat "$T/out")" "$url"
done
# The listeners are told as what they are.
expect_eq 'the scheme of the first' "$(broker_port ws)" "$ws"

printf '%s\n' "listener $ws" "http_dir $T/www" "listener $wss" 'protocol websockets' "http_dir $T/none" 'enable_proxy_protocol 2' \
    >"$T/wrong.conf"
run mqtt-broker-lite -c "$T/wrong.conf" --check-config
expect_exit 1
expect_match "$T/err" 'warning: .*wrong.conf:2: http_dir: it has no effect here: files are served with protocol websockets or http_api'
expect_match "$T/err" "wrong.conf:5: http_dir: '.*/none' is no folder"
