# timeout: 240
# Under mosquitto's names exit status, stdout and stderr are mosquitto's to the byte: for command lines that it refuses,
# for what cannot be reached, and for the lines of -d. Both are run, side by side.
. "$(dirname "$0")/drop_in.sh"
for kind in pub sub rr; do need "mosquitto_$kind"; done
[ "$their_version" = 2.0 ] || skip "the sentences are those of mosquitto 2.0, here is $their_version"
with_broker theirs

# The last word is missing; what all three have comes from one table.
for option in -A --cafile --capath --cert --ciphers --key --keyform -h --host -i --id -I --id-prefix -k --keepalive -L --url \
    -M -p --port -P --pw --proxy --psk --psk-identity -q --qos -t --topic --tls-alpn --tls-engine --tls-engine-kpass-sha1 \
    --tls-version -u --username --unix -V --protocol-version --will-payload --will-qos --will-topic -x -D --property; do
    same pub -p "$closed" "$option"
done
rows <<'E1'
pub,rr -f
pub,rr -m
pub --repeat
pub --repeat-delay
sub -C
sub -T
sub -U
sub,rr -F
sub,rr -W
sub --random-filter
rr -e
every -D connect
every -D connect receive-maximum
every -D publish user-property a
E1

# Words out of range, and options that do not go together.
rows <<'E2'
every -q 3
every -q -1
every -k 4
every -k 65536
every -k x
every -M 0
every -M x
every -p 65536
every -p -1
every -V 0
every -V 3.1.1
every -V 5.0
every -x A
every -x -2
every -x 4294967296
every --will-qos 3
every --bogus
every -Z
every word
pub -C 1
pub -W 1
pub -e x
sub -l
sub -m x
sub --repeat 2
rr -r
rr -l
every -D bad receive-maximum 1
every -D connect no-such-property 1
every -D connect will-delay-interval 1
every -D connect receive-maximum 65536
every -D publish subscription-identifier 1
every -D publish message-expiry-interval -1
every -D publish message-expiry-interval 4294967296
pub -t a -m x --repeat 0
pub -t a -m x --repeat-delay -1
pub -t a -m x -l
pub -t a -m x -n
pub -t a -m x -m y
pub -t a -l -s
pub -t a -m x -i a -I b
sub -t a -i a -I b
pub -t a -m x -c
sub -t a -c
pub -t a -m x -c -V 5
sub -t a -V 5 -x -1
pub -t a -m x --will-payload x
sub -t a --will-payload x
pub -t a -m x --will-retain
pub -t a -m x --will-topic w/#
pub -t a/# -m x
pub -t a/+ -m x
rr -t q/# -e a -m x
rr -t q -e a/+ -m x
rr -t q -m x
rr -e q -m x
rr -t q -e a
sub
sub -t ++
sub -t a/#/b
sub -t a -T ++
sub -U ++
sub -t a -C 0
sub -t a -C x
sub -t a -W 0
sub -t a -W x
sub -t a --random-filter 0
sub -t a -R --retained-only
sub -t a -F %
sub -t a -F %Z
sub -t a -F @
sub -t a -F '\'
sub -t a -F '\Z'
pub -t a -m x --cert f
sub -t a --key f
pub -t a -m x --psk 00
pub -t a -m x --psk xx --psk-identity i
pub -t a -m x --cafile f --psk 00 --psk-identity i
pub -t a -m x --keyform pem
pub -t a -m x --tls-engine-kpass-sha1 00
pub -t a -m x --proxy x
pub -t a -m x -P y
pub -L http://127.0.0.1/t -m x
every -D auth reason-string a
every -D puback reason-string a
every -D connack reason-string a
pub -D connack content-type a
pub -D connack no-such-property a
pub -D unsubscribe subscription-identifier 5
every -D puback content-type a
pub -t a -m x -D publish topic-alias 0
sub -t a -D publish topic-alias 0
pub -t a -m x -D publish topic-alias 65536
sub -t a -D publish topic-alias 65536
pub -t a -m x -D connect receive-maximum 0
sub -t a -D connect receive-maximum 0
pub -t a -m x -D connect request-problem-information 2
sub -t a -D connect request-problem-information 2
pub -t a -m x -D publish content-type a -D publish content-type b
sub -t a -D publish content-type a -D publish content-type b
pub -t a -m x -D subscribe subscription-identifier 268435456
sub -t a -D subscribe subscription-identifier 268435456
pub -t a -m x -D subscribe subscription-identifier -1
sub -t a -D subscribe subscription-identifier -1
pub -t a -m x --cafile "$T/missing"
sub -t a --cafile "$T/missing"
rr -t a -e b -m x --cafile "$T/missing"
pub -t a -f "$T/missing"
pub -t a -f "$T"
pub -L mqtt://127.0.0.1 -m x
sub -L mqtt://127.0.0.1 -t a
pub -t a -m x --cafile /etc/ssl/certs/ca-certificates.crt --cert "$T/missing" --key "$T/missing"
pub -t $'a\xff' -m x
sub -t $'a\xff'
sub -t a -T $'a\xff'
sub -t a -U $'a\xff'
rr -t a -e $'a\xff' -m x
pub -t a -m x --will-topic $'a\xff'
pub -t a -u $'a\xff' -m x
sub -t a -u $'a\xff'
rr -t a -u $'a\xff' -m x -e r
pub -t a -m x --a-name-that-is-longer-than-anything-that-any-of-them-has-ever-called-an-option-of-its-own
pub -t a -m x -i ''
sub -t a -i ''
E2

