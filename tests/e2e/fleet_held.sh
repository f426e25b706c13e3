#!/usr/bin/env bash
# A pipeline that failed is counted once word of its activities did not come for half a minute. When
# the daemon that read of it dies in that time and stays away, another one counts it; and when it is
# back it does not count it again.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/database.sh
source "$(dirname "${BASH_SOURCE[0]}")/database.sh"
# shellcheck source=tests/e2e/members.sh
source "$(dirname "${BASH_SOURCE[0]}")/members.sh"

# shellcheck disable=SC2034  # used by members.sh
ERRORS=1
MEMBERS=(a b)
LAG=shirwatch_source_lag_bytes

main() {
    start_database
    start_receiver
    mkdir "${MEMBERS[@]/#/"$WORK/"}"
    start_members
    failed_run >"$WORK/a/runs.jsonl"
    await 20 'the run does not wait' waits_for a
    murder a
    await 60 'nobody counted the run' metric_is "$(url b metrics)" shirwatch_errors_total 1
    waits_for nobody || fail 'the run still waits'
    begin a
    ready a
    await 20 'what was read is not behind a any more' metric_is "$(url a metrics)" "$LAG" 0
    metric_is "$(url a metrics)" shirwatch_errors_total 0 || fail 'it was counted again'
    ledgers_balance
    say 'a run that waited with a daemon that died was counted once, by another'
}

source_of() {
    printf '{ name: runs, file: { include: ["%s/%s/*.jsonl"] } }' "$WORK" "$1"
}

failed_run() {
    jq --null-input --compact-output '{
        category: "PipelineRuns", status: "Failed", pipelineName: "pl_load_sales",
        runId: "47d1494a-b133-506f-bfcb-ff25176aa549", level: "Error",
        time: "2026-03-02T02:18:12.7314495Z", properties: {}
    }'
}

# waits_for MEMBER: in the rows of whom the run waits.
waits_for() {
    [[ $(query "SELECT coalesce(min(member), 'nobody') FROM shirwatch.held") == "$1" ]]
}

main
