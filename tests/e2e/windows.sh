#!/usr/bin/env bash
# shirwatch.exe under Wine does what it does on Linux, and what only Windows asks for.
#
# The unit tests of sources and store run there, the demo logs are counted and the daemon is killed
# with the same scripts as elsewhere. Beyond that: a writer that shares its file for reading only
# may rename and delete it while it is followed, and the service manager installs, starts, reloads
# and stops it. What Wine cannot show is listed in deploy/README.md.

PROGRAM=${CARGO_TARGET_DIR:-target}/windows/x86_64-pc-windows-gnu/windows/shirwatch.exe
SHIRWATCH=$PROGRAM
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/errors.sh
source "$(dirname "${BASH_SOURCE[0]}")/errors.sh"
# shellcheck source=tests/e2e/wine.sh
source "$(dirname "${BASH_SOURCE[0]}")/wine.sh"

SOURCES=$ROOT/tests/e2e/windows
BIN=$WORK/bin
main() {
    prepare
    unit_tests
    explains
    "$ROOT/tests/e2e/demo.sh"
    ROUNDS=6 LIFE=1 "$ROOT/tests/e2e/kill.sh"
    follows_what_others_rename_and_delete
    is_a_service
    tells_the_service_manager_why_it_ended
}

prepare() {
    mkdir "$BIN"
    cp "$PROGRAM" "$BIN/"
    x86_64-w64-mingw32-gcc -o "$BIN/writer.exe" "$SOURCES/writer.c"
    printf '#!/bin/sh\nexec wine "%s" "$@"\n' "$BIN/shirwatch.exe" >"$BIN/shirwatch"
    chmod +x "$BIN/shirwatch"
    export SHIRWATCH=$BIN/shirwatch
    prepare_wine
}

# Those that are slow there, and have nothing of the system in them, are left out.
unit_tests() {
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine "$ROOT/deploy/windows/cargo" test --locked \
        --profile windows --lib -- sources:: store:: --skip encodings --skip no_line_is_read_twice
}

explains() {
    local rule
    rule=$(chain 1 | "$SHIRWATCH" explain --format json - | jq --raw-output .rule)
    [[ $rule == sql-connect-login-failed ]] || fail "explain names the rule \`$rule\`"
    say 'explain reads a pipe'
}

# Each step is done by the writer while shirwatch has the file open.
follows_what_others_rename_and_delete() {
    local logs=$WORK/sharing metrics
    mkdir "$logs"
    serve "$logs/*.log"
    coproc WRITER { exec wine "$BIN/writer.exe"; }

    order open "$logs/a.log"
    order write "$(plain_error 1)"
    await 20 'a file that its writer keeps open was not read' counted 1
    order write "$(plain_error 2)"
    await 20 'what a writer appended was not read' counted 2

    order close
    order rename "$logs/a.log|$logs/a.1.log"
    order open "$logs/a.log"
    order write "$(plain_error 3)"
    await 20 'the new file was not read after a rename' counted 3

    # Windows keeps the name of a deleted file until its last handle is closed.
    order close
    order delete "$logs/a.log"
    await 40 'a deleted file was not let go' can_open "$logs/a.log"
    order write "$(plain_error 4)"
    await 20 'the new file was not read after a deletion' counted 4
    order close
    order delete "$logs/a.1.log"
    await 40 'a file that was renamed and deleted was not let go' can_open "$logs/a.1.log"

    counted 4 || fail 'an error was counted twice'
    kill_daemon
    say 'a writer may rename and delete what is followed'
}

# Beside the error that is counted: an alert in the event log, as the service's account writes it.
is_a_service() {
    local logs=$WORK/service audit
    mkdir "$logs"
    plain_error 1 >"$logs/a.log" && echo >>"$logs/a.log"
    service_config "$logs/*.log"
    service install --config "$WORK/service.yaml"
    reg query 'HKLM\SYSTEM\CurrentControlSet\Services\shirwatch' | grep --quiet 'NT SERVICE.shirwatch' \
        || fail 'the service has not its own account'
    service start
    [[ $(service status) == running* ]] || fail 'the service does not run'
    await 20 'the service counted nothing' counted 1
    await 20 'the event log got no alert' \
        metric_is "$metrics" 'shirwatch_notifications_total' 1

    service_config "$logs/*.txt"
    plain_error 2 >"$logs/b.txt" && echo >>"$logs/b.txt"
    await 20 'the new configuration is not in use' counted 2

    service stop
    [[ $(service status) == stopped* ]] || fail 'the service did not stop'
    grep --quiet 'shirwatch starts' "$WORK/service-state/shirwatch.log" || fail 'it keeps no log'
    audit=$("$SHIRWATCH" audit --state-dir "$WORK/service-state" --format json)
    jq --exit-status '[.[].records] | add == 2' <<<"$audit" >/dev/null \
        || fail "the service did not write what it knew: $audit"
    service uninstall
    ! service status 2>/dev/null || fail 'the service is still there'
    say 'the service is installed, started, reloaded, stopped and taken out'
}

tells_the_service_manager_why_it_ended() {
    service install --config "$WORK/service.yaml"
    echo 'webb: {}' >"$WORK/service.yaml"
    ! service start || fail 'a refused configuration was started'
    grep --quiet 'exit code 3' "$WORK/service.log" || fail 'the service did not end with code 3'
    service uninstall
    say 'a service that cannot start says so with its exit code'
}

# service_config GLOB: sets `metrics`.
service_config() {
    [[ -f $WORK/service.yaml ]] || free_port
    metrics=http://127.0.0.1:$FREE_PORT/metrics
    cat >"$WORK/service.yaml" <<YAML
state_dir: '$(windows_path "$WORK/service-state")'
web: { listen: "127.0.0.1:$FREE_PORT" }
sources: [ { name: logs, file: { include: ['$(windows_path "$1")'] } } ]
receivers: [ { name: log, windows_event_log: {} } ]
alerts: { max_age: 1000000h }
YAML
}

windows_path() {
    printf 'Z:%s' "${1//\//\\}"
}

# What Wine's manager does not know is complained of, and is no failure.
service() {
    "$SHIRWATCH" service "$@" 2>>"$WORK/service.log"
}

reg() {
    wine reg "$@"
}

# serve GLOB: starts a daemon, sets `metrics`.
serve() {
    free_port
    metrics=http://127.0.0.1:$FREE_PORT/metrics
    start shirwatch "$SHIRWATCH" run --listen "127.0.0.1:$FREE_PORT" --state-dir "$WORK/state" "$1"
    await 30 'shirwatch did not answer' answers "$metrics"
}

kill_daemon() {
    # shellcheck disable=SC1083,SC2093  # closes a descriptor
    exec {WRITER[1]}>&-
    # shellcheck disable=SC2154  # set by coproc
    wait "$WRITER_PID"
    kill_last
}

# order WORDS…: the writer does it.
order() {
    tell "$@" || fail "the writer could not \`$1\`: $answer"
}

can_open() {
    tell open "$1"
}

tell() {
    printf '%s\n' "$*" >&"${WRITER[1]}"
    IFS= read -r answer <&"${WRITER[0]}" || fail 'the writer ended'
    answer=${answer%$'\r'}
    [[ $answer == ok ]]
}

counted() {
    metric_is "$metrics" shirwatch_errors_total "$1"
}

main
