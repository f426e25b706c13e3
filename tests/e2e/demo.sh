#!/usr/bin/env bash
# The example logs hold exactly the errors that their README promises, file by file.
#
# The table of deploy/demo/README.md is read and compared with what `scan` finds. Beyond the
# counts: nothing is dropped, the secrets do not come out, the ledger of a whole run balances,
# and what this build cannot read is refused with the remedy.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
    cd "$ROOT"
    promised >"$WORK/promised"
    found >"$WORK/found"
    diff --unified "$WORK/promised" "$WORK/found" >&2 \
        || fail 'README (-) and scan (+) do not agree on the errors of the example logs'
    say "$(wc --lines <"$WORK/findings") errors, in each file as many as promised"
    ! grep --quiet FAKE "$WORK/findings" || fail 'a secret of the example logs came out of scan'
    run_balances
    lacks_kafka
}

# `file errors` of each row of the table that holds an error, and the same for the total.
promised() {
    awk -F '|' '$2 ~ /`.*`/ && $4 ~ /^ *[0-9]+ *$/ { gsub(/[ `]/, "", $2); print $2, $4 + 0 }' \
        deploy/demo/README.md | awk '$2 > 0' | sort
    awk -F '|' '$2 ~ /total/ { gsub(/[ *]/, "", $4); print "total", $4 }' deploy/demo/README.md
}

found() {
    "$SHIRWATCH" scan deploy/demo/logs --format jsonl >"$WORK/findings"
    jq --raw-output '.position.path | gsub("\\\\"; "/") | split("/") | last' "$WORK/findings" \
        | sort | uniq --count | awk '{ print $2, $1 }' | sort
    printf 'total %d\n' "$(wc --lines <"$WORK/findings")"
}

run_balances() {
    "$SHIRWATCH" run --once --state-dir "$WORK/state" --format json deploy/demo/logs >"$WORK/summary" \
        || fail 'run --once failed'
    jq --exit-status --argjson all "$(wc --lines <"$WORK/findings")" '.findings == $all' \
        "$WORK/summary" >/dev/null || fail 'run --once and scan do not count the same'
    "$SHIRWATCH" audit --state-dir "$WORK/state" || fail 'the ledger does not balance'
}

# The program as it is shipped has no client for it, and says what to do.
lacks_kafka() {
    printf 'sources: [{ kafka: { brokers: ["k:9092"], topics: [runs] } }]\n' >"$WORK/kafka.yaml"
    ! "$SHIRWATCH" config check "$WORK/kafka.yaml" 2>"$WORK/refused" \
        || fail 'a source kafka was accepted, without a client'
    grep --quiet 'build with .--features kafka' "$WORK/refused" \
        || fail "a source kafka was refused without the remedy: $(<"$WORK/refused")"
}

main
