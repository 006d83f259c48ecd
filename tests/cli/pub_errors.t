# timeout: 240
# mqtt-pub when something is wrong (rows 27 to 40 and 84 of the table of cases).
. "$(dirname "$0")/drop_in.sh"

command_line() {
    local option
    for option in a/# a/+ ''; do refuses '-t' -t "$option" -m x; done                    # 27
    run "$PROGRAM" -t a; expect_exit 1                                                    # 28
    run "$PROGRAM" -m x; expect_exit 1
    refuses 'one' -t a -m x -l                                                            # 29
    refuses 'one' -t a -n -m x
    local row
    for row in '-k 4' '-k 65536' '-M 0' '-p 65536' '-p -1' '-q 3' '--will-qos 3' '-V 0' '--repeat 0' \
        '--repeat-delay -1'; do
        refuses "${row%% *}" -t a -m x $row                                               # 36
    done
    refuses '-i' -t a -m x -i a -I b                                                      # 37
    refuses '--will-topic' -t a -m x --will-payload x
    refuses '--will-topic' -t a -m x --will-retain
    refuses '--key' -t a -m x --cafile f --cert f
    refuses '--keyform' -t a -m x --cafile f --keyform pem
    refuses '--psk' -t a -m x --cafile f --psk 00 --psk-identity i
    refuses '--psk-identity' -t a -m x --psk 00
    refuses '-i' -t a -m x -V 311 -c                                                      # 38
    refuses '-i' -t a -m x -V 5 -x -1
    for row in '' 'connect' 'bad receive-maximum 1' 'connect will-delay-interval 1' 'connect receive-maximum 65536' \
        'publish subscription-identifier 1' 'auth authentication-method x' 'puback reason-string x'; do
        refuses '-D' -t a -m x -D $row                                                    # 39
    done
    for option in -h -p -t -m -f -q -i -I -u -P -k -A -L -M -V -D --cafile --capath --cert --key --ciphers --psk \
        --psk-identity --tls-version --tls-alpn --proxy --unix --repeat --repeat-delay --will-topic --will-payload \
        --will-qos; do
        refuses "$option" -t a "$option"                                                  # 40
    done
    for row in '-C 1' -E '-F %p' -N -R '-T a' '-U a' -v -w '-W 1' --no-such-option; do
        refuses "${row%% *}" -t a -m x $row
    done
}
each pub command_line

unreachable() {
    PORT=$(free_port)
    go -t a -m x                                                                          # 30
    case $PROGRAM in mqtt-pub) expect_exit 14 ;; *) expect_exit 1 ;; esac
    expect_match "$T/err" 'refused'
    run "$PROGRAM" -h no-such-host.invalid -t a -m x
    case $PROGRAM in mqtt-pub) expect_exit 15 ;; *) expect_exit 1 ;; esac
    [ -s "$T/err" ] || fail "$(at 30): nothing on stderr"
}
each pub unreachable

cut_link() {
    fake_peer 20020000 ''
    go -V 311 -t a -m x -q 1; expect_exit 7                                               # 35
}
each pub cut_link

printf 'topic read a/#\ntopic write open/#\n' >"$T/acl"
chmod 644 "$T/acl"; chmod 755 "$T"
with_broker theirs 'allow_anonymous false'
refused() {
    go -V 311 -t a -m x; expect_exit 5                                                    # 31
    go -V 5 -t a -m x; expect_exit 135
    [ -s "$T/err" ] || fail "$(at 31): nothing on stderr"
}
each pub refused
stop_broker

# Where ours is better.
with_broker theirs "acl_file $T/acl"
run mqtt-pub -p "$PORT" -t a/b -m x -q 1 -V 5; expect_exit 135                             # 32
expect_match "$T/err" '[Nn]ot authorized'; expect_quiet
run mqtt-pub -p "$PORT" -t a/b -m x -q 2; expect_exit 135
printf 'a\nb\n' | run mqtt-pub -p "$PORT" -t a/b -l -q 1; expect_exit 135
expect_match "$T/err" '2 refused .Not authorized'
run mqtt-pub -p "$PORT" -t a/b -m x -q 1 --report json; expect_exit 135
expect_match "$T/out" '"acknowledged":0,"refused":1,"reasons":.."?not_authorized"?:1'
run mqtt-pub -p "$PORT" -t open/b -m x -q 1 --report json; expect_exit 0
expect_match "$T/out" '"acknowledged":1,.*"denial":"reported","seconds":[0-9.]+,"exit_code":0'
run mqtt-pub -p "$PORT" -t open/b -m x --report json; expect_exit 0
expect_match "$T/out" '"sent":1,.*"denial":"not provable"'
run "$T/links/mosquitto_pub" -p "$PORT" -t a/b -m x -q 1 -V 5; expect_exit 0

limit_of() { # limit_of SECONDS command...
    local limit=$1 before after; shift
    before=$(date +%s%N); run "$@"; after=$(date +%s%N)
    [ $(((after - before) / 1000000)) -le $((limit * 1000)) ] || fail "took $(((after - before) / 1000000)) ms: $*"
    [ "$status" != 0 ] || fail "exit status 0: $*"
    [ -s "$T/err" ] || fail "nothing on stderr: $*"
}
fake_peer hold
limit_of 4 mqtt-pub -p "$PORT" -t a -m x --timeout 2; expect_exit 27                       # 33
limit_of 4 mqtt-pub -p "$PORT" -t a -m x --connect-timeout 500ms; expect_exit 27
fake_peer 2003000000 hold
limit_of 4 mqtt-pub -p "$PORT" -t a -m x -q 1 --ack-timeout 500ms; expect_exit 27          # 34
expect_match "$T/err" 'acknowledged nothing'

# 84
for program in "$T/links/mosquitto_pub" "$T/links/mosquitto_sub" "$T/links/mosquitto_rr" \
    $(theirs pub) $(theirs sub) $(theirs rr); do
    for option in --help --version; do
        run "$program" "$option"; expect_exit 1
        [ -s "$T/out" ] || fail "$program $option prints nothing"
    done
done
for program in mqtt-pub mqtt-sub; do
    for option in --help --version '--help all'; do
        run $program $option; expect_exit 0
        [ -s "$T/out" ] && [ ! -s "$T/err" ] || fail "$program $option: nothing on stdout or talk on stderr"
    done
done
