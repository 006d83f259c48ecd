# timeout: 120
# Our broker behind HAProxy (TLS ended there) and Nginx (WebSocket over TLS ended there, a path of its own),
# as people put brokers on the internet; our own tools are the clients.
. "$(dirname "$0")/../cli/lib.sh"
need haproxy nginx
make_certs
start_broker -v --listen ws://127.0.0.1:0 --max-queued-messages 0
tls_port=$(free_port) wss_port=$(free_port)
cat "$T/certs/server.crt" "$T/certs/server.key" >"$T/certs/both.pem"

cat >"$T/haproxy.cfg" <<EOF
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen mqtts
    bind 127.0.0.1:$tls_port ssl crt $T/certs/both.pem
    server broker 127.0.0.1:$PORT
EOF
"$(lib_find haproxy)" -db -f "$T/haproxy.cfg" >"$T/haproxy.log" 2>&1 &
lib_pids+=($!)

mkdir -p "$T/nginx"
cat >"$T/nginx.conf" <<EOF
daemon off;
master_process off;
pid $T/nginx/pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path $T/nginx; proxy_temp_path $T/nginx; fastcgi_temp_path $T/nginx;
    uwsgi_temp_path $T/nginx; scgi_temp_path $T/nginx;
    server {
        listen 127.0.0.1:$wss_port ssl;
        ssl_certificate $T/certs/server.crt;
        ssl_certificate_key $T/certs/server.key;
        location /broker/mqtt {
            proxy_pass http://127.0.0.1:$(broker_port ws);
            proxy_http_version 1.1;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header Host \$host;
        }
    }
}
EOF
"$(lib_find nginx)" -c "$T/nginx.conf" -e stderr >"$T/nginx.log" 2>&1 &
lib_pids+=($!)

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
until_true 10 listens "$tls_port"
until_true 10 listens "$wss_port"

urls=("mqtts://localhost:$tls_port" "wss://localhost:$wss_port/broker/mqtt")
for url in "${urls[@]}"; do
    for version in 311 5; do
        run mqtt-pub -L "$url/" --cafile "$T/certs/ca.crt" -V "$version" -t "proxy/$version" -q 2 -r -m "温度 $version"
        expect_exit 0
        run mqtt-sub -L "$url/" --cafile "$T/certs/ca.crt" -V "$version" -t "proxy/$version" -q 2 -C 1 -W 20
        expect_eq "$url, MQTT $version" "$(cat "$T/out")" "温度 $version"
        seq 20000 >"$T/lines"
        : >"$T/sub.err"  # the SUBACK of the run before is not this one's
        mqtt-sub -L "$url/" --cafile "$T/certs/ca.crt" -V "$version" -t lines -q 1 -C 20000 -W 30 -d >"$T/got" 2>"$T/sub.err" &
        reader=$!
        until_true 10 grep -q 'received SUBACK' "$T/sub.err"
        mqtt-pub -L "$url/" --cafile "$T/certs/ca.crt" -V "$version" -t lines -q 1 -l <"$T/lines"
        finish "$reader" 40
        cmp "$T/lines" "$T/got" || fail "$url, MQTT $version: the lines differ"
    done
done
