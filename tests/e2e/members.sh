# shellcheck shell=bash
#
# Members of a fleet, who they tell, how they die, and how it is proved that each error was counted
# once and each incident told once. Sourced after lib.sh and database.sh, not run.
#
# The script has MEMBERS, of which `a` is the first, ERRORS, the metric LAG of what is left, and
# `source_of MEMBER`, which prints what that member reads.

HELP=(python3 -B "$ROOT/tests/e2e/fleet.py")
declare -A PID PORT
kills=0

start_receiver() {
    free_port
    # shellcheck disable=SC2034  # used by the scripts that source this file
    receiver=http://127.0.0.1:$FREE_PORT/
    : >"$WORK/told"
    start receiver "${HELP[@]}" receive "$FREE_PORT" "$WORK/told"
}

start_members() {
    local it
    for it in "${MEMBERS[@]}"; do
        prepare "$it"
        begin "$it"
    done
    for it in "${MEMBERS[@]}"; do
        ready "$it"
    done
}

prepare() {
    free_port
    PORT[$1]=$FREE_PORT
    cat >"$WORK/$1.yaml" <<YAML
state_dir: $WORK/state-$1
store: { postgres: { url_file: $WORK/url, member: $1 } }
web: { listen: "127.0.0.1:${PORT[$1]}" }
sources: [$(source_of "$1")]
incidents: { group_by: [pipeline], resolve_after: 24h }
# The errors are of March, and are to be told all the same.
alerts: { max_age: 1000000h, repeat_interval: 24h }
receivers: [{ name: ops, webhook: { url: "$receiver" } }]
YAML
}

ready() {
    await 30 "member $1 did not get ready" answers "$(url "$1" readyz)"
}

url() {
    printf 'http://127.0.0.1:%s/%s' "${PORT[$1]}" "$2"
}

begin() {
    start "$1" "$SHIRWATCH" run --config "$WORK/$1.yaml"
    PID[$1]=$LAST_PID
}

# Kills one by its pid.
murder() {
    local pid=${PID[$1]}
    kill -KILL "$pid" || fail "$1 ended by itself"
    wait "$pid" 2>/dev/null || true
    ((kills += 1))
}

counted() {
    local it sum=0 one
    for it in "${MEMBERS[@]}"; do
        one=$(metric "$(url "$it" metrics)" shirwatch_errors_total) || return
        sum=$((sum + one))
    done
    echo "$sum"
}

all_counted() {
    (($(counted) >= ERRORS))
}

nothing_left() {
    local it
    for it in "${MEMBERS[@]}"; do
        metric_is "$(url "$it" metrics)" "$LAG" 0 || return
    done
}

count_once() {
    await "${PATIENCE:-60}" "fewer than $ERRORS errors were counted" all_counted
    await 30 'something is left that was not read' nothing_left
    # All is read: from here on a number that is too high would show.
    [[ $(counted) == "$ERRORS" ]] || fail "$(counted) errors were counted of $ERRORS"
    ledgers_balance
}

ledgers_balance() {
    local it
    for it in "${MEMBERS[@]}"; do
        "$SHIRWATCH" audit --config "$WORK/$it.yaml" >/dev/null || fail "the ledger of $it does not balance"
    done
}

none_waits() {
    metric_is "$(url a metrics)" shirwatch_notification_queue_length 0
}

# What a member had taken that died is free after 15 seconds.
tell_once() {
    await 40 'notices wait that nobody sends' all_told
    await 20 'notices wait that nobody sends' none_waits
    local judged
    judged=$("${HELP[@]}" judge "$WORK/told" "$kills") || fail 'notices were lost or told twice'
    say "$judged"
}

all_told() {
    (($(wc --lines <"$WORK/told") >= 60))
}

list() {
    get "$(url "$1" 'api/v1/incidents?state=all&brief=true')" \
        | jq --sort-keys '[.incidents[] | {key, count, state, first_seen, last_seen}] | sort_by(.key)'
}

# Each member shows the same list, which adds up to the errors.
one_list() {
    local it
    list a >"$WORK/list"
    [[ $(jq 'length, ([.[].count] | add)' "$WORK/list" | xargs) == "60 $ERRORS" ]] \
        || fail "the incidents and their counts are $(jq --compact-output 'length, ([.[].count] | add)' "$WORK/list")"
    for it in "${MEMBERS[@]:1}"; do
        list "$it" | cmp --silent - "$WORK/list" || fail "member $it shows another list than a"
    done
}

no_password() {
    ! grep --quiet --recursive --fixed-strings "$PASSWORD" "$WORK"/*.log \
        <(get "$(url a metrics)") <(get "$(url a api/v1/status)") \
        || fail 'the password of the database stands in a log, a metric or the status'
}
