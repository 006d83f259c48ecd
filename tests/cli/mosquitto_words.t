# timeout: 240
# Under mosquitto's names exit status, stdout and stderr are mosquitto's to the byte: for command lines that it refuses,
# for what cannot be reached, and for the lines of -d. Both are run, side by side.
. "$(dirname "$0")/drop_in.sh"
for kind in pub sub rr; do need "mosquitto_$kind"; done
[ "$their_version" = 2.0 ] || skip "the sentences are those of mosquitto 2.0, here is $their_version"
with_broker theirs
closed=1  # nobody listens there, as nobody may

# same pub|sub|rr words...: the words that both get, at once or, when they say who they are, one after the other.
take() { # take SIDE PROGRAM words...
    local side=$1 status=0; shift
    timeout -s KILL 60 "$@" >"$T/$side" 2>"$T/$side.err" <<<$'one\ntwo' || status=$?
    { echo '-- stderr'; cat "$T/$side.err"; echo "-- exit $status"; } >>"$T/$side"
}
same() {
    local kind=$1; shift
    take theirs "$(theirs "$kind")" "$@" &
    case " $* " in *' -i '*) wait $! ;; esac
    take ours "$LINKS/mosquitto_$kind" "$@"
    wait $!
    diff -u "$T/theirs" "$T/ours" >"$T/difference" || { cat "$T/difference" >&2; fail "mosquitto_$kind $*"; }
}
# Lines of a here-document, each with pub, sub, rr or "every" in front; quoted as in a shell.
rows() {
    local kinds words kind
    while read -r kinds words; do
        [ -n "$kinds" ] || continue
        [ "$kinds" != every ] || kinds=pub,sub,rr
        for kind in ${kinds//,/ }; do eval "same $kind $words"; done
    done
}

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
pub -L mqtt://127.0.0.1 -m x
sub -L mqtt://127.0.0.1 -t a
pub -t a -m x -i ''
sub -t a -i ''
E2

# What is stricter in none of them.
rows <<'E3'
pub -p $PORT -t a -m x -M 65536
pub -p $PORT -t a -m x --psk-identity i
pub -p $PORT -t a -m x --tls-version tlsv1.1
pub -p $PORT -t a -m x -V mqttv31
pub -p 1 -L mqtt://127.0.0.1:$PORT/t -m x
pub -L mqtt://:secret@127.0.0.1:$PORT/t -m x
sub -p $PORT -t a -W 4 --random-filter 101
sub -p $PORT -t a -W 3.9
E3

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
mqtt-pub -h "$HOST" -p "$PORT" -t kept/1 -r -m one
mqtt-pub -h "$HOST" -p "$PORT" -t kept/2 -r -m two
rows <<'E5'
pub -p $PORT -t a -m x -d
pub -p $PORT -t a -m x -d -i me
pub -p $PORT -t a -m x -d -i me -q 1
pub -p $PORT -t a -m x -d -i me -q 2 -r -V 5
pub -p $PORT -t a -m x -d -q 2 --repeat 2 --repeat-delay 0.01
pub -p $PORT -t a -n -d -V 31 -i me
pub -p $PORT -t a -s -d
sub -p $PORT -t a -t b/# -E -d -i me -q 2
sub -p $PORT -t a -E -d -i me -q 1 -V 5
sub -p $PORT -t kept/# -v -d -i me -C 2
sub -p $PORT -t kept/1 -d -i me -C 1 -F '%t=%p' -V 5
sub -p $PORT -t kept/1 -d -i me -C 1 -N
sub -p $PORT -t kept/1 -U a -d -i me -W 4
E5
