# What a start does not do: a connection without TLS loads no OpenSSL, and with TLS the bundle of all authorities is not
# read when the hashed directory serves.
. "$(dirname "$0")/lib.sh"
need openssl
grep -q 'libssl\.so\.' "$BIN/mqtt-sub" && ! ldd "$BIN/mqtt-sub" | grep -q libssl || skip 'this build is linked with OpenSSL'
make_certs
start_broker --listen mqtts://127.0.0.1:0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
tls_port=$(broker_port mqtts)

# has_openssl NAME URL...: whether a subscriber that has received something has the library in memory.
has_openssl() {
    local name=$1; shift
    mqtt-pub -p "$PORT" -t "$name" -m x -r -q 1
    background "$name" mqtt-sub "$@" -t "$name"
    until_true 20 has_lines "$T/$name.out" 1
    grep -q libssl "/proc/$pid/maps"
}
! has_openssl plain -p "$PORT" || fail 'OpenSSL was loaded for a plain connection'
has_openssl tls --cafile "$T/certs/ca.crt" -p "$tls_port" || fail 'where is OpenSSL?'
mkdir "$T/hashed"; cp "$T/certs/ca.crt" "$T/hashed/"; openssl rehash "$T/hashed" 2>/dev/null
[ -e "$T/hashed/$(openssl x509 -hash -noout -in "$T/certs/ca.crt").0" ] || fail 'no hashed directory'

need strace
unset SSL_CERT_FILE; export SSL_CERT_DIR=$T/hashed
opened() { strace -f -e trace=open,openat -o "$T/opened" "$@" >"$T/out" 2>"$T/err" || { cat "$T/err" >&2; fail "failed: $*"; }; }
opened mqtt-pub -p "$PORT" -t a -m x -q 1
! grep -E 'libssl|libcrypto|openssl\.cnf' "$T/opened" || fail 'a plain publish opens what belongs to OpenSSL'
opened mqtt-pub "mqtts://localhost:$tls_port/a" -m x -q 1
expect_match "$T/opened" 'libssl'
expect_match "$T/opened" "$T/hashed/[0-9a-f]{8}\.0"
! grep -E '/(ca-certificates\.crt|cert\.pem|ca-bundle\.crt)"' "$T/opened" || fail 'the bundle was read'
# Without authorities that know the server: refused, so the directory is what was trusted.
SSL_CERT_DIR=$T run mqtt-pub "mqtts://localhost:$tls_port/a" -m x -q 1; expect_exit 23
# A file named by the environment is read as well, not instead.
SSL_CERT_FILE=$T/certs/other-ca.crt run mqtt-pub "mqtts://localhost:$tls_port/a" -m x -q 1; expect_exit 0
