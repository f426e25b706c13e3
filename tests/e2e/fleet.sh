#!/usr/bin/env bash
# Three daemons share one PostgreSQL and are killed at random: nothing is lost, nothing is counted
# twice, and each incident is told once, whoever is left.
#
# Errors with numbers are appended to the logs of all three, while one after the other is killed
# with SIGKILL and started again, and once the database itself. At the end the totals of the
# members, and the counts of the one list of incidents, must each be exactly the number of errors.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/database.sh
source "$(dirname "${BASH_SOURCE[0]}")/database.sh"
# shellcheck source=tests/e2e/members.sh
source "$(dirname "${BASH_SOURCE[0]}")/members.sh"

ERRORS=${ERRORS:-6000}
# Seconds of writing and killing.
SECONDS_OF_KILLS=${SECONDS_OF_KILLS:-30}
MEMBERS=(a b c)
LAG=shirwatch_source_lag_bytes

main() {
    start_database
    PID[database]=$DATABASE_PID
    start_receiver
    mkdir "${MEMBERS[@]/#/"$WORK/"}"
    start_members
    "${HELP[@]}" write "$WORK/a" "$WORK/b" "$WORK/c" "$ERRORS" "$SECONDS_OF_KILLS" &
    writer=$!
    kill_until_written
    count_once
    tell_once
    one_list
    resolve_by_command
    no_password
    say "$ERRORS errors, three members, $kills kills, one of the database: each counted once"
}

source_of() {
    printf '{ name: runs, file: { include: ["%s/*.jsonl"] } }' "$WORK/$1"
}

# A command ends one in the database: all members show it, and one of them tells it.
resolve_by_command() {
    local key it
    key=$(jq --raw-output '.[0].key' "$WORK/list")
    "$SHIRWATCH" incidents resolve "$key" --config "$WORK/b.yaml" >/dev/null || fail "$key cannot be resolved"
    for it in "${MEMBERS[@]}"; do
        await 10 "member $it does not show that $key is over" is_over "$it" "$key"
    done
    await 20 'nobody tells that it is over' tells_the_end
    await 20 'notices wait that nobody sends' none_waits
    [[ $(grep --count '"reason": "resolved"' "$WORK/told") == 1 ]] || fail 'its end was told more than once'
    answer_has "$(url c api/v1/status)" '[.members[] | select(.alive and .sources == ["runs"]) | .name] == ["a", "b", "c"]' \
        || fail "the members are $(get "$(url c api/v1/status)" | jq --compact-output .members)"
}

is_over() {
    list "$1" | jq --exit-status --arg key "$2" 'any(.[]; .key == $key and .state == "resolved")'
}

tells_the_end() {
    grep --quiet '"reason": "resolved"' "$WORK/told"
}

kill_until_written() {
    local it half=$((SECONDS + SECONDS_OF_KILLS / 2)) database=alive
    kills=0
    while kill -0 "$writer" 2>/dev/null; do
        it=${MEMBERS[RANDOM % 3]}
        murder "$it"
        sleep "0.$((RANDOM % 9))"
        begin "$it"
        sleep "1.$((RANDOM % 9))"
        if [[ $database == alive ]] && ((SECONDS > half)); then
            # Its children end with it; at once, as after a power cut.
            murder database
            await 30 'the port of the database is not free' database_is_gone
            begin_database
            PID[database]=$DATABASE_PID
            database=restarted
        fi
    done
    wait "$writer" || fail 'the writer of the logs failed'
    ((kills >= 5)) || fail "there were $kills kills only; this run proves nothing"
    [[ $database == restarted ]] || fail 'the database was never killed'
}

database_is_gone() {
    ! pgrep -F "$WORK/database/data/postmaster.pid" >/dev/null 2>&1
}

main
