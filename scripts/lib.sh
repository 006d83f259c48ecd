# What the scripts share: where the project is, how they talk, how missing Debian packages are installed.
# Sourced by bash scripts under `set -eu`; defines functions and the variables below, changes nothing else.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=${MQTT_JOBS:-$(nproc 2>/dev/null || echo 2)}
allow_install=1

packages_build=(g++ cmake ninja-build ccache libasio-dev libcli11-dev libfmt-dev libssl-dev libsqlite3-dev pkg-config openssl)
packages_test=(doctest-dev mosquitto mosquitto-clients tshark
               python3-paho-mqtt libpaho-mqtt-dev libpaho-mqttpp-dev node-mqtt nats-server haproxy nginx-light
               mariadb-server-core mariadb-client-core tmux procps bsdutils chromium jq sqlite3 mandoc dpkg-dev file curl strace valgrind)
packages_peers=(rabbitmq-server activemq libmqtt-client-java default-jdk-headless)  # large: scripts/test --full
command -v npm >/dev/null || packages_peers+=(npm)  # 319 packages of Debian; other sources' nodejs has it
packages_check=(clang-format-14 clang-tidy-14)
packages_fuzz=(clang)

if [ -t 2 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' cyan=$'\e[36m' plain=$'\e[0m'
else
    bold= dim= red= green= cyan= plain=
fi

say() { printf '%s\n' "$*" >&2; }
title() { printf '%s\n' "$bold$cyan== $*$plain" >&2; }
die() { printf '%s\n' "$red$bold${0##*/}: $*$plain" >&2; exit 1; }

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs a command as root, or says why it cannot.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_missing package...: prints what is missing, installs it, starts no service.
install_missing() {
    local package missing=()
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "This is not a Debian system; these must be there already: $*"
        return 0
    fi
    for package in "$@"; do is_installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return 0

    say "To be installed from this machine's Debian packages: $bold${missing[*]}$plain"
    [ "$allow_install" = 1 ] || die "--no-install was given. Install them yourself: apt-get install ${missing[*]}"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        die "you are not root and there is no sudo. As root: apt-get install ${missing[*]}"
    fi
    install_without_services "${missing[@]}"
}

# Debian starts a service when its package is installed, unless policy-rc.d says no (exit status 101).
# The answer is put there for the time of the installation only, and what was there before comes back. In a
# subshell: the trap is its own, and the caller's stays.
install_without_services() (
    local policy=/usr/sbin/policy-rc.d saved= log started=$SECONDS
    if [ -e "$policy" ] || [ -L "$policy" ]; then
        saved=$policy.before-mqtt-tools
        as_root mv "$policy" "$saved"
    fi
    # shellcheck disable=SC2064  # the values of now are meant
    trap "as_root rm -f $policy; [ -z '$saved' ] || as_root mv '$saved' $policy" EXIT
    as_root sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy"

    log=$(mktemp)
    if ! apt_install --simulate "$@" >"$log" 2>&1; then
        say "${dim}apt-get update$plain"
        as_root apt-get -q update >"$log" 2>&1 || { tail -n 15 "$log" >&2; rm -f "$log"; die "apt-get update failed"; }
    fi
    if ! apt_install "$@" >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        die "apt-get install failed (the end of its output is above)"
    fi
    rm -f "$log"
    disable_new_services "$@"
    say "${dim}installed in $((SECONDS - started)) s; no service was started$plain"
)

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 install "$@"
}

# A service that we brought along must not start at the next boot either.
disable_new_services() {
    local service
    command -v systemctl >/dev/null || return 0
    for service in mosquitto nats-server haproxy nginx activemq rabbitmq-server; do
        case " $* " in
            *" $service "* | *" $service-light "*)
                as_root systemctl disable "$service.service" >/dev/null 2>&1 || true ;;
        esac
    done
}

# build preset [target...]: configures when needed and builds; prints the end of the log when it fails.
build() {
    local preset=$1 out=$root/build/$1 log started=$SECONDS
    shift
    mkdir -p "$out"
    log=$out/build.log
    if [ ! -f "$out/build.ninja" ]; then
        (cd "$root" && cmake --preset "$preset") >"$log" 2>&1 || { tail -n 30 "$log" >&2; return 1; }
    fi
    if [ -t 2 ]; then
        nice -n 5 ninja -C "$out" -j "$jobs" "$@" 2>&1 | tee "$log" | progress
    else
        nice -n 5 ninja -C "$out" -j "$jobs" "$@" >"$log" 2>&1
    fi || { grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" | head -n 60 >&2; return 1; }
    say "${dim}$preset built in $((SECONDS - started)) s$plain"
}

# as_installed PRESET PROGRAM...: a folder with copies of a build's programs, for measurements; the caller removes it.
# A package manager writes a file in one go, a linker here and there, and how a file lies in the page cache counts: the
# same bytes took a third more CPU time for retained messages as the linker had left them.
as_installed() {
    local bin=$root/build/$1/bin folder program
    folder=$(mktemp -d "$root/build/$1/measured.XXXXXX")
    shift
    for program in "$@"; do [ ! -x "$bin/$program" ] || cp "$bin/$program" "$folder"; done
    echo "$folder"
}

# Shows ninja's progress in one line that is rewritten.
progress() {
    local line
    while IFS= read -r line; do
        case $line in '['*) printf '\r\e[K%s%.90s%s' "$dim" "$line" "$plain" >&2 ;; esac
    done
    printf '\r\e[K' >&2
}
