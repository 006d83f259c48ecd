# timeout: 180
# The packages of this build: a DEB unpacked into an empty root has everything in its place and runs from there; a
# program of somebody else's is built against the library by its CMake package and by pkg-config.
. "$(dirname "$0")/lib.sh"
need dpkg-deb dpkg-shlibdeps cpack cmake pkg-config
build=$(dirname "$BIN")
(cd "$build" && cpack -G "DEB;TGZ" -B "$T/made") >"$T/cpack.log" 2>&1 || fail "cpack: $(tail -n 5 "$T/cpack.log")"
deb=$(ls "$T"/made/mqtt-tools_*.deb) dev=$(ls "$T"/made/libmqtt-dev_*.deb)
for pattern in mqtt-tools libmqtt-dev; do
    ls "$T"/made/$pattern-*.tar.gz >/dev/null || fail "no archive of $pattern"
done

dpkg-deb -f "$deb" Depends >"$T/depends"
expect_match "$T/depends" 'libc6 \(>= '
expect_match "$T/depends" 'libssl3'
root=$T/root
dpkg-deb -x "$deb" "$root"
dpkg-deb -x "$dev" "$root"
for file in bin/mqtt-pub bin/mqtt-sub bin/mqtt-bench bin/mqtt-broker-lite share/man/man1/mqtt-pub.1 \
    share/man/man5/mqtt-broker-lite.conf.5 share/man/man7/mqtt-tools.7 share/man/man3/libmqtt.3 lib/systemd/system/mqtt-broker-lite.service \
    lib/sysusers.d/mqtt-broker-lite.conf share/bash-completion/completions/mqtt-sub \
    share/zsh/vendor-completions/_mqtt-pub share/fish/vendor_completions.d/mqtt-bench.fish \
    lib/pkgconfig/libmqtt.pc lib/cmake/mqtt/mqtt-config.cmake include/mqtt/client.hpp; do
    case $file in lib/pkgconfig/*|lib/cmake/*) found=$(find "$root/usr/lib" -path "*${file#lib}") ;; *) found=$root/usr/$file ;; esac
    [ -s "$found" ] || fail "the packages lack $file"
done

export PATH=$root/usr/bin:$PATH
[ "$(command -v mqtt-pub)" = "$root/usr/bin/mqtt-pub" ] || fail 'the programs of the package are not the first'
start_broker
mqtt-pub -h "$HOST" -p "$PORT" -q 1 -r -t packed -m works
expect_eq 'the programs' "$(mqtt-sub -h "$HOST" -p "$PORT" -t packed -C 1 -W 20)" works

mkdir "$T/outside"
cp "$lib_root/libmqtt/examples/publish.cpp" "$T/outside/main.cpp"
cat >"$T/outside/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(outside LANGUAGES CXX)
find_package(mqtt 0.1 REQUIRED)
add_executable(outside main.cpp)
target_link_libraries(outside PRIVATE mqtt::client)
END
cd "$T/outside"
cmake -S . -B build -G Ninja -DCMAKE_PREFIX_PATH="$root/usr" >log 2>&1 && cmake --build build >>log 2>&1 ||
    fail "find_package(mqtt): $(tail -n 20 log)"
sees() { # PROGRAM: what it publishes arrives
    background seer mqtt-sub -h "$HOST" -p "$PORT" -t outside -C 1 -W 20 -d
    local seer=$pid
    until_true 10 contains "$T/seer.err" SUBACK
    "$1" "$URL/outside" "from $1"
    finish "$seer"
    expect_eq "$1" "$(cat "$T/seer.out")" "from $1"
}
sees ./build/outside
export PKG_CONFIG_PATH; PKG_CONFIG_PATH=$(dirname "$(find "$root" -name libmqtt.pc)")
flags=$(pkg-config --define-variable=prefix="$root/usr" --cflags --libs libmqtt)
# shellcheck disable=SC2086
c++ -std=c++20 main.cpp -o by_pkg_config $flags 2>log || fail "pkg-config: $(tail -n 20 log)"
sees ./by_pkg_config
