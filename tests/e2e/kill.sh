#!/usr/bin/env bash
# A daemon that is killed again and again counts every error once.
#
# Errors with numbers are appended to two logs while the daemon is killed with SIGKILL every few
# hundred milliseconds: sometimes while it starts, sometimes while it works. At the end it is let
# alone, and the totals must be exactly the number of errors that were written. The plain lines
# carry no run id, so nothing but the checkpoint keeps them from being counted twice.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/errors.sh
source "$(dirname "${BASH_SOURCE[0]}")/errors.sh"

ERRORS=4000
CHUNK=25
# Kills at least, and seconds that each daemon lives beyond a part of one: more where it is slow.
ROUNDS=${ROUNDS:-14}
LIFE=${LIFE:-0}

main() {
    write_config
    append_errors &
    writer=$!
    kill_until_written
    count_once
    say "$ERRORS errors, $kills kills, each error counted once"
}

write_config() {
    free_port
    port=$FREE_PORT
    metrics=http://127.0.0.1:$port/metrics
    mkdir "$WORK/logs"
    cat >"$WORK/shirwatch.yaml" <<YAML
state_dir: $WORK/state
web: { listen: "127.0.0.1:$port" }
sources:
  - name: logs
    file: { include: ["$WORK/logs/*.log", "$WORK/logs/*.jsonl"] }
YAML
}

# Half of the errors are plain lines, half are activity runs. A chunk is written in two pieces
# that part in the middle of a line, as a writer with a buffer does.
append_errors() {
    local n chunk i
    for ((n = 0; n < ERRORS; n += 2 * CHUNK)); do
        chunk=''
        for ((i = n; i < n + CHUNK; i++)); do chunk+=$(plain_error "$i")$'\n'; done
        append "$WORK/logs/trace.log" "$chunk"
        chunk=''
        for ((i = n + CHUNK; i < n + 2 * CHUNK; i++)); do chunk+=$(activity_run "$i")$'\n'; done
        append "$WORK/logs/activityruns.jsonl" "$chunk"
        sleep 0.05
    done
}

# Kills while errors are written, and at least ROUNDS times. Odd rounds let the daemon answer
# first, even ones kill it while it starts. The totals that it showed must never go back.
kill_until_written() {
    local highest=0 now
    kills=0
    while ((kills < ROUNDS)) || kill -0 "$writer" 2>/dev/null; do
        ((kills < 500)) || fail 'errors were still being written after 500 kills'
        start shirwatch "$SHIRWATCH" run --config "$WORK/shirwatch.yaml"
        if ((kills % 2)); then
            await 30 'shirwatch did not answer after it was killed' answers "$metrics"
            # On a slow machine none would live long enough; this run would prove nothing.
            ((highest)) || await 60 'nothing is counted' counts
        fi
        sleep "$LIFE.$((RANDOM % 4))$((RANDOM % 10))"
        if now=$(metric "$metrics" shirwatch_errors_total 2>/dev/null); then
            ((now >= highest)) || fail "a kill took back totals: $highest were shown, then $now"
            highest=$now
        fi
        kill_last || fail 'shirwatch ended by itself'
        ((kills += 1))
    done
    wait "$writer" || fail 'the writer of the logs failed'
    ((highest > 0)) || fail 'no daemon lived long enough to count anything; this run proves nothing'
    ((highest < ERRORS)) || say 'everything was counted before the last kill'
}

counts() {
    (($(metric "$metrics" shirwatch_errors_total) > 0))
}

count_once() {
    start shirwatch "$SHIRWATCH" run --config "$WORK/shirwatch.yaml"
    await 60 'shirwatch did not answer at the end' answers "$metrics"
    await 60 "fewer than $ERRORS errors were counted" all_counted
    await 30 'bytes are left that were not read' metric_is "$metrics" shirwatch_source_lag_bytes 0
    # All is read: from here on a number that is too high would show.
    metric_is "$metrics" shirwatch_errors_total "$ERRORS" \
        || fail "$(metric "$metrics" shirwatch_errors_total) errors were counted of $ERRORS"
    incidents "/api/v1/incidents" "$(get "http://127.0.0.1:$port/api/v1/incidents?state=all")"
    incidents "\`shirwatch incidents\`" \
        "$("$SHIRWATCH" incidents --config "$WORK/shirwatch.yaml" --format json)"
    "$SHIRWATCH" audit --config "$WORK/shirwatch.yaml" || fail 'the ledger does not balance'
}

all_counted() {
    (($(metric "$metrics" shirwatch_errors_total) >= ERRORS))
}

# incidents WHO JSON: the counts of all incidents add up to the errors.
incidents() {
    local sum
    sum=$(jq '[(.incidents? // .)[].count] | add' <<<"$2") || fail "$1 gives no JSON"
    [[ $sum == "$ERRORS" ]] || fail "$1 counts $sum errors of $ERRORS"
}

main
