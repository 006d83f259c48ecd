# timeout: 120
# Man pages and completions are what the flag tables say, and are well-formed.
. "$(dirname "$0")/lib.sh"
preset=$(basename "$(dirname "$BIN")")
for tool in mqtt-pub mqtt-sub mqtt-bench mqtt-broker-lite; do
    [ -x "$BIN/$tool" ] || skip "$tool is not built"
done
"$lib_root/scripts/gen-docs" --check -p "$preset" || fail 'generated pages lag behind: run scripts/gen-docs'

for tool in mqtt-pub mqtt-sub mqtt-bench mqtt-broker-lite; do
    bash -n "$lib_root/man/completions/$tool.bash" || fail "$tool.bash has a syntax error"
    if lib_find mandoc >/dev/null; then
        # A page that refers to one that is not installed here is a matter of style.
        mandoc -Tlint "$lib_root/man/$tool.1" | grep -v 'referenced manual not found' >"$T/lint" || true
        [ ! -s "$T/lint" ] || { cat "$T/lint" >&2; fail "mandoc complains about $tool.1"; }
    fi
    # Every long option of the help is in page and completions.
    "$BIN/$tool" --help all >"$T/help"
    for option in $(sed -nE 's/^  (-.,|   ) --([a-z0-9-]+).*/\2/p' "$T/help"); do
        grep -qF -- "\\-\\-${option//-/\\-}" "$lib_root/man/$tool.1" ||
            grep -qF -- "Fl \\-${option//-/\\-}" "$lib_root/man/$tool.1" || fail "$tool.1 lacks --$option"
        grep -qF -- "--$option " "$lib_root/man/completions/$tool.bash" || fail "$tool.bash lacks --$option"
        grep -qF -- "--$option" "$lib_root/man/completions/_$tool" || fail "_$tool lacks --$option"
        grep -qE -- " -l $option( |$)" "$lib_root/man/completions/$tool.fish" || fail "$tool.fish lacks --$option"
    done
done

if lib_find mandoc >/dev/null; then
    mandoc -Tlint "$lib_root/man/mqtt-broker-lite.conf.5" | grep -v 'referenced manual not found' >"$T/lint" || true
    [ ! -s "$T/lint" ] || { cat "$T/lint" >&2; fail "mandoc complains about mqtt-broker-lite.conf.5"; }
fi

# The completion completes.
. "$lib_root/man/completions/mqtt-sub.bash"
COMP_WORDS=(mqtt-sub --retain-h) COMP_CWORD=1; _mqtt_sub
expect_eq 'bash completes an option' "${COMPREPLY[*]}" --retain-handling
COMP_WORDS=(mqtt-sub --retain-handling n) COMP_CWORD=2; _mqtt_sub
expect_eq 'bash completes a choice' "${COMPREPLY[*]}" 'new never'
