# -S asks DNS for the server: lowest priority first, then highest weight; _secure-mqtt with TLS. In a network of its own
# with a name server that knows three records (srv_names.py).
. "$(dirname "$0")/lib.sh"
need python3 unshare
unshare -rmn true 2>/dev/null || skip 'namespaces are not permitted here'
echo 'nameserver 127.0.0.1' >"$T/resolv.conf"
cat >"$T/inside" <<'END'
set -eu
mount --bind "$T/resolv.conf" /etc/resolv.conf
python3 "$HERE/srv_names.py" "$T/names" & names=$!
mqtt-broker-lite -p 0 --ready-file "$T/urls" >"$T/broker.log" 2>&1 & broker=$!
trap 'kill $names $broker' EXIT
for i in $(seq 200); do [ -s "$T/urls" ] && break; sleep 0.05; done
port=$(sed -nE 's#^mqtt://127\.0\.0\.1:([0-9]+).*#\1#p' "$T/urls" | head -n 1)
echo "$port" >"$T/names"
for i in $(seq 200); do [ -s "$T/names.ready" ] && break; sleep 0.05; done
mqtt-pub -S -h example.test -t a -m x -q 1
status=0; mqtt-pub -S -h example.test --tls --insecure -t a -m x -q 1 --connect-timeout 2s 2>"$T/secure" || status=$?
[ $status != 0 ] || exit 3
status=0; mqtt-pub -S -h nothing.test -t a -m x -q 1 2>"$T/nothing" || status=$?
[ $status = 15 ] || exit 4
END
export T HERE; HERE=$(cd "$(dirname "$0")" && pwd)
run unshare -rmn bash "$T/inside"
[ "$status" = 0 ] || { cat "$T/err" "$T/secure" "$T/nothing" >&2 || true; fail "exit status $status"; }
expect_match "$T/secure" 'port 8884'
expect_match "$T/nothing" 'no SRV record of _mqtt\._tcp\.nothing\.test'
expect_match "$T/names.asked" '^_mqtt\._tcp\.example\.test SRV$'
expect_match "$T/names.asked" '^_secure-mqtt\._tcp\.example\.test SRV$'