# What is stricter in none of them.
rows <<'E3'
pub -p $PORT -t a -m x -D disconnect reason-string enough
pub -p $PORT -t a -m x -M 65536
pub -p $PORT -t a -m x --psk-identity i
pub -p $PORT -t a -m x --tls-version tlsv1.1
pub -p $PORT -t a -m x -V mqttv31
pub -p 1 -L mqtt://127.0.0.1:$PORT/t -m x
pub -L mqtt://:secret@127.0.0.1:$PORT/t -m x
sub -p $PORT -t a -W 4 --random-filter 101
sub -p $PORT -t a -W 3.9
pub -p $PORT -t a -m x --capath "$T/missing"
sub -p $PORT -t a -E --capath "$T/missing"
rr -p $PORT -t a -e b -m x --capath "$T/missing"
pub -p $PORT -t a -m x --cafile /etc/ssl/certs/ca-certificates.crt
pub -p $PORT -t a -m x --cafile /etc/ssl/certs/ca-certificates.crt --ciphers none-of-them
pub -p $PORT -t a -m x --psk 00 --psk-identity x
pub -p $PORT -t a -m x -A 203.0.113.77
sub --unix "$T/missing" -t a
pub -t a -m x --proxy socks5h://127.0.0.1:1
pub -p $PORT -t a -m x -V 5 -D connect authentication-method none-of-them
E3

# What a newer mosquitto does is what is done: 2.0 sends an empty topic, an infinite expiry without 5.0 and a file that
# is not there, and mosquitto_rr waits. Values of -D that the standard forbids are sent by all of them, never by ours.
topic="does it contain '+' or '#'?"
newer pub "Error: Invalid publish topic '', $topic" -t '' -m x
newer rr "Error: Invalid response topic '', $topic" -t q -e '' -m x
newer sub "Error: Invalid subscription topic '', are all '+' and '#' wildcards correct?" -t ''
newer pub "Error: Invalid will topic '', $topic" -t a -m x --will-topic ''
newer pub "Error: Invalid publish topic '', $topic" -L mqtt://127.0.0.1/ -m x
newer sub "Error: Invalid subscription topic '', are all '+' and '#' wildcards correct?" -L mqtt://127.0.0.1/
newer pub 'Error: You must provide a client id if you are using an infinite session expiry interval.' -t a -m x -x -1
newer rr "Error: Unable to open file \"$T/missing\"." -t q -e a -f "$T/missing"
newer sub 'Error adding property subscription-identifier 4' -t a -D subscribe subscription-identifier 0
newer sub 'Error adding property subscription-identifier 4' -t a -D subscribe subscription-identifier x
newer pub 'Error in PUBLISH properties: A network protocol error occurred when communicating with the broker.' -t a -m x \
    -D publish payload-format-indicator 2
newer sub 'Error: reason-string property not allowed for will in --property argument.' -t a -D will reason-string x

# --help: exit 1, on stdout, a usage line and every option of theirs.
for kind in pub sub rr; do
    run "$LINKS/mosquitto_$kind" --help no-word -q; expect_exit 1  # what follows is not looked at
    [ ! -s "$T/err" ] || fail "mosquitto_$kind --help writes to stderr"
    expect_match "$T/out" "^mosquitto_$kind is "
    expect_match "$T/out" "^mosquitto_$kind version [0-9.]+ running on "
    expect_match "$T/out" "^Usage: mosquitto_$kind \{"
    expect_match "$T/out" "^       mosquitto_$kind --help$"
    "$(theirs $kind)" --help | grep -oE '^ (-[A-Za-z]|--[a-z0-9-]+) :' | tr -d ' :' >"$T/options" || true
    [ "$(wc -l <"$T/options")" -gt 30 ] || fail 'what is their help like?'
    while read -r option; do
        grep -qE -- "^  (-.,|   )? *$option[ ,]|^  $option[ ,]|, $option[ ]" "$T/out" || fail "mosquitto_$kind --help: no $option"
    done <"$T/options"
    run "$LINKS/mosquitto_$kind" --version no-word -q; expect_exit 1
    expect_match "$T/out" "^mosquitto_$kind version [0-9.]+ running on [a-z-]+ [0-9.]+\.$"
