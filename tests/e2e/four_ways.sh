#!/usr/bin/env bash
# The same records from a file, a storage account, a topic and the API give the same incidents.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/cluster.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

RUNS=insights-logs-activityruns
ACCOUNT=contosologs
KEY=$(printf 'a key that is no secret, for tests' | base64)
PARTITIONS=3
HELP=(python3 -B "$ROOT/tests/e2e/four_ways.py")

main() {
    "${HELP[@]}" lines >"$WORK/runs.jsonl"
    read_from file "file: { include: [$WORK/runs.jsonl] }"
    from_account
    from_topic
    from_api
    local it
    [[ $(jq length "$WORK/of-file") -ge 2 ]] || fail 'the file has too few incidents to compare'
    for it in account topic api; do
        diff "$WORK/of-file" "$WORK/of-$it" || fail "$it and file give different incidents"
    done
    say "$(wc --lines <"$WORK/runs.jsonl") records from a file, an account, a topic and the API:" \
        "the same $(jq length "$WORK/of-file") incidents"
}

from_account() {
    free_port
    local connection="DefaultEndpointsProtocol=http;AccountName=$ACCOUNT;AccountKey=$KEY;BlobEndpoint=http://127.0.0.1:$FREE_PORT/$ACCOUNT;"
    printf '%s\n' "$connection" >"$WORK/connection"
    AZURITE_ACCOUNTS=$ACCOUNT:$KEY start azurite "$ROOT/tests/azure/node_modules/.bin/azurite-blob" \
        --blobHost 127.0.0.1 --blobPort "$FREE_PORT" --location "$WORK/azurite" --disableTelemetry --skipApiVersionCheck
    local writer=(node "$ROOT/tests/azure/writer.js" "$connection")
    await 60 'Azurite did not start' "${writer[@]}" create "$RUNS"
    "${writer[@]}" append "$RUNS" 0 "$WORK/runs.jsonl" 3
    read_from account "azure_blob: { account: $ACCOUNT, endpoint: 'http://127.0.0.1:$FREE_PORT/$ACCOUNT',
        containers: [$RUNS], credential: { connection_string_file: $WORK/connection } }"
}

from_topic() {
    start_cluster
    "${HELP[@]}" orders "$PARTITIONS" >&"$orders"
    read_from topic "kafka: { brokers: [$(<"$WORK/brokers")], topics: [insights-logs], session_timeout: 6s }"
}

from_api() {
    free_port
    local api=http://127.0.0.1:$FREE_PORT
    start api "${HELP[@]}" serve "$FREE_PORT"
    await 30 'the API did not start' answers "$api/identity"
    read_from api "azure_rest: { subscription: s, resource_group: r, factories: [adf], endpoint: '$api',
        credential: { managed_identity: { endpoint: '$api/identity' } } }"
}

# read_from NAME SOURCE: once; what is known of each incident but where it was read.
read_from() {
    printf 'state_dir: %s\nsources: [{ name: runs, %s }]\n' "$WORK/state-$1" "$2" >"$WORK/$1.yaml"
    "$SHIRWATCH" run --once --config "$WORK/$1.yaml" >"$WORK/$1.log" 2>&1 || fail "$1 cannot be read"
    "$SHIRWATCH" audit --config "$WORK/$1.yaml" >/dev/null || fail "the ledger of $1 does not balance"
    "$SHIRWATCH" incidents --config "$WORK/$1.yaml" --format json | jq --sort-keys \
        '[.incidents[] | {fingerprint, rule, category, severity, count, pipelines}] | sort_by(.fingerprint)' \
        >"$WORK/of-$1"
}

main
