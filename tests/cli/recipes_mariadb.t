# timeout: 120
# Recipes of mqtt-tools(7): readings of a 3.1.1 client that logs in, into MariaDB, each once. The server is the test's own.
. "$(dirname "$0")/readings.sh"
need mariadbd mariadb mariadb-install-db
mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db --datadir="$T/db" \
    --user="$(id -un)" >"$T/install.log" 2>&1 || fail 'mariadb-install-db'
background mariadbd "$(lib_find mariadbd)" --no-defaults --datadir="$T/db" --socket="$T/db.sock" --skip-networking \
    --pid-file="$T/db.pid" --user="$(id -un)"
printf '[client]\nsocket = %s\nuser = root\n' "$T/db.sock" >"$T/.my.cnf"
until_true 60 mariadb -e 'CREATE DATABASE readings'
rows() {
    mariadb --default-character-set=utf8mb4 --raw --batch --skip-column-names readings \
        -e 'SELECT id, topic, FORMAT(value, 1) FROM reading ORDER BY id' 2>/dev/null | tr '\t' '|'
}
recipe mariadb
readings_arrive mariadb
