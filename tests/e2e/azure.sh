#!/usr/bin/env bash
# A storage account, and a daemon that follows it and is killed again and again.
#
# Azurite serves blobs on loopback. Errors with numbers are appended to the blobs of this hour and
# of the last one, in pieces that end in the middle of a line, while the daemon is killed with
# SIGKILL. Each error must be counted once, and the same as when the same lines are read from a
# file. Then blobs are deleted, come back, and are replaced by others.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/errors.sh
source "$(dirname "${BASH_SOURCE[0]}")/errors.sh"

ERRORS=${ERRORS:-2000}
CHUNK=50
KILLS=${KILLS:-8}
RUNS=insights-logs-activityruns
ACCOUNT=contosologs
KEY=$(printf 'a key that is no secret, for tests' | base64)
WRITER=$ROOT/tests/azure/writer.js

main() {
    start_azurite
    write_configs
    append_errors &
    writer=$!
    # A container is looked into each minute until something is there; that is proved further down.
    await 60 'nothing is written' test -s "$WORK/written"
    kill_until_written
    await 90 "fewer than $ERRORS errors were counted" counted "$ERRORS"
    settled "$ERRORS"
    same_as_file
    say "$ERRORS errors, $kills kills, each error counted once, and as from a file"
    follow_changes
    with_signature
    without_rights
}

start_azurite() {
    free_port
    blobs=$FREE_PORT
    connection="DefaultEndpointsProtocol=http;AccountName=$ACCOUNT;AccountKey=$KEY;BlobEndpoint=http://127.0.0.1:$blobs/$ACCOUNT;"
    AZURITE_ACCOUNTS=$ACCOUNT:$KEY start azurite "$ROOT/tests/azure/node_modules/.bin/azurite-blob" \
        --blobHost 127.0.0.1 --blobPort "$blobs" --location "$WORK/azurite" --disableTelemetry --skipApiVersionCheck
    await 60 'Azurite did not start' writer create "$RUNS" insights-logs-pipelineruns
}

writer() {
    node "$WRITER" "$connection" "$@"
}

write_configs() {
    free_port
    port=$FREE_PORT
    metrics=http://127.0.0.1:$port/metrics
    printf '%s\n' "$connection" >"$WORK/connection"
    write_config shirwatch "connection_string_file: $WORK/connection"
}

# write_config NAME CREDENTIAL
write_config() {
    cat >"$WORK/$1.yaml" <<YAML
state_dir: $WORK/state-$1
web: { listen: "127.0.0.1:$port" }
sources:
  - name: runs
    azure_blob:
      account: $ACCOUNT
      endpoint: http://127.0.0.1:$blobs/$ACCOUNT
      credential: { $2 }
      poll_interval: 1s
YAML
}

# Every third chunk comes late: it belongs to the last hour.
append_errors() {
    local n i file
    for ((n = 0; n < ERRORS; n += CHUNK)); do
        file=$WORK/chunk
        for ((i = n; i < n + CHUNK; i++)); do activity_run "$i"; echo; done >"$file"
        cat "$file" >>"$WORK/all.jsonl"
        writer append "$RUNS" $((n / CHUNK % 3 == 0)) "$file" 3
        echo "$n" >>"$WORK/written"
    done
}

kill_until_written() {
    local highest=0 now
    kills=0
    while ((kills < KILLS)) || kill -0 "$writer" 2>/dev/null; do
        ((kills < 200)) || fail 'errors were still being written after 200 kills'
        start shirwatch "$SHIRWATCH" run --config "$WORK/shirwatch.yaml"
        await 60 'shirwatch did not answer after it was killed' answers "$metrics"
        ((highest)) || await 60 'nothing is counted' counts
        sleep "0.$((RANDOM % 10))"
        now=$(metric "$metrics" shirwatch_errors_total)
        ((now >= highest)) || fail "a kill took back totals: $highest were shown, then $now"
        highest=$now
        kill_last || fail 'shirwatch ended by itself'
        ((kills += 1))
    done
    wait "$writer" || fail 'the writer of the blobs failed'
    ((highest < ERRORS)) || say 'everything was counted before the last kill'
    start shirwatch "$SHIRWATCH" run --config "$WORK/shirwatch.yaml"
    await 60 'shirwatch did not answer at the end' answers "$metrics"
}

counts() {
    (($(metric "$metrics" shirwatch_errors_total) > 0))
}

counted() {
    (($(metric "$metrics" shirwatch_errors_total) >= $1))
}

# settled ERRORS: all is read, and the numbers are exact.
settled() {
    await 60 'bytes are left that were not read' metric_is "$metrics" shirwatch_source_lag_bytes 0
    metric_is "$metrics" shirwatch_errors_total "$1" \
        || fail "$(metric "$metrics" shirwatch_errors_total) errors were counted of $1"
    metric_is "$metrics" shirwatch_activity_runs_total "$1" \
        || fail "$(metric "$metrics" shirwatch_activity_runs_total) runs were counted of $1"
}

