#!/usr/bin/env bash
# Two daemons share a primary that a standby follows; the primary is killed while they write, and the
# standby is promoted: nothing is lost, nothing is counted twice, each incident is told once.
#
# What was committed is on both, since replication is synchronous. The address names both servers and
# asks for the one that can be written (`target_session_attrs=read-write`).

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/database.sh
source "$(dirname "${BASH_SOURCE[0]}")/database.sh"
# shellcheck source=tests/e2e/members.sh
source "$(dirname "${BASH_SOURCE[0]}")/members.sh"

ERRORS=${ERRORS:-3000}
SECONDS_OF_WRITING=${SECONDS_OF_WRITING:-8}
MEMBERS=(a b)
LAG=shirwatch_source_lag_bytes

main() {
    start_database
    PID[primary]=$DATABASE_PID
    primary_port=$FREE_PORT
    start_standby
    printf 'postgres://shirwatch:%s@127.0.0.1:%s,127.0.0.1:%s/postgres?target_session_attrs=read-write\n' \
        "$PASSWORD" "$primary_port" "$standby_port" >"$WORK/url"
    start_receiver
    mkdir "${MEMBERS[@]/#/"$WORK/"}"
    start_members
    "${HELP[@]}" write "$WORK/a" "$WORK/b" "$ERRORS" "$SECONDS_OF_WRITING" &
    writer=$!
    await 20 'nothing was counted' part_counted
    fail_over
    wait "$writer" || fail 'the writer of the logs failed'
    count_once
    tell_once
    one_list
    say "$ERRORS errors, the primary killed when $before were counted: each counted once"
}

# A copy of the primary that follows it. From then on the primary says that something is committed
# once the standby has it on its disk.
start_standby() {
    local bin=${DATABASE_BIN:?}
    await 30 'the primary did not start' database_answers
    free_port
    standby_port=$FREE_PORT
    mkdir "$WORK/standby"
    ((${#AS[@]} == 0)) || chown postgres "$WORK/standby"
    (cd / && PGPASSWORD=$PASSWORD "${AS[@]}" "$bin/pg_basebackup" --pgdata "$WORK/standby/data" --checkpoint fast \
        --no-sync --write-recovery-conf --host 127.0.0.1 --port "$primary_port" --username shirwatch) \
        >"$WORK/basebackup.log" 2>&1 || fail 'the standby could not be copied'
    start standby env --chdir=/ "${AS[@]}" "$bin/postgres" -D "$WORK/standby/data" -p "$standby_port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories=
    sql "ALTER SYSTEM SET synchronous_standby_names = '*'" >/dev/null
    sql 'SELECT pg_reload_conf()' >/dev/null
    await 30 'the standby does not follow' follows
}

sql() {
    PGPASSWORD=$PASSWORD "${DATABASE_BIN:?}/psql" --no-psqlrc --quiet --tuples-only --no-align \
        --host 127.0.0.1 --port "${2:-$primary_port}" --username shirwatch --dbname postgres --command "$1"
}

database_answers() {
    sql 'SELECT 1'
}

follows() {
    [[ $(sql "SELECT sync_state FROM pg_stat_replication") == sync ]]
}

# The primary dies as by a power cut, in the middle of commits.
fail_over() {
    before=$(counted)
    ((before < ERRORS)) || fail 'all was written before the primary was killed; this run proves nothing'
    murder primary
    # What was on its way then may be told again: one notice of each member.
    kills=${#MEMBERS[@]}
    [[ $(sql 'SELECT pg_promote()' "$standby_port") == t ]] || fail 'the standby was not promoted'
}

source_of() {
    printf '{ name: runs, file: { include: ["%s/*.jsonl"] } }' "$WORK/$1"
}

part_counted() {
    (($(counted) >= ERRORS / 4))
}

main
