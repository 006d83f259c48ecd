# Every packet type of the three versions as our two roles write it, decoded by tshark: no malformed packet, no
# warning, all types there, texts unharmed.
# timeout: 120
. "$(dirname "$0")/../cli/lib.sh"
need tshark text2pcap

# decode VERSION-NUMBER: the conversation as a capture of TCP port 1883, read by tshark.
decode() {
    capture_session "$1" >"$T/$1.hex"
    text2pcap -q -F pcap -r '^(?<dir>[IO])\s(?<data>[0-9a-f]+)$' -T 50000,1883 "$T/$1.hex" "$T/$1.pcap" 2>"$T/pcap.log"
    tshark -r "$T/$1.pcap" -T fields -e mqtt.msgtype -e mqtt.topic -e mqtt.conack.val -e _ws.malformed \
        -e _ws.expert.message >"$T/$1.fields" 2>"$T/tshark.log"
    tshark -r "$T/$1.pcap" -V >"$T/$1.text" 2>>"$T/tshark.log"
}
for version in 31 311 5; do
    decode $version
    expect_eq "packets of $version" "$(wc -l <"$T/$version.fields")" "$(wc -l <"$T/$version.hex")"
    if grep -qiE 'malformed|\[Expert Info \((Error|Warning)' "$T/$version.text"; then
        grep -iE -B3 'malformed|\[Expert Info \((Error|Warning)' "$T/$version.text" >&2
        fail "tshark finds fault with MQTT $version"
    fi
    types=$(cut -f1 "$T/$version.fields" | sort -nu | tr '\n' ' ')
    case $version in
        5) expect_eq "types of 5" "$types" "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 " ;;
        *) expect_eq "types of $version" "$types" "1 2 3 4 5 6 7 8 9 10 11 12 13 14 " ;;
    esac
    expect_match "$T/$version.fields" '大楼/三层/温度'
done
