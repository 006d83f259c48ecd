# timeout: 60
# One script of operations against mosquitto and against our broker: subscribers see the same.
. "$(dirname "$0")/../cli/lib.sh"
need mosquitto

cat >"$T/script" <<'END'
= QoS of publication and subscription
p connect
s0 connect
s0 subscribe q/# qos=0
s1 connect v311
s1 subscribe q/# qos=1
s2 connect
s2 subscribe q/# qos=2 id=7
p publish q/a zero
p publish q/a one qos=1
p publish q/a two qos=2
p publish q/a - qos=1
s0 see
s1 see
s2 see

= overlapping subscriptions, wildcards, $-topics
o connect
o subscribe w/+/x qos=1
o subscribe w/# qos=2
o subscribe w/a/x qos=0
p publish w/a/x both qos=2
p publish w one
p publish w/a//x levels
p publish /w none
o see highest
d connect
d subscribe # rh=2
d subscribe +/hidden
d subscribe $mine/#
p publish $mine/hidden secret qos=1
p publish open seen
d see
o disconnect
d disconnect

= retained messages
p publish r/a first retain qos=1
p publish r/a second retain
p publish r/b kept retain qos=2 type=text/plain user=k:v
p publish r/c gone retain
p publish r/c - retain
p publish r/a passing qos=1
r connect
r subscribe r/# qos=1
r see sorted
r subscribe r/# qos=1 rh=1
r see sorted
r subscribe r/# qos=1 rh=0
r see sorted
r subscribe r/a qos=0 rh=2
r see sorted
r unsubscribe r/#
r unsubscribe r/#
r see sorted
l connect v311
l subscribe r/+ qos=2
l see sorted
f connect
f subscribe r/b rap qos=1
f see
p publish r/b live retain qos=1
f see
l see sorted
p publish r/a - retain
p publish r/b - retain
r disconnect
l disconnect
f disconnect

= No Local
n connect
n subscribe n/# nolocal qos=1
n publish n/a own qos=1
p publish n/a foreign qos=1
n see
n disconnect

= sessions and queues
a connect clean=0 expiry=100
a subscribe k/# qos=2
a disconnect
p publish k/a zero
p publish k/a one qos=1
p publish k/a two qos=2 expiry=50
p publish k/b three qos=1 user=a:1
a connect clean=0 expiry=100
a see
a disconnect
a connect
a see
p publish k/a lost qos=1
a see
a disconnect
b connect v311 clean=0
b subscribe k/# qos=1
b disconnect
p publish k/a kept qos=2
b connect v311 clean=0
b see
b disconnect
b connect v311

= resending what was not acknowledged
h connect clean=0 expiry=100
h subscribe h/# qos=2
h hold
p publish h/a one qos=1
p publish h/a two qos=2
h see
h cut
h connect clean=0 expiry=100
h see
h disconnect
h connect clean=0 expiry=100
h see

= windows and sizes
x connect maximum=2 size=60
x subscribe x/# qos=1
x hold
p publish x/a 1 qos=1
p publish x/a 2 qos=1
p publish x/a 3 qos=1
p publish x/a 4
x see
y connect size=60
y subscribe y/# qos=1
p publish y/a 0123456789012345678901234567890123456789012345678901234567890123456789 qos=1
p publish y/a short qos=1
y see

= wills
w connect
w subscribe will/# qos=2
w1 connect will=will/1:gone:1:0:0
w1 disconnect
w2 connect will=will/2:gone:1:0:0
w2 disconnect with-will
w3 connect v311 will=will/3:gone:2:1:0
w3 cut
w4 connect expiry=100 will=will/4:gone:0:0:1
w4 cut
w4 connect clean=0 expiry=100
w5 connect will=will/5:gone:1:0:0
w5 connect will=will/5:again:1:0:0
w wait 300
w see
w wait 1500
w see
z connect
z subscribe will/#
z see sorted
p publish will/3 - retain

= shared subscriptions, one member at a time
g connect
g subscribe $share/group/g/# qos=1 id=3
p publish g/a one qos=2
g see
g unsubscribe $share/group/g/#
p publish g/a two qos=1
g see
END

start_mosquitto
differential "$PORT" <"$T/script" >"$T/mosquitto.txt" 2>"$T/mosquitto.err" || fail "mosquitto: $(cat "$T/mosquitto.err")"
stop_broker
start_broker
differential "$PORT" <"$T/script" >"$T/ours.txt" 2>"$T/ours.err" || fail "ours: $(cat "$T/ours.err")"
expect_match "$T/ours.txt" "^s2 sees q/a q2 r0 d0 'two' subscription-identifier=7$"
diff -u "$T/mosquitto.txt" "$T/ours.txt" >&2 || fail "the two differ"
