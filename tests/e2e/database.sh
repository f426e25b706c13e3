# shellcheck shell=bash
#
# A PostgreSQL of its own: on loopback, in the work folder, with a password, ended by its pid.
# Sourced after lib.sh, not run. The address stands in $WORK/url.

PASSWORD=no-secret-at-all-$RANDOM$RANDOM

# As another user where we are root, whom PostgreSQL refuses.
start_database() {
    local bin
    bin=$(dirname "$(find /usr/lib/postgresql -path '*/bin/initdb' | sort --version-sort | tail -n 1)")
    # shellcheck disable=SC2034  # used by the scripts that source this file
    DATABASE_BIN=$bin
    AS=()
    mkdir "$WORK/database"
    if [[ $(id -u) == 0 ]]; then
        AS=(setpriv --reuid postgres --regid postgres --clear-groups)
        chmod 711 "$WORK"
        chown postgres "$WORK/database"
    fi
    printf '%s' "$PASSWORD" >"$WORK/database/password"
    chmod 644 "$WORK/database/password"
    free_port
    (cd / && "${AS[@]}" "$bin/initdb" --pgdata "$WORK/database/data" --username shirwatch \
        --pwfile "$WORK/database/password" --auth scram-sha-256 --no-sync --encoding UTF8) \
        >"$WORK/initdb.log"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=contoso -addext subjectAltName=IP:127.0.0.1 \
        -addext basicConstraints=critical,CA:FALSE -keyout "$WORK/database/key" -out "$WORK/database/cert" 2>/dev/null
    ((${#AS[@]} == 0)) || chown postgres "$WORK/database/key"
    chmod 600 "$WORK/database/key"
    DATABASE=("${AS[@]}" "$bin/postgres" -D "$WORK/database/data" -p "$FREE_PORT"
        -c listen_addresses=127.0.0.1 -c unix_socket_directories=
        -c ssl=on -c ssl_cert_file="$WORK/database/cert" -c ssl_key_file="$WORK/database/key")
    printf 'postgres://shirwatch:%s@127.0.0.1:%s/postgres\n' "$PASSWORD" "$FREE_PORT" >"$WORK/url"
    begin_database
}

begin_database() {
    # Not in the folder of who started this: the other user may not be allowed there.
    start database env --chdir=/ "${DATABASE[@]}"
    # shellcheck disable=SC2034  # used by the scripts that source this file
    DATABASE_PID=$LAST_PID
}

# query SQL: what it gives, a row a line.
query() {
    "${DATABASE_BIN:?}/psql" --no-psqlrc --tuples-only --no-align --command "$1" "$(<"$WORK/url")"
}
