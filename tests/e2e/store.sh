#!/usr/bin/env bash
# A store that cannot be written stops the reading, and is said; when it can again, all goes on
# by itself, and every error was counted once.
#
# Once another program keeps the database locked, and once its disk is full: the state folder is
# a small file system of its own. Where none may be mounted, the second is left out with a word.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/errors.sh
source "$(dirname "${BASH_SOURCE[0]}")/errors.sh"

ERRORS=600

main() {
    mkdir "$WORK/state" "$WORK/logs"
    trouble 'the database is locked' lock_the_database unlock_the_database
    if ! mount -t tmpfs -o size=2m tmpfs "$WORK/state" 2>/dev/null; then
        say 'the full disk was skipped: no file system may be mounted here'
        return
    fi
    trap 'end_mount $?' EXIT
    trouble 'the disk is full' fill_the_disk empty_the_disk
}

end_mount() {
    umount --lazy "$WORK/state"
    end "$1"
}

# trouble WHAT BEGIN END: a third of the errors is written before it, one in it, one after it.
trouble() {
    write_config
    write 0 $((ERRORS / 3))
    start shirwatch "$SHIRWATCH" run --config "$WORK/shirwatch.yaml"
    await 30 "the errors before $1 were not counted" counted $((ERRORS / 3))
    "$2"
    write $((ERRORS / 3)) $((2 * ERRORS / 3))
    await 60 "/readyz does not say that $1" says_trouble
    counted $((ERRORS / 3)) || fail "errors were shown that cannot have been written down: $1"
    "$3"
    write $((2 * ERRORS / 3)) "$ERRORS"
    await 60 "reading did not go on after $1" counted "$ERRORS"
    await 30 "/readyz is not well again after $1" answers "http://127.0.0.1:$FREE_PORT/readyz"
    "$SHIRWATCH" audit --config "$WORK/shirwatch.yaml" >/dev/null || fail 'the ledger does not balance'
    kill_last
    rm "$WORK/logs/trace.log"
    say "$ERRORS errors, a third of them while $1, each counted once"
}

write_config() {
    free_port
    cat >"$WORK/shirwatch.yaml" <<YAML
state_dir: $WORK/state
web: { listen: "127.0.0.1:$FREE_PORT" }
sources:
  - name: logs
    file: { include: ["$WORK/logs/*.log"] }
YAML
}

# write FROM TO
write() {
    local n
    for ((n = $1; n < $2; n++)); do
        plain_error "$n" && echo
    done >>"$WORK/logs/trace.log"
}

lock_the_database() {
    : >"$WORK/locked"
    python3 - "$WORK" <<'PYTHON' &
import os, sqlite3, sys, time
work = sys.argv[1]
database = sqlite3.connect(work + "/state/shirwatch.db", timeout=30, isolation_level=None)
database.execute("BEGIN IMMEDIATE")
open(work + "/is-locked", "w").close()
while os.path.exists(work + "/locked"):
    time.sleep(0.05)
PYTHON
    await 30 'the database could not be locked' test -e "$WORK/is-locked"
}

unlock_the_database() {
    rm "$WORK/locked"
}

# No byte is left, so that not even the next page of the database finds room.
fill_the_disk() {
    dd if=/dev/zero of="$WORK/state/filler" bs=4k 2>/dev/null || true
    printf '%*s' 4096 '' >>"$WORK/state/filler" 2>/dev/null || true
}

empty_the_disk() {
    rm "$WORK/state/filler"
}

counted() {
    metric_is "http://127.0.0.1:$FREE_PORT/metrics" shirwatch_errors_total "$1"
}

says_trouble() {
    [[ $(curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' \
        "http://127.0.0.1:$FREE_PORT/readyz") == 503 ]]
}

main
