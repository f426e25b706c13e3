#!/usr/bin/env bash
# Two daemons of a fleet have the same storage account in their configuration: one reads it. When
# that one is told to end, and when it is killed, the other goes on where it was: each record is
# read once, and all are in one list of incidents.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/database.sh
source "$(dirname "${BASH_SOURCE[0]}")/database.sh"
# shellcheck source=tests/e2e/members.sh
source "$(dirname "${BASH_SOURCE[0]}")/members.sh"
# shellcheck source=tests/e2e/errors.sh
source "$(dirname "${BASH_SOURCE[0]}")/errors.sh"

ERRORS=600
RUNS=insights-logs-activityruns
ACCOUNT=contosologs
KEY=$(printf 'a key that is no secret, for tests' | base64)
MEMBERS=(a b)

main() {
    start_database
    start_azurite
    start_receiver
    local it
    for it in "${MEMBERS[@]}"; do prepare "$it"; done
    write 0 200
    begin a
    await 60 'the first daemon does not read the account' read_so_far 200
    begin b
    ready b
    reads b && fail 'both daemons read the account'

    write 200 400
    kill -TERM "${PID[a]}"
    wait "${PID[a]}" || fail 'the first daemon did not end well'
    await 30 'nobody went on after the reader had ended' reads b
    begin a
    await 60 'the second daemon does not read on' read_so_far 400

    murder b
    write 400 "$ERRORS"
    await 60 'nobody went on after the reader had been killed' reads a
    begin b
    await 60 'the first daemon does not read on' read_so_far "$ERRORS"
    ready b
    exact
    say "$ERRORS records of one account, read by two daemons in turn: each once"
}

start_azurite() {
    free_port
    local blobs=$FREE_PORT
    connection="DefaultEndpointsProtocol=http;AccountName=$ACCOUNT;AccountKey=$KEY;BlobEndpoint=http://127.0.0.1:$blobs/$ACCOUNT;"
    printf '%s\n' "$connection" >"$WORK/connection"
    endpoint=http://127.0.0.1:$blobs/$ACCOUNT
    AZURITE_ACCOUNTS=$ACCOUNT:$KEY start azurite "$ROOT/tests/azure/node_modules/.bin/azurite-blob" \
        --blobHost 127.0.0.1 --blobPort "$blobs" --location "$WORK/azurite" --disableTelemetry --skipApiVersionCheck
    await 60 'Azurite did not start' writer create "$RUNS"
}

writer() {
    node "$ROOT/tests/azure/writer.js" "$connection" "$@"
}

source_of() {
    printf '{ name: runs, azure_blob: { account: %s, endpoint: "%s", containers: [%s], poll_interval: 1s,
        credential: { connection_string_file: %s } } }' "$ACCOUNT" "$endpoint" "$RUNS" "$WORK/connection"
}

# write FROM TO
write() {
    local i
    for ((i = $1; i < $2; i++)); do activity_run "$i"; echo; done >"$WORK/chunk"
    writer append "$RUNS" 0 "$WORK/chunk" 3
}

# Only who reads a source shows how far behind it is.
reads() {
    get "$(url "$1" metrics)" | grep --quiet '^shirwatch_source_lag_bytes{source="runs"}'
}

# sum NAME: over both daemons; one that is not there counts for nothing.
sum() {
    local it one total=0
    for it in "${MEMBERS[@]}"; do
        one=$(metric "$(url "$it" metrics)" "$1") || one=0
        total=$((total + one))
    done
    echo "$total"
}

# By the list that both share, whoever is there.
read_so_far() {
    local it
    for it in "${MEMBERS[@]}"; do
        answer_has "$(url "$it" 'api/v1/incidents?state=all')" "([.incidents[].count] | add) == $1" && return
    done
    return 1
}

exact() {
    [[ $(sum shirwatch_errors_total) == "$ERRORS" ]] \
        || fail "$(sum shirwatch_errors_total) errors were counted of $ERRORS"
    [[ $(sum shirwatch_activity_runs_total) == "$ERRORS" ]] \
        || fail "$(sum shirwatch_activity_runs_total) records were read of $ERRORS"
    ledgers_balance
}

main
