# timeout: 400
# mqtt-sub --top in a real terminal (tmux) at two sizes, under 50,000 messages per second on 10,000 topics: what
# it shows, how often it draws, what it costs; and that the screen is given back on every way out.
. "$(dirname "$0")/lib.sh"
need tmux pgrep stty
start_broker
size=
tm() { tmux -L "mqtt-top.$$.$size" -f /dev/null "$@"; }
end_tmux() { tm kill-server 2>/dev/null || true; }
trap 'code=$?; [ $code = 0 ] || tm capture-pane -p -t top >&2; end_tmux; (exit $code); lib_cleanup' EXIT
screen_has() { tm capture-pane -p -t top | grep -qE -- "$1"; }
state() { tm display -p -t top '#{alternate_on} #{cursor_flag} #{wrap_flag}'; }
state_is() { [ "$(state)" = "$1" ]; }
taken='1 0 0' given='0 1 1'
modes() { stty -a <"$(tm display -p -t top '#{pane_tty}')"; }
type_in() { tm send-keys -t top "$@"; }
start_top() { # start_top [args]: --top in the terminal; its id in $top
    type_in "mqtt-sub -p $PORT -t '#' --top $*; echo ended with \$?" Enter
    until_true 60 state_is "$taken"
    top=$(pgrep -P "$(tm display -p -t top '#{pane_pid}')" -x mqtt-sub)
}
# The first line has the number of messages: it changes with every picture.
pictures() { grep -ao $'\e\\[1;1H' "$T/seen" | wc -l; }
has_pictures() { [ "$(pictures)" -ge "$1" ]; }
ticks() { awk '{ print $14 + $15 }' "/proc/$top/stat"; }

background load mqtt-bench pub -p "$PORT" -c 1 -t 'plant/%{rand:0-9999}/value' -R 50000 -s 64 -d 10m --warmup 0s
load=$pid
for size in 80x24 200x50; do
    tm new-session -d -s top -x "${size%x*}" -y "${size#*x}" "ulimit -c 0; env PS1='ready> ' bash --norc"
    until_true 60 screen_has '^ready>'
    before=$(modes)
    start_top
    until_true 60 screen_has '10000 topics'
    until_true 60 screen_has '^ (plant/[0-9]+/value) +[0-9]'
    # Under load, twenty pictures long.
    : >"$T/seen"
    tm pipe-pane -t top "cat >>'$T/seen'"
    used=$(ticks) began=$(date +%s%N)
    until_true 60 has_pictures 20
    pictures=$(pictures) took=$((($(date +%s%N) - began) / 1000000)) used=$(($(ticks) - used))
    tm pipe-pane -t top
    pictures=$((pictures * 10000 / took)) share=$((used * 1000000 / $(getconf CLK_TCK) / took))
    echo "$size: $pictures/10 pictures per second, $share/10 % of a core at $(tm capture-pane -p -t top | grep -oE '[0-9.]+k? msg/s' | head -n 1)"
    [ "$pictures" -le 100 ] || fail "$size: more than ten pictures per second"
    [ "$share" -lt 300 ] || fail "$size: 30 % of a core or more"
    # Keys: tree, a level, a message, back; a search.
    type_in t; until_true 60 screen_has '^ \+ plant .* 10000 topics'
    type_in Right; until_true 60 screen_has '^ - plant '
    type_in t /; type_in -l /77/; until_true 60 screen_has '^/ ?/77/_|^//77/_'
    type_in Enter Down Up Enter; until_true 60 screen_has '^ payload: 64 bytes'
    type_in q q
    until_true 60 screen_has 'ended with 0'
    expect_eq "$size: after quit" "$(state)" "$given"
    expect_eq "$size: modes of the terminal after quit" "$(modes)" "$before"
    ! screen_has 'MSG/S' || fail "$size: the picture is still there"
    # Killed, hung up.
    for signal in TERM INT HUP QUIT ABRT; do
        type_in clear Enter
        start_top
        kill -"$signal" "$top"
        until_true 60 screen_has 'ended with [0-9]+'
        expect_eq "$size: after $signal" "$(state)" "$given"
        expect_eq "$size: modes after $signal" "$(modes)" "$before"
    done
    # Stopped and continued; what ends the run is told when the screen is back.
    type_in clear Enter
    start_top
    type_in C-z
    until_true 60 state_is "$given"
    type_in fg Enter
    until_true 60 state_is "$taken"
    type_in q
    until_true 60 state_is "$given"
    type_in "clear; mqtt-sub -p 1 -t '#' --top" Enter
    until_true 60 screen_has '^mqtt-sub: cannot connect to localhost'
    expect_eq "$size: after a failure" "$(state)" "$given"
    # A pipe gets lines; when it breaks, the run ends and the terminal is as it was.
    type_in "clear; mqtt-sub -p $PORT -t '#' --top | head -n 2; echo ended with \${PIPESTATUS[0]}" Enter
    until_true 60 screen_has 'ended with 0'
    screen_has 'BUSIEST' || fail "$size: no heading of --stat"
    expect_eq "$size: after a broken pipe" "$(state)" "$given"
    end_tmux
done
kill "$load"; finish "$load"

run timeout 10 mqtt-sub -p "$PORT" -t '#' --stat 100ms --json -W 1; expect_exit 27
expect_match "$T/out" '^\{"tst":"[^"]+","messages_per_second":0\.0,.*"busiest":null\}$'
run mqtt-sub -t a --top -v; expect_exit 1
