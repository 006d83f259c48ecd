# timeout: 120
# Under mosquitto's names: of several faults the one that mosquitto's clients find first, in options files, too; what a
# URL stands for; and the bytes on the wire. What differs on purpose is at the end.
. "$(dirname "$0")/drop_in.sh"
for kind in pub sub rr; do need "mosquitto_$kind"; done
[ "$their_version" = 2.0 ] || skip "the sentences are those of mosquitto 2.0, here is $their_version"
bad=$'a\xff'
big=$(head -c 65536 /dev/zero | tr '\0' a)

# Word by word, the first that is wrong; then what does not go together, then what only TLS and the login know.
rows <<'E1'
every -q 3 --help
every --help -q 3
every -q 3 --version
sub -C 0 --version
pub -t a/# --help
pub -L mqtt://127.0.0.1 --help
pub -q 3 --bogus
pub --bogus -q 3
pub -q 3 -t
pub -q 3 -D publish
pub -q 3 -t "$bad"
pub -t "$bad" -q 3
pub -t "$bad" --bogus
pub -k 1 -i
pub -V 9 word
pub -m x -m y --bogus
pub -i a -I b --bogus
pub -L http://x/y --bogus
pub -L mqtt://127.0.0.1 -q 3
pub -L mqtt://127.0.0.1/a/# -q 3
pub -L mqtt:// -m x
pub -L 'mqtt://[::1' -m x
pub -L '' -m x
pub -L mqtt:/x/y -m x
pub --proxy x -q 3
sub -F %Z -q 3
sub -F %Z --bogus
sub -F %Z -R --retained-only -t a
rr -F %Z --bogus
pub -P x --will-payload y -t a -m x
pub --will-payload y -c -t a -m x
pub --cert f --will-payload y -t a -m x
sub -i '' --will-payload x -t a
sub -P x -i ''
pub -t a -m x -D connect session-expiry-interval 1 -x 2 -V 5
pub -t a -m x -D connect user-property a b -V 311 -p $closed
rr -t a -e b -m x -D connect user-property a b -V 311 -p $closed
pub -t a -m x -D will user-property a b -V 311 --will-topic w
pub -t a -m x -D publish correlation-data $big
sub -t a -C 99999999999999999999
sub -t a -W 4294967296
pub -t a -m x -p 4294967297 -h 127.0.0.1
sub -t a -D '' '' ''
sub -t a -D connect '' x
pub -t a -m x --cafile ''
every -t a -m x -e b --cert ''
every -t a -m x -e b --key ''
pub -t a -m x --cert '' --key '' --cafile /etc/ssl/certs/ca-certificates.crt
pub -t a -m x --psk ''
pub -t a -m x --capath '' -p $closed
every -t a -m x -e b -A ''
pub -h 127.0.0.1 -p $closed -t a -m x -A ::1
pub -h ::1 -p $closed -t a -m x -A 127.0.0.1
pub -p $closed -t a -m x -A ::1
E1

# Options files.
file() { # file TEXT: the options file of all of them, then a line that is right
    local kind
    export XDG_CONFIG_HOME=$T/config
    mkdir -p "$XDG_CONFIG_HOME"
    for kind in pub sub rr; do printf '%b' "$1" >"$XDG_CONFIG_HOME/mosquitto_$kind"; done
    same pub -p "$closed" -t a -m x -q 3
    same sub -p "$closed" -t a --bogus
}
for text in 'bogus line\n' '--nonsense\n' '-q 9\n' '-t\n' '-t \n' '  -q 4\n' '-d x\n' '-D publish user-property a b c\n' \
    '-D publish\n' '-i\tme\n' '-d -i me\n' '-k 1\n' '-m y\n' '#\n\n-d\n-' '-q 9\n--bogus\n' '-t a/#/b\n' '-L http://x/y\n'; do
    file "$text"
done
file '--help\n-q 9\n'
unset XDG_CONFIG_HOME

