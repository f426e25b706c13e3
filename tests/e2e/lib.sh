# shellcheck shell=bash
#
# What the end-to-end scripts share: a work folder, ports, processes, and waiting.
#
# Sourced, not run. Everything listens on 127.0.0.1. What a script began in the background is
# ended by its pid when the script ends, whatever the reason, and only if it still runs: a pid may
# belong to somebody else soon. On failure the ends of the logs are printed first.
#
# Nothing waits for a fixed time and hopes: `await` asks until the answer is yes, and gives up
# after so many seconds with a sentence that says what did not happen.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034  # used by the scripts that source this file
SHIRWATCH=${SHIRWATCH:-${CARGO_TARGET_DIR:-$ROOT/target}/release/shirwatch}
WORK=$(mktemp --directory)
USED_PORTS=' '

trap 'end $?' EXIT
trap 'exit 130' INT TERM

end() {
    local pid
    for pid in $(jobs -pr; jobs -ps); do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if (($1)); then
        tail --verbose --lines=30 "$WORK"/*.log >&2 2>/dev/null || true
    fi
    rm --recursive --force "$WORK"
    exit "$1"
}

say() {
    printf '  %s\n' "$*"
}

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# Sets FREE_PORT to a port of 127.0.0.1 on which nobody listens.
#
# Sets a variable, since a subshell could not remember which ports it has given away.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        [[ $USED_PORTS == *" $port "* ]] && continue
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            USED_PORTS+="$port "
            # shellcheck disable=SC2034  # used by the scripts that source this file
            FREE_PORT=$port
            return
        fi
    done
    fail 'no free port was found in a hundred tries'
}

# start NAME COMMAND…: runs in the background, writes to NAME.log, sets LAST_PID.
start() {
    local name=$1
    shift
    "$@" >>"$WORK/$name.log" 2>&1 &
    LAST_PID=$!
}

# Kills what was started last.
kill_last() {
    kill -KILL "$LAST_PID" 2>/dev/null || return
    wait "$LAST_PID" 2>/dev/null || true
}

# await SECONDS WHAT COMMAND…: until the command succeeds.
await() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "$what"
        sleep 0.1
    done
}

get() {
    curl --silent --fail --max-time 5 "$1"
}

answers() {
    get "$1" >/dev/null
}

# answer_has URL JQ: the answer is JSON and the expression is true.
answer_has() {
    get "$1" | jq --exit-status "$2" >/dev/null
}

# metric URL NAME: the sum of all series of that name; 0 when there is none.
metric() {
    local text
    text=$(get "$1") || return
    awk -v name="$2" '$1 == name || index($1, name "{") == 1 { sum += $NF } END { printf "%d\n", sum }' \
        <<<"$text"
}

# metric_is URL NAME VALUE
metric_is() {
    [[ $(metric "$1" "$2") == "$3" ]]
}

[[ -x $SHIRWATCH ]] || fail "\`$SHIRWATCH\` is not there; build it with \`cargo build --release\`"