done

# Nobody there, and a name that nobody has.
rows <<'E4'
every -h 127.0.0.1 -p $closed -t a -m x -e r
pub -h 127.0.0.1 -p $closed -t a -m x --quiet
pub -h 127.0.0.1 -p $closed -t a -m x
sub -h 127.0.0.1 -p $closed -t a
rr -h 127.0.0.1 -p $closed -t a -m x -e r
pub -h no-such-host.invalid -t a -m x
sub -h no-such-host.invalid -t a
E4

# -d.
mqtt-pub -h "$HOST" -p "$PORT" -q 2 -t kept/1 -r -m one
mqtt-pub -h "$HOST" -p "$PORT" -q 2 -t kept/2 -r -m two
background responder mqtt-sub -p "$PORT" -t asked -q 2 --reply 'printf answer'
responder=$pid
until_true 10 contains "$BROKER_LOG" 'asked (QoS 2)'
rows <<'E5'
pub -p $PORT -t a -m x -d
pub -p $PORT -t a -m x -d -i me
pub -p $PORT -t a -m x -d -i me -q 1
pub -p $PORT -t a -m x -d -i me -q 2 -r -V 5
pub -p $PORT -t a -m x -d -q 2 --repeat 2 --repeat-delay 0.01
pub -p $PORT -t a -n -d -V 31 -i me
pub -p $PORT -t a -s -d
sub -p $PORT -t none -t b/# -E -d -i me -q 2
sub -p $PORT -t none -E -d -i me -q 1 -V 5
sub -p $PORT -t kept/# -v -d -i me -C 2
sub -p $PORT -t kept/1 -d -i me -C 1 -F '%t=%p' -V 5
sub -p $PORT -t kept/1 -d -i me -C 1 -N
sub -p $PORT -t kept/1 -U a -d -i me -W 1
sub -p $PORT -t kept/# -d -i me -C 2 -q 1
sub -p $PORT -t kept/# -d -i me -C 2 -q 2
sub -p $PORT -t kept/1 -d -i me -C 1 -q 2 -V 5
sub -p $PORT -t kept/1 -d -i me -C 1 -q 2 -V 31
sub -p $PORT -t kept/# --retained-only -d -i me -q 2 -W 1
rr -p $PORT -t a -e r -m x -d -i me -W 1
rr -p $PORT -t a -e kept/1 -m x
rr -p $PORT -t a -e kept/1 -m x -V 311 -v
rr -p $PORT -t asked -e answers -m x -d -i me
rr -p $PORT -t asked -e answers -m x -d -i me -q 1
rr -p $PORT -t asked -e answers -m x -d -i me -q 2
E5
kill "$responder"; finish "$responder"

# Nothing comes: as long as the keep-alive, which is at least 5 seconds.
# In a shell of its own, which ends its peer.
(T=$T/slow lib_pids=(); trap lib_cleanup EXIT; mkdir "$T"; fake_peer hold; same pub -p "$PORT" -t a -m x -k 5) & slow=$!

# What a server refuses: mosquitto first, then peers that say what it never says.
printf 'topic ok\n' >"$T/acl"; chmod 644 "$T/acl"; chmod 755 "$T"
with_broker theirs "acl_file $T/acl"
rows <<'E6'
pub -p $PORT -t no -m x -q 1 -V 5
pub -p $PORT -t no -m x -q 1
pub -p $PORT -t no -m x -q 1 -V 5 -d -i me
pub -p $PORT -t no -m x -q 2 -V 5 -d -i me
pub -p $PORT -t no -l -q 1 -V 5
pub -p $PORT -t no -m x -q 2 -V 5 --repeat 2
pub -p $PORT -t no -m x -q 1 -V 5 --quiet
rr -p $PORT -t no -e ok -m x -q 1 -W 1
E6
with_broker theirs 'allow_anonymous false'
rows <<'E7'
pub -p $PORT -t a -m x
pub -p $PORT -t a -m x -V 5
pub -p $PORT -t a -m x -V 31 -i me
pub -p $PORT -t a -m x --quiet
pub -p $PORT -t a -l
pub -p $PORT -t a -l -V 5 -q 1
pub -p $PORT -t a -m x -d -i me
sub -p $PORT -t a
sub -p $PORT -t a -V 5
sub -p $PORT -t a -C 1 -d -i me
sub -p $PORT -t a -C 1 -d -i me -V 5
rr -p $PORT -t a -e b -m x
rr -p $PORT -t a -e b -m x -V 311
rr -p $PORT -t a -e b -m x -d -i me
E7
for code in 1 2 3 4; do
    fake_peer "2002000$code"
    same pub -p "$PORT" -t a -m x
    same sub -p "$PORT" -t a
    same rr -p "$PORT" -t a -m x -e r -V 311
