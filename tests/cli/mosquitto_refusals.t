# timeout: 120
# Under mosquitto's names what mosquitto's clients refuse is refused in their words, and where they find a fault late,
# so do ours: characters that the standard only advises against, bytes that are no UTF-8, and what TLS needs.
. "$(dirname "$0")/drop_in.sh"
for kind in pub sub rr; do need "mosquitto_$kind"; done
[ "$their_version" = 2.0 ] || skip "the sentences are those of mosquitto 2.0, here is $their_version"
with_broker theirs
mkdir "$T/empty"
make_certs
ca=$T/certs/ca.crt

# Control characters of both blocks, non-characters, what is none of them, and bytes.
for odd in $'a\x01b' $'a\nb' $'a\x7fb' $'a\xc2\x9fb' $'a\xef\xb7\x90' $'a\xf0\x9f\xbf\xbe' $'a\xff' $'a\xed\xa0\x80'; do
    same pub -p "$PORT" -t "$odd" -m x
    same sub -p "$PORT" -t "$odd" -E
done
for fine in $'a\xc2\xa0b' $'a\xef\xbb\xbf' $'a\xef\xb7\x8f' $'\xf0\x9f\x99\x82'; do same pub -p "$PORT" -t "$fine" -m x -q 1 -d -i me; done
for odd in $'a\x01b' $'a\xff'; do
    same sub -p "$PORT" -t b -T "$odd" -E
    same sub -p "$PORT" -t b -U "$odd" -E
    same sub -p "$PORT" -t b --will-topic "$odd" -E -V 5
    same rr -p "$PORT" -t b -e "$odd" -m x
    same rr -p "$PORT" -t "$odd" -e b -m x
    same pub -L "mqtt://127.0.0.1:$PORT/$odd" -m x
    same pub -p "$PORT" -t b -m x -u "$odd" -V 5
    same pub -L "mqtt://$odd@127.0.0.1:$PORT/b" -m x
    same pub -p "$PORT" -t b -m x -i "$odd" -V 5
    same sub -p "$PORT" -t b -I "$odd"
    same pub -p "$PORT" -t b -m "$odd" --will-topic w --will-payload "$odd" -V 5
    same pub -p "$PORT" -t b -m x -D publish content-type "$odd"
    same pub -p "$PORT" -t b -m x -D publish correlation-data "$odd"
    same sub -p "$PORT" -t b -E -D subscribe user-property "$odd" value
    same sub -p "$PORT" -t b -E -D will response-topic "$odd" --will-topic w
    same rr -p "$PORT" -t b -e r -m x -D connect authentication-method "$odd"
    same pub -p "$PORT" -t b -m x -D disconnect reason-string "$odd"
done

# TLS: a file that cannot be opened is told at once, what is in it when somebody has answered, a folder never.
tls() { # tls PORT words...: each of the three
    local port=$1; shift
    same pub -h 127.0.0.1 -p "$port" -t a -m x "$@"
    same sub -h 127.0.0.1 -p "$port" -t a "$@"
    same rr -h 127.0.0.1 -p "$port" -t a -e b -m x "$@"
}
for port in "$closed" "$PORT"; do
    tls "$port" --capath "$T/missing"
    tls "$port" --cafile "$ca" --ciphers none-of-them
    for words in "--capath $T/empty" "--cafile $T/empty" '--cafile /etc/passwd' '--psk 00 --psk-identity i --ciphers none' \
        "--cafile $ca --cert /etc/passwd --key /etc/passwd" "--cafile $ca --cert $T/certs/client.crt --key /etc/passwd" \
        "--cafile $ca --cert $T/certs/client.crt --key $T/missing" "--cafile $ca --cert $T/missing --key $T/certs/ca.key" \
        "--cafile $ca --cert $T/certs/client.crt --key $T/certs/ca.key" "--cafile $ca --tls-engine no-such" \
        '--psk 0g --psk-identity i' '--cert a --key b --keyform x' '--keyform x' '--tls-version tlsv9' '--tls-version ' \
        "--cafile $ca --cert a --key b --keyform engine --tls-engine no-such --tls-engine-kpass-sha1 zz"; do
        # shellcheck disable=SC2086
        same pub -h 127.0.0.1 -p "$port" -t a -m x $words
    done
