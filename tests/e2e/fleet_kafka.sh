#!/usr/bin/env bash
# Three daemons in one consumer group share one PostgreSQL: whoever reads a partition goes on where
# the last reader's commit ended, so that nothing is lost and nothing is counted twice.
#
# Errors with numbers are written into the partitions of a topic. Meanwhile partitions move between
# brokers, a broker does not answer, and of the members one after the other is killed, is stopped
# for longer than its session lasts and goes on in the belief that it still has its partitions, or
# leaves; and is back soon after. At the end the totals of the members, and the counts of the one
# list of incidents, must each be exactly the number of errors; no record may have been taken for a
# duplicate, since none was read again.
#
#     SECONDS_OF_TROUBLE=600 ERRORS=60000 tests/e2e/fleet_kafka.sh

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/database.sh
source "$(dirname "${BASH_SOURCE[0]}")/database.sh"
# shellcheck source=tests/e2e/cluster.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"
# shellcheck source=tests/e2e/members.sh
source "$(dirname "${BASH_SOURCE[0]}")/members.sh"

ERRORS=${ERRORS:-6000}
SECONDS_OF_TROUBLE=${SECONDS_OF_TROUBLE:-60}
PARTITIONS=12
# The shortest that is taken. A member that is stopped is given up for dead after that.
SESSION=6
MEMBERS=(a b c)
LAG=shirwatch_source_lag_messages
# The group gives out partitions again when the last of the trouble is over.
PATIENCE=120

main() {
    start_database
    start_cluster
    start_receiver
    start_members
    await 60 'not each member got a share of the partitions' all_share
    "${HELP[@]}" produce "$PARTITIONS" "$ERRORS" "$SECONDS_OF_TROUBLE" >&"$orders" &
    writer=$!
    trouble_until_written
    count_once
    read_once
    tell_once
    one_list
    no_password
    say "$ERRORS errors, three members of a group: $deaths killed, $stops stopped, $leaves left," \
        "$outrun outrun by others; each counted once"
}

source_of() {
    printf '{ name: hub, kafka: { brokers: [%s], topics: [insights-logs], session_timeout: %ss } }' \
        "$(<"$WORK/brokers")" "$SESSION"
}

# By the owners in the store: the sessions of three members.
all_share() {
    [[ $(query 'SELECT count(*), count(DISTINCT owner) FROM shirwatch.streams') == "$PARTITIONS|3" ]]
}

trouble_until_written() {
    local kinds=(dies stands_still leaves_for_a_while) round=0
    deaths=0 stops=0 leaves=0
    while kill -0 "$writer" 2>/dev/null; do
        cluster_lives
        "${kinds[round % 3]}" "${MEMBERS[RANDOM % 3]}"
        ((round += 1))
        # Some of it happens while the group gives out partitions, and some when all is quiet.
        sleep "$((RANDOM % 6)).$((RANDOM % 9))"
    done
    wait "$writer" || fail 'the writer of the errors failed'
    cluster_lives
    ((deaths && stops && leaves)) || fail 'not all of the trouble happened; this run proves nothing'
    outrun=$(cat "$WORK"/[abc].log | grep --count 'gave our partitions to others\|has taken over' || true)
}

dies() {
    murder "$1"
    ((deaths += 1))
    sleep "$((RANDOM % 3)).$((RANDOM % 9))"
    begin "$1"
}

# It comes back when others have its partitions, with errors in hand that it did not write.
stands_still() {
    kill -STOP "${PID[$1]}" || fail "$1 ended by itself"
    sleep "$((SESSION + 2 + RANDOM % 4))"
    kill -CONT "${PID[$1]}"
    # What it was about to tell may be told by others meanwhile.
    ((stops += 1, kills += 1))
}

leaves_for_a_while() {
    kill -TERM "${PID[$1]}" || fail "$1 ended by itself"
    wait "${PID[$1]}" || fail "$1 did not end well"
    ((leaves += 1))
    begin "$1"
}

read_once() {
    local it
    for it in "${MEMBERS[@]}"; do
        metric_is "$(url "$it" metrics)" shirwatch_source_duplicates_total 0 \
            || fail "$it took $(metric "$(url "$it" metrics)" shirwatch_source_duplicates_total) records for duplicates"
        metric_is "$(url "$it" metrics)" shirwatch_source_missed_total 0 || fail "$it missed messages"
    done
}

main
