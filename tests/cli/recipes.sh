# The recipes of mqtt-tools(7), run as they stand there: sourced by manual.t and recipes_*.t, after lib.sh.
page=$lib_root/man/mqtt-tools.7
cd "$T"

# recipe NAME: the block of the page as a script, $T/NAME.sh.
recipe() {
    [ ! -s "$T/$1.sh" ] || return 0  # a shell may still be reading it
    awk -v mark=".\\\\\" recipe $1" '
        $0 == mark { found = 1; next }
        found && /^\.Bd/ { inside = 1; next }
        inside && /^\.Ed/ { exit }
        inside { gsub(/\\e/, "\\"); print }' "$page" >"$T/$1.sh"
    [ -s "$T/$1.sh" ] || fail "the page has no recipe $1"
}
in_background() { recipe "$1"; background "$1" setsid bash -e "$T/$1.sh"; groups+=("$pid"); }
run_recipe() { recipe "$1"; run bash -e "$T/$1.sh"; expect_exit 0; }
stop() { kill -TERM -- "-$1" 2>/dev/null || true; finish "$1"; }
message() { timeout 20 mqtt-sub -t "$1" -C 1 -W 10; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Recipes leave servers in the background, as their readers want it: everything of a group ends with the test.
groups=()
recipes_end() {
    local ended=$? group
    set +e
    for group in "${groups[@]}"; do kill -TERM -- "-$group" 2>/dev/null; done
    (exit "$ended")
    lib_cleanup
}
trap recipes_end EXIT