# The bytes: what CONNECT has, and that -L is short for other options, of which the last one counts.
wire_peers 2003000000 hold
rows same_wire <<'E2'
pub -p $PORT -t a -m x -V 5
pub -p $PORT -t a -m x -V 5 -i me -M 7
pub -p $PORT -t a -m x -V 5 -i me -D connect receive-maximum 3 -D connect user-property a b
pub -p $PORT -t a -m x -V 5 -i me -c -x 7 -u u -P p
pub -p $PORT -t a -m x -V 5 -i me -P p
pub -p $PORT -t a -n -r -V 5 -D publish response-topic x -D publish user-property a b -D disconnect user-property c d
pub -p $PORT -t a -l -i me -V 5
pub -p $PORT -t a -m x -V 5 --will-topic w --will-payload y --will-qos 2 --will-retain -D will will-delay-interval 3
rr -p $PORT -t a -e b -m x -W 1
E2
wire_peers 20020000 hold
rows same_wire <<'E3'
pub -p $PORT -t a -m x -i me -u u -P p --will-topic w --will-payload y --will-qos 2 --will-retain -k 33
pub -p $PORT -t a -m x -i me -V 31
pub -p $PORT -t a -m x --repeat 3
pub -L mqtt://127.0.0.1:$PORT/a%2fb -m x
pub -L mqtt://u%40x:p%3a@127.0.0.1:$PORT/a -m x
pub -L mqtt://u%zz@127.0.0.1:$PORT/a -m x
pub -L mqtt://u:p:q@127.0.0.1:$PORT/a -m x
pub -L mqtt://u:@127.0.0.1:$PORT/a -m x
pub -L mqtt://@127.0.0.1:$PORT/a -m x
pub -L mqtt://127.0.0.1:$PORT/a@b -m x
pub -t d -L mqtt://127.0.0.1:$PORT/a/b/c -m x
pub -L mqtt://127.0.0.1:$PORT/a/b/c -t d -m x
pub -u v -P w -L mqtt://u:p@127.0.0.1:$PORT/a -m x
pub -u v -P w -L mqtt://127.0.0.1:$PORT/a -m x
pub -L mqtt://u:p@127.0.0.1:$PORT/a -u v -m x
pub -L mqtt://127.0.0.1:1/a -L mqtt://127.0.0.1:$PORT/b -m x
E3
wire_peers 20020000 9003000100 hold
rows same_wire <<'E4'
sub -p $PORT -t a -E -q 1 -c -i me
E4
wire_peers 20020000 900400010000 hold
rows same_wire <<'E4'
sub -L mqtt://127.0.0.1:$PORT/a -t b -E
sub -t b -L mqtt://127.0.0.1:$PORT/a -E
sub -L mqtt://127.0.0.1:1/a -L mqtt://127.0.0.1:$PORT/b -E
E4
wire_peers 2003000000 900400010000 hold
rows same_wire <<'E5'
sub -p $PORT -t a -E -V 5 -q 2
sub -p $PORT -t a -E -V 5 -C 3
sub -p $PORT -t a -E -V 5 -c -i me -D subscribe subscription-identifier 5 -D connect topic-alias-maximum 4
sub -p $PORT -t a -U x -U y -W 1 -V 5 -D unsubscribe user-property a b
E5

# Messages of --repeat go one by one; a refusal in the form of 3.x is no answer in 5.0, except for the version.
with_broker theirs
same pub -p "$PORT" -m x -t a -i me -d --repeat 3 -q 1
same pub -p "$PORT" -m x -t a -i me -d --repeat 3 -q 2 -V 5
fake_peer 20020005
same pub -p "$PORT" -t a -m x -V 5 -d -i me
same sub -p "$PORT" -t a -V 5 -d -i me
same rr -p "$PORT" -t a -m x -e b -d -i me

# On purpose: what they send, or wait for without end, and the standard forbids.
network='A network protocol error occurred when communicating with the broker.'
newer pub 'Error adding property user-property 7' -t a -m x -D publish user-property a "$bad"
newer pub "Error in CONNECT properties: $network" -t a -m x -D connect authentication-data x
newer sub "Error: Invalid filter topic '', are all '+' and '#' wildcards correct?" -t a -T ''
newer sub "Error: Invalid unsubscribe topic '', are all '+' and '#' wildcards correct?" -t a -U ''
newer sub "Error: Invalid subscription topic '\$share/g', are all '+' and '#' wildcards correct?" -t "\$share/g"
newer pub 'Error: --psk-identity required if --psk used.' -t a -m x --psk 00 --psk-identity ''
newer pub 'Error: Problem setting TLS-PSK options.' -t a -m x --psk '' --psk-identity i
newer pub 'Unable to connect (Lookup error.).' -t a -m x --unix "$T/none" --proxy "socks5h://127.0.0.1:$closed"
newer pub 'Error: Connection refused' -m x -L "mqtt://[::1]:$closed/t"
newer pub 'Error: argument is not valid: client id is over 65535 bytes' -t a -m x -i "$big" -p "$closed"
newer pub 'Error: argument is not valid: password is over 65535 bytes' -t a -m x -u u -P "$big" -p "$closed"
newer pub 'Error: argument is not valid: will payload is over 65535 bytes' -t a -m x --will-topic w --will-payload "$big" \
    -p "$closed"
# Bits of CONNACK that are reserved, and its form of 5.0 in 3.1.1: they look at none of it.
for answer in 20020200 2003000000; do
    fake_peer "$answer" hold
    run "$LINKS/mosquitto_pub" -p "$PORT" -t a -m x; expect_exit 2
    expect_eq "CONNACK $answer" "$(cat "$T/err")" "Error: $network"
done
# Properties with -V 3.1.1: theirs says 0 and has published nothing, or hangs.
with_broker theirs
subscriber all mosquitto_sub -p "$PORT" -t p/# -C 2 -W 30
mosquitto_sub=$pid
for packet in publish disconnect; do
    run "$LINKS/mosquitto_pub" -p "$PORT" -t "p/$packet" -m x -D "$packet" user-property a b -V 311; expect_exit 0
done
finish "$mosquitto_sub"
