# timeout: 300
# Under mosquitto's names, faults that its clients find late, or not where they stand: in properties, in the input, in
# -L, in --proxy; and what --quiet hides. What is found word by word is in mosquitto_order.t.
. "$(dirname "$0")/drop_in.sh"
for kind in pub sub rr; do need "mosquitto_$kind"; done
[ "$their_version" = 2.0 ] || skip "the sentences are those of mosquitto 2.0, here is $their_version"
bad=$'a\xff'

# -D: as it is read what is no property, number or text; when all options are right what the standard forbids, and
# what came twice, packet by packet; names as they were typed.
rows <<'E1'
pub -t a -m x -D connect receive-maximum 0 -q 9
pub -t a -m x -D connect receive-maximum 0 --bogus
pub -t a -m x -q 9 -D connect receive-maximum 70000
pub -t a -m x -D connect receive-maximum 0 --will-payload x
pub -t a -m x -D connect receive-maximum 0 --cert f
pub -t a -m x -D connect receive-maximum 0 -c
pub -m x -D connect receive-maximum 0
sub -D connect receive-maximum 0
sub -t a -R --retained-only -D connect receive-maximum 0
pub -t a -m x -i '' -D connect receive-maximum 0
pub -t a -m x -f nothing -D connect receive-maximum 0
pub -t a -f "$T/missing" -D connect receive-maximum 0
sub -t a -D will content-type a -D will content-type b -D publish topic-alias 0
sub -t a -D publish topic-alias 5 -D publish content-type a -D publish topic-alias 6 -D publish content-type b
sub -t a -D disconnect session-expiry-interval 1 -D disconnect session-expiry-interval 2 -V 311
pub -t a -m x -D connect receive-maximum 5 -D connect maximum-packet-size 0 -D connect receive-maximum 5
every -t a -m x -e b -D will request-problem-information x
every -t a -m x -e b -D PUBLISH Receive-Maximum 1
every -t a -m x -e b -D Connect User-Property "$bad" x
every -t a -m x -e b -D puback Reason-String x
every -t a -m x -e b -D bogus user-property a
every -t a -m x -e b -D connect user-property a
every -t a -m x -e b -D connack receive-maximum 0
sub -t a -D subscribe subscription-identifier 4294967296
sub -t a -D subscribe subscription-identifier 268435456
pub -t a -m x -i me -V 5 -c -D connect session-expiry-interval 5
pub -p $closed -t a -m x -V 5 -x 0 -D connect session-expiry-interval 5
every -p $closed -t a -m x -e b -V 5 -c -x 60
every -p $closed -t a -m x -e b -V 5 -c -x 60 -I me
every -t a -m x -e b -V 5 -x 09
E1

# Input comes before what else is missing, and both before what the login and TLS lack.
rows <<'E1'
pub -f "$T/missing"
pub -t a -f "$T/missing" -P x
pub -t a -f "$T/missing" --cafile "$T/missing"
pub -t a -f "$T" -i ''
pub -t a -f "$T/missing" -A no-such-host.invalid
every -p $closed -t a -m x -e b -i ''
every -p $closed -t a -m x -e b -c -i ''
pub -L mqtt://127.0.0.1:70000/a -m x -P x
pub -L mqtt://127.0.0.1:70000/a -m x -p $closed
sub -L mqtt://127.0.0.1:70000/a
rr -L mqtt://:1/a -m x -e b
pub -L mqtt:///a -h 127.0.0.1 -p $closed -m x
sub -L mqtt://:1/a -h 127.0.0.1 -p $closed
pub -L unix:/tmp/x -m x
pub -m x -m
pub -n -f
pub -i a -I
pub -I a -i
sub -p $closed -t a --random-filter 1e1
sub -p $closed -t a --random-filter 0.0999
pub -p $closed -t a -m x --repeat-delay 1e-3
every -t a -m x -e b --tls-engine-kpass-sha1 ''
E1

# --proxy: a user or a password that is empty, and what is no escape of theirs, are refused without a word.
for place in '' : @ @h :1 h: h:: h:0 h:70000 h:x h:1:1 u@ u:@h :p@h u:p@ u:p@:1 u::p@h u@v@h u%zz@h u:%3b@h u%2@h u@h:1:1; do
    same pub -t a -m x --proxy "socks5h://$place"
done
for place in 127.0.0.1:1 127.0.0.1:1x 127.0.0.1:1:x u:p:q@127.0.0.1:1 u:%3a%25@127.0.0.1:1; do
    same pub -t a -m x --proxy "socks5h://$place"
done
same pub -t a -m x --proxy http://u:p@h

# --quiet hides what is found when all options are read, and what a run says; of --proxy when it stands in front.
rows <<'E1'
every --quiet -q 9
every --quiet
every --quiet -t a -m x -e b -D connect receive-maximum 70000
every --quiet -t a -m x -e b -D connect receive-maximum 0
every --quiet -t a -m x -e b --proxy http://x
every --proxy http://x --quiet -t a -m x -e b
every --quiet --proxy socks5h:// -t a -m x -e b
every --quiet -t a -m x -e b -i ''
every --quiet -t a -m x -e b -V 311 -P x
every --quiet -t a -m x -e b --cafile "$T/missing"
every --quiet -t a -m x -e b --tls-version x
every --quiet -p $closed -t a -m x -e b
pub --quiet -t a -f "$T/missing"
pub --quiet -t a -f "$T"
sub --quiet -t a -R --retained-only
rr --quiet -t a -e b -m x -D publish response-topic c
pub --quiet -t a -m x -V 311 --will-topic w -D will content-type x -V 311
pub --quiet -t a -m x -D connect user-property a b -V 311
E1