done
for code in 06 ff; do  # of which the standard knows nothing
    fake_peer "200200$code"
    same pub -p "$PORT" -t a -m x
    same sub -p "$PORT" -t a
    same rr -p "$PORT" -t a -m x -e r -V 311
    same pub -p "$PORT" -t a -m x -d -i me
    same sub -p "$PORT" -t a -d
    fake_peer "200300${code}00"
    same pub -p "$PORT" -t a -m x -V 5
    same pub -p "$PORT" -t a -l -V 5 -d -i me
    same sub -p "$PORT" -t a -V 5 -d -i me
    same rr -p "$PORT" -t a -m x -e r -d -i me
done
for answer in 20020001 2003018700; do  # the form of 3.x in 5.0, a session that a refusal kept
    fake_peer "$answer"
    same rr -p "$PORT" -t a -m x -e r -d -i me
done
fake_peer 20020084
same rr -p "$PORT" -t a -m x -e r -V 311 -d -i me
for reason in 84 85 86 88 89 8a 8c 95 97 99 9a 9b 9c 9d 9f; do
    fake_peer "200300${reason}00"
    same pub -p "$PORT" -t a -m x -V 5
done
same sub -p "$PORT" -t a -V 5
fake_peer 2003008400
same sub -p "$PORT" -t a -V 5
same rr -p "$PORT" -t a -m x -e r
fake_peer 20020000 9003000180 hold
same sub -p "$PORT" -t a
same sub -p "$PORT" -t a -d -i me
same rr -p "$PORT" -t a -e r -m x -V 311
same sub -p "$PORT" -t a -d -i me -V 31
fake_peer 2003000000 900400010087 hold
same sub -p "$PORT" -t a -V 5 -d -i me
same rr -p "$PORT" -t a -e r -m x -d -i me
fake_peer 2003000000 90050001008700 hold
same sub -p "$PORT" -t a -t b -V 5 -E -d -i me
fake_peer 2003000000 400c000187081f000562616420210a hold
same pub -p "$PORT" -t a -m x -q 1 -V 5

# How connections end that were up.
fake_peer 20020000
same pub -p "$PORT" -t a -m x -q 1
fake_peer 2003000000 e0028b00
same pub -p "$PORT" -t a -m x -q 1 -V 5 -d -i me
same sub -p "$PORT" -t a -V 5
same rr -p "$PORT" -t a -m x -e r -q 1
fake_peer 20020000 90030001001000
same sub -p "$PORT" -t a

# Peers that are no MQTT server: a web server, one that greets, packets that are none or not CONNACK, a TLS alert.
for answer in 485454502f312e312034303020426164 5353482d 2000 30020000 d000 15030100020246; do
    fake_peer "$answer"
    same pub -p "$PORT" -t a -m x
    same pub -p "$PORT" -t a -m x -V 5
    same rr -p "$PORT" -t a -m x -e r
done
same sub -p "$PORT" -t a
fake_peer ''
same pub -p "$PORT" -t a -m x
same rr -p "$PORT" -t a -m x -e r
same sub -p "$PORT" -t a -W 1
fake_peer 5353482d
same sub -p "$PORT" -t a -W 1
fake_peer hold
same sub -p "$PORT" -t a -W 1
same rr -p "$PORT" -t a -e b -m x -W 1 -d -i me

# mosquitto_sub and mosquitto_pub -l come back to what was not there yet, once a second.
comes_back() { # comes_back KIND words...: behind it SECOND, what the second connection gets
    local kind=$1; shift
    fake_peer 485454 / $SECOND hold
    take theirs "$(theirs "$kind")" -p "$PORT" "$@"
    fake_peer 485454 / $SECOND hold
    take ours "$LINKS/mosquitto_$kind" -p "$PORT" "$@"
    diff -u "$T/theirs" "$T/ours" >"$T/difference" || { cat "$T/difference" >&2; fail "mosquitto_$kind $*"; }
    expect_match "$T/ours" "^Client me received CONNACK"
}
SECOND=20020000 comes_back pub -t a -l -d -i me
SECOND='20020000 9003000100300400016178' comes_back sub -t a -C 1 -d -i me
wait "$slow"
! pgrep -f "$T/slow/peer" >/dev/null || fail "a peer is left behind"