# The incidents are those of the same lines in a file.
same_as_file() {
    incidents "$(get "http://127.0.0.1:$port/api/v1/incidents?state=all")" >"$WORK/of-blobs"
    "$SHIRWATCH" run --once --state-dir "$WORK/state-file" --format json "$WORK/all.jsonl" >/dev/null \
        || fail 'the same lines cannot be read from a file'
    incidents "$("$SHIRWATCH" incidents --config <(echo "state_dir: $WORK/state-file") --format json)" \
        >"$WORK/of-file"
    [[ -s $WORK/of-file ]] || fail 'no incidents are known of the file'
    diff "$WORK/of-file" "$WORK/of-blobs" || fail 'blobs and file give different incidents'
    "$SHIRWATCH" audit --config "$WORK/shirwatch.yaml" || fail 'the ledger does not balance'
}

incidents() {
    jq --compact-output --sort-keys \
        '[(.incidents? // .)[] | {fingerprint, rule, category, severity, count, pipelines}] | sort_by(.fingerprint)' <<<"$1"
}

# Blobs are deleted, come back as they were, and are replaced by others, longer or shorter.
follow_changes() {
    lines 9000 9005 >"$WORK/first"
    writer append insights-logs-pipelineruns 0 "$WORK/first"
    await 90 'a second container is not read' counted $((ERRORS + 5))
    writer delete insights-logs-pipelineruns 0
    writer append "$RUNS" 0 <(lines 9005 9010)
    await 60 'a deleted blob stops the others' counted $((ERRORS + 10))
    cat "$WORK/first" <(lines 9010 9015) >"$WORK/second"
    writer append insights-logs-pipelineruns 0 "$WORK/second"
    await 60 'a blob that came back is not read on' counted $((ERRORS + 15))
    settled $((ERRORS + 15))
    metric_is "$metrics" shirwatch_source_replaced_total 0 || fail 'a blob that came back was read twice'
    writer replace insights-logs-pipelineruns 0 <(lines 9020 9022)
    await 60 'a shorter blob is not read' counted $((ERRORS + 17))
    writer replace insights-logs-pipelineruns 0 <(lines 9030 9050)
    await 60 'a longer blob is not read' counted $((ERRORS + 37))
    # A block blob is replaced whole when something is added.
    writer put insights-logs-pipelineruns 1 <(lines 9050 9055)
    await 60 'a block blob is not read' counted $((ERRORS + 42))
    writer put insights-logs-pipelineruns 1 <(lines 9050 9060)
    await 60 'a block blob is not read on' counted $((ERRORS + 47))
    settled $((ERRORS + 47))
    metric_is "$metrics" shirwatch_source_replaced_total 2 \
        || fail "$(metric "$metrics" shirwatch_source_replaced_total) replacements were counted of 2"
    kill_last || fail 'shirwatch ended by itself'
    say 'deleted, returned and replaced blobs are read once'
}

# lines FROM TO
lines() {
    local i
    for ((i = $1; i < $2; i++)); do activity_run "$i"; echo; done
}

# A signature may read and list one container; the others are refused, which is told.
with_signature() {
    writer sas "$RUNS" >"$WORK/signature"
    write_config signed "sas_file: $WORK/signature"
    sed --in-place "s/poll_interval: 1s/poll_interval: 1s\n      containers: [$RUNS]/" "$WORK/signed.yaml"
    start signed "$SHIRWATCH" run --config "$WORK/signed.yaml"
    await 60 'a signature does not open the container' counted $((ERRORS + 5))
    kill_last
    rm --recursive "$WORK/state-signed"
    "$SHIRWATCH" run --once --config "$WORK/signed.yaml" --format json >"$WORK/once.json" \
        || fail 'an account cannot be read once'
    [[ $(jq .findings "$WORK/once.json") == $((ERRORS + 5)) ]] \
        || fail "$(jq .findings "$WORK/once.json") errors were read at once of $((ERRORS + 5))"
    say 'a shared access signature reads one container, also at once'
}

# A wrong key is told by code and remedy, and neither key nor signature is shown.
without_rights() {
    printf '?sv=2024-11-04&sr=c&sp=rl&sig=bm90IGEgc2lnbmF0dXJl\n' >"$WORK/signature"
    start refused "$SHIRWATCH" run --config "$WORK/signed.yaml"
    await 60 'a refusal is not told' told_refused
    kill_last
    if grep --quiet -e 'bm90IGEg' -e "$KEY" "$WORK"/{shirwatch,signed,refused}.log; then
        fail 'a secret is in the log'
    fi
    say 'a refusal is told, and no secret with it'
}

told_refused() {
    grep --quiet 'answered 40[13] .*; check the credential' "$WORK/refused.log"
}

main
