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

ERRORS=${ERRORS:-3000}
SECONDS_OF_WRITING=${SECONDS_OF_WRITING:-8}
MEMBERS=(a b)
HELP=(python3 -B "$ROOT/tests/e2e/fleet.py")
declare -A PORT

main() {
    start_database
    primary=$DATABASE_PID
    primary_port=$FREE_PORT
    start_standby
    printf 'postgres://shirwatch:%s@127.0.0.1:%s,127.0.0.1:%s/postgres?target_session_attrs=read-write\n' \
        "$PASSWORD" "$primary_port" "$standby_port" >"$WORK/url"
    start_receiver
    local it
    for it in "${MEMBERS[@]}"; do
        free_port
        PORT[$it]=$FREE_PORT
        mkdir "$WORK/$it"
        write_config "$it"
        start "$it" "$SHIRWATCH" run --config "$WORK/$it.yaml"
    done
    for it in "${MEMBERS[@]}"; do
        await 30 "member $it did not get ready" answers "$(url "$it" readyz)"
    done
    "${HELP[@]}" write "$WORK/a" "$WORK/b" "$ERRORS" "$SECONDS_OF_WRITING" &
    writer=$!
    PIDS+=("$writer")
    await 20 'nothing was counted' part_counted
    fail_over
    wait "$writer" || fail 'the writer of the logs failed'
    await 60 "fewer than $ERRORS errors were counted" all_counted
    await 30 'bytes are left that were not read' nothing_left
    [[ $(counted) == "$ERRORS" ]] || fail "$(counted) errors were counted of $ERRORS"
    for it in "${MEMBERS[@]}"; do
        "$SHIRWATCH" audit --config "$WORK/$it.yaml" >/dev/null || fail "the ledger of $it does not balance"
    done
    await 40 'notices wait that nobody sends' all_told
    await 20 'notices wait that nobody sends' metric_is "$(url a metrics)" shirwatch_notification_queue_length 0
    # What was on its way when the primary died may be said again.
    local judged
    judged=$("${HELP[@]}" judge "$WORK/told" 2) || fail 'notices were lost or told twice'
    say "$judged"
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
    kill -KILL "$primary" || fail 'the primary ended by itself'
    wait "$primary" 2>/dev/null || true
    [[ $(sql 'SELECT pg_promote()' "$standby_port") == t ]] || fail 'the standby was not promoted'
}

start_receiver() {
    free_port
    receiver=http://127.0.0.1:$FREE_PORT/
    : >"$WORK/told"
    start receiver "${HELP[@]}" receive "$FREE_PORT" "$WORK/told"
}

write_config() {
    cat >"$WORK/$1.yaml" <<YAML
state_dir: $WORK/state-$1
store: { postgres: { url_file: $WORK/url, member: $1 } }
web: { listen: "127.0.0.1:${PORT[$1]}" }
sources:
  - name: runs
    file: { include: ["$WORK/$1/*.jsonl"] }
incidents: { group_by: [pipeline], resolve_after: 24h }
# The errors are of March, and are to be told all the same.
alerts: { max_age: 1000000h, repeat_interval: 24h }
receivers: [{ name: ops, webhook: { url: "$receiver" } }]
YAML
}

url() {
    printf 'http://127.0.0.1:%s/%s' "${PORT[$1]}" "$2"
}

counted() {
    local it sum=0 one
    for it in "${MEMBERS[@]}"; do
        one=$(metric "$(url "$it" metrics)" shirwatch_errors_total) || return
        sum=$((sum + one))
    done
    echo "$sum"
}

part_counted() {
    (($(counted) >= ERRORS / 4))
}

all_counted() {
    (($(counted) >= ERRORS))
}

nothing_left() {
    local it
    for it in "${MEMBERS[@]}"; do
        metric_is "$(url "$it" metrics)" shirwatch_source_lag_bytes 0 || return
    done
}

all_told() {
    (($(wc --lines <"$WORK/told") >= 60))
}

# Each member shows the same list, which adds up to the errors.
one_list() {
    local it sum
    for it in "${MEMBERS[@]}"; do
        sum=$(get "$(url "$it" 'api/v1/incidents?state=all&brief=true')" | jq '[.incidents[].count] | "\(length) \(add)"')
        [[ $sum == "\"60 $ERRORS\"" ]] || fail "the incidents and their counts at $it are $sum"
    done
}

main
