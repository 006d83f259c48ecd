# timeout: 120
# mqtt-pub when something is wrong (cases 20, 27 to 40 and 84 of the table).
. "$(dirname "$0")/drop_in.sh"

topics() { local topic; for topic in a/# a/+; do refuses '-t' -t "$topic" -m x; done; }
row 27 2.0 topics
empty_topic() { refuses '-t' -t '' -m x; } # 2.0 complains when it is connected, and ends with 0
row 27 2.1 empty_topic
incomplete() {
    local words
    for words in '-t a' '-m x'; do
        run "$PROGRAM" $words; expect_exit 1
        if is_ours; then expect_quiet; else
            expect_match "$T/err" '^Error: Both topic and message must be supplied\.$'
            [ -s "$T/out" ] || fail "$(at "$words"): no usage on stdout"
        fi
    done
}
row 28 2.0 incomplete
two_sources() {
    local other
    for other in -l -n -s '-f f' '-m y'; do refuses 'one' -t a -m x $other; done
}
row 29 2.0 two_sources
unreachable() {
    PORT=$(free_port)
    go -t a -m x
    if is_ours; then expect_exit 14; else expect_exit 1; fi
    expect_match "$T/err" 'refused'
    run "$PROGRAM" -h no-such-host.invalid -t a -m x
    if is_ours; then expect_exit 15; else expect_exit 1; fi
    [ -s "$T/err" ] || fail "$(at 'unknown host'): nothing on stderr"
}
row 30 2.0 unreachable
cut_link() {
    fake_peer 20020000 ''
    go -V 311 -t a -m x -q 1; expect_exit 7
    [ -s "$T/err" ] || fail "$(at 'cut link'): nothing on stderr"
}
row 35 2.0 cut_link
ranges() {
    local words
    for words in '-k 4' '-k 65536' '-M 0' '-p 65536' '-p -1' '-q 3' '-q -1' '--will-qos 3' '-V 0' '--repeat 0' \
        '--repeat-delay -1'; do
        refuses "${words%% *}" -t a -m x $words
    done
}
row 36 2.0 ranges
companions() {
    refuses '-i' -t a -m x -i a -I b
    refuses '--will-topic' -t a -m x --will-payload x
    refuses '--will-topic' -t a -m x --will-retain
    refuses '--key' -t a -m x --cafile f --cert f
    refuses '--keyform' -t a -m x --cafile f --keyform pem
    refuses '--psk' -t a -m x --cafile f --psk 00 --psk-identity i
    refuses '--psk-identity' -t a -m x --psk 00
}
row 37 2.0 companions
sessions() {
    refuses '-i' -t a -m x -V 311 -c
    refuses '-i' -t a -m x -V 5 -x -1
}
row 38 2.0 sessions
properties() {
    local words
    for words in '' 'connect' 'connect receive-maximum' 'bad receive-maximum 1' 'connect no-such-property 1' \
        'connect will-delay-interval 1' 'connect receive-maximum 65536' 'publish subscription-identifier 1' \
        'auth authentication-method x' 'puback reason-string x'; do
        refuses '-D' -t a -m x -D $words
    done
}
row 39 2.0 properties
last_words() {
    local option words
    for option in -h -p -t -m -f -q -i -I -u -P -k -A -L -M -V -D --cafile --capath --cert --key --ciphers --psk \
        --psk-identity --tls-version --tls-alpn --proxy --unix --repeat --repeat-delay --will-topic --will-payload \
        --will-qos; do
        refuses "$option" -t a "$option"
    done
    for words in '-C 1' -E '-F %p' -N -R '-T a' '-U a' -v -w '-W 1' --no-such-option; do
        refuses "${words%% *}" -t a -m x $words
    done
    # Ours: every option of the table that takes a word.
    is_ours || return 0
    for option in $("$PROGRAM" --generate json | grep -vF '"argument":""' | sed -nE 's/.*"long":"([^"]*)".*/\1/p'); do
        refuses '-' -t a "--$option"
    done
}
row 40 2.0 last_words
argument_reading() { # numbers as atoi() reads them, names in any case of letters, nothing joined
    ! is_ours || return 0
    deliver 'numbers' '%q' 1 1 -p "${PORT}x" -t a -m x -q 1x -k 60s -M 20m --repeat 1x --repeat-delay 0.1s
    deliver 'no number' '%q' 1 0 -p "$PORT" -t a -m x -q x
    deliver '-D' '%C %P' 1 'c K:V' -p "$PORT" -V 5 -t a -m x -D PUBLISH Content-Type c -D Publish USER-PROPERTY K V
    deliver '-D will alone' '%p' 1 x -p "$PORT" -V 5 -t a -m x -D will content-type c
    local word
    for word in -p1883 -rd --qos=1 --message=; do refuses "$word" -t a -m x "$word"; done
}
row 40 2.0 argument_reading
no_connack() {
    fake_peer hold
    limit_of 4 mqtt-pub -h "$HOST" -p "$PORT" -t a -m x --timeout 2; expect_exit 27
    limit_of 4 mqtt-pub -h "$HOST" -p "$PORT" -t a -m x --connect-timeout 500ms; expect_exit 27
}
row 33 ours no_connack
no_puback() {
    fake_peer 2003000000 hold
    limit_of 4 mqtt-pub -h "$HOST" -p "$PORT" -t a -m x -q 1 --ack-timeout 500ms; expect_exit 27
    expect_match "$T/err" 'acknowledged nothing'
    seq 5 >"$T/lines"
    limit_of 4 mqtt-pub -h "$HOST" -p "$PORT" -t a -l -q 1 --timeout 500ms <"$T/lines"; expect_exit 27
    expect_match "$T/err" '5 messages: 5 not acknowledged'
}
row 34 ours no_puback
limit_of() { # limit_of SECONDS command...
    local limit=$1 before after; shift
    before=$(date +%s%N); run "$@"; after=$(date +%s%N)
    [ $(((after - before) / 1000000)) -le $((limit * 1000)) ] || fail "took $(((after - before) / 1000000)) ms: $*"
    [ "$status" != 0 ] || fail "exit status 0: $*"
    [ -s "$T/err" ] || fail "nothing on stderr: $*"
}
help() {
    local option
    for option in --help --version; do
        run "$PROGRAM" $option
        if is_ours; then expect_exit 0; else expect_exit 1; fi
        [ -s "$T/out" ] && [ ! -s "$T/err" ] || fail "$(at $option): nothing on stdout or talk on stderr"
    done
    ! is_ours || { run "$PROGRAM" --help all; expect_exit 0; }
}
row 84 2.0 help
lanes pub
row 84 2.0 help
lanes sub
row 84 2.0 help
lanes rr

refused() {
    go -V 311 -t a -m x; expect_exit 5
    go -V 5 -t a -m x; expect_exit 135
    [ -s "$T/err" ] || fail "$(at refused): nothing on stderr"
}
row 31 2.0 refused
lanes pub 'allow_anonymous false'

printf 'topic read a/#\ntopic write open/#\n' >"$T/acl"
chmod 644 "$T/acl"; chmod 755 "$T"
denied() {
    run mqtt-pub -h "$HOST" -p "$PORT" -t a/b -m x -q 1 -V 5; expect_exit 135
    expect_match "$T/err" '[Nn]ot authorized'; expect_quiet
    go -t a/b -m x -q 2; expect_exit 135
    printf 'a\nb\n' >"$T/lines"
    go -t a/b -l -q 1 <"$T/lines"; expect_exit 135
    expect_match "$T/err" '2 refused .Not authorized'
    go -t a/b -m x -q 1 --report json; expect_exit 135
    expect_match "$T/out" '"acknowledged":0,"refused":1,"reasons":.."?not_authorized"?:1'
    go -t open/b -m x -q 1 --report json; expect_exit 0
    expect_match "$T/out" '"acknowledged":1,.*"denial":"reported","seconds":[0-9.]+,"exit_code":0'
    go -t open/b -m x --report json; expect_exit 0
    expect_match "$T/out" '"sent":1,.*"denial":"not provable"'
    go -V 311 -t a/b -m x -q 1 --report json; expect_exit 0
    expect_match "$T/out" '"denial":"not provable"'
    run "$LINKS/mosquitto_pub" -h "$HOST" -p "$PORT" -t a/b -m x -q 1 -V 5; expect_exit 0
}
row 32 ours denied
lanes pub "acl_file $T/acl"
