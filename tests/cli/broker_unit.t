# The systemd unit: systemd understands it, its sandbox is tight, and its user can be made.
. "$(dirname "$0")/lib.sh"
need systemd-analyze systemd-sysusers
units=$lib_root/tools/mqtt-broker-lite/systemd
sed "s#@CMAKE_INSTALL_FULL_BINDIR@#$BIN#" "$units/mqtt-broker-lite.service.in" >"$T/mqtt-broker-lite.service"
cp "$units/mqtt-broker-lite.socket" "$T"
run systemd-analyze verify --man=no "$T/mqtt-broker-lite.service" "$T/mqtt-broker-lite.socket"
expect_exit 0
[ ! -s "$T/err" ] || fail "systemd complains: $(cat "$T/err")"
run systemd-analyze security --offline=true --threshold=20 "$T/mqtt-broker-lite.service"
[ "$status" = 0 ] || fail "exposure: $(tail -n 1 "$T/out")"
run systemd-sysusers --dry-run "$units/mqtt-broker-lite.sysusers"
expect_exit 0
expect_match "$T/err" "Creating user 'mqtt-broker-lite'"
