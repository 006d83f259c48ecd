# timeout: 300
# Random command lines under mosquitto's names and its own clients: what is wrong with them, which fault comes first and
# how they end is the same. Three hundred here; with other seeds and counts by hand (peers/command_lines.pl).
. "$(dirname "$0")/../cli/drop_in.sh"
for kind in pub sub rr; do need "mosquitto_$kind"; done
need perl
[ "$their_version" = 2.0 ] || skip "the sentences are those of mosquitto 2.0, here is $their_version"
mkdir -p "$T/files/folder"
printf 'payload\n' >"$T/files/good"
: >"$T/files/empty"
seeds=()
for seed in 1 2 3; do
    perl "$(dirname "$0")/peers/command_lines.pl" "$LINKS" "$(dirname "$(theirs pub)")" "$T/files" "$seed" 100 2>"$T/$seed.err" &
    seeds+=("$!")
done
for seed in 1 2 3; do
    wait "${seeds[$((seed - 1))]}" || { cat "$T/$seed.err" >&2; fail "seed $seed"; }
done