done
rows <<'E1'
rr -t a -m x --tls-version tlsv9
pub -h no-such-host.invalid -t a -m x --capath "$T/missing"
pub -t a -m x --capath "$T/missing" --proxy socks5h://127.0.0.1:1
pub -h 127.0.0.1 -p 1 -t a -m x --capath "$T/missing" -A 203.0.113.77
pub -L mqtts://127.0.0.1:1/a -m x --capath "$T/missing"
sub -t a -p 1 --capath "$T/missing" -d -i me
pub -l -t a -p 1 --capath "$T/missing" -d -i me
every -h '' -t a -m x -e b
pub -p 0 -t a -m x
sub -h "$T/no-socket" -p 0 -t a
pub --unix "$(printf '%0200d' 1)" -t a -m x
pub --proxy socks5h:// -t a -m x
pub --proxy socks5h://me:word@127.0.0.1:x -t a -m x
pub --proxy socks5h://127.0.0.1:70000 -t a -m x
pub -t a -m x -x 1x
pub -t a -m x -L mqtt://127.0.0.1:1/a/#
sub -t a -L mqtt://127.0.0.1:1/a#
sub -t a -p $PORT -E -i me -d -D unsubscribe user-property a b -V 311
rr -t a -e b -m x -D publish response-topic c
E1

# Words as atoi() and the last of several options have them, hosts that are paths, and local addresses by name.
big=$(head -c 65536 /dev/zero | tr '\0' a)
bad=$'a\xff'
rows <<'E2'
pub -p $PORT -t a -m x -D publish message-expiry-interval 1x
pub -p $PORT -t a -m x -D publish message-expiry-interval ''
pub -p $PORT -t a -m x -D publish message-expiry-interval ' +1'
pub -p $PORT -t a -m x -D publish message-expiry-interval 99999999999999999999
pub -p $PORT -t a -m x -D publish topic-alias x
sub -p $PORT -t a -E -D connect receive-maximum ''
sub -p $PORT -t a -E -D connect request-problem-information 1x
sub -p $PORT -t a -E -D subscribe subscription-identifier 7x
pub -p $PORT -t a -m x -D publish user-property "$bad" "$bad"
pub -p $PORT -t a -m x -D connect authentication-data x -D connect authentication-method y
pub -p $PORT -t a -m x -D connect authentication-method y -D connect authentication-data x
pub -p $PORT -t a -m x -D disconnect server-reference x
sub -p $PORT -t a -E -D disconnect server-reference x -d -i me
pub -p $PORT -t $big -m x
sub -p $PORT -t $big
sub -p $PORT -t a -T $big
sub -p $PORT -t a -U $big
rr -p $PORT -t b -e $big -m x
pub -p $PORT -t a -m x --will-topic $big
pub -p $PORT -t a -m x -u $big
pub -L mqtt://127.0.0.1:$PORT/$big -m x
pub -h 127.0.0.1 -p $PORT -t a -m x -A localhost
rr -h 127.0.0.1 -p $PORT -t a -e b -m x -A no-such-host.invalid
sub -h 127.0.0.1 -p 1 -t a -A no-such-host.invalid
rr -t a -e b -m x --unix ''
pub -t a -m x -h '' -p 0
pub -t a -m x --unix "$T/none"
pub -t a -m x --unix "$T/none" -p $PORT
pub -t a -m x -p $PORT --unix "$T/none"
pub -t a -m x --unix "$T/none" -h 127.0.0.1 -p $PORT
pub -t a -m x --unix "$T/none" -L mqtt://127.0.0.1:$PORT/t
pub -m x -L mqtt://127.0.0.1:x/t
pub -m x -L mqtt://127.0.0.1:/t
sub -L mqtt://127.0.0.1:0/t
rr -e b -m x -L mqtts://127.0.0.1:x/t
pub -m x -L mqtt://127.0.0.1:70000/t
pub -m x -L mqtt://127.0.0.1:${PORT}x/t
pub -m x -L mqtt://a:7@127.0.0.1:$PORT/t:5 -d -i me
pub -m x -L mqtt:///t
sub -L mqtt://a:b@:1/t
E2
# Under our own names the fault comes first, and is named.
run mqtt-pub -p "$closed" -t a -m x --capath "$T/missing"; expect_exit 1
expect_match "$T/err" "cannot read the CA directory '$T/missing'"
run mqtt-pub -h "$HOST" -p "$PORT" -t $'a\x01b' -m x; [ "$status" != 1 ] || fail 'a topic that the standard allows'
