#!/usr/bin/env bash
# A log in a folder, an alert in a real Alertmanager, a number in a real Prometheus.
#
# The daemon reads the example logs and is pointed at two Alertmanagers, as to the members of a
# cluster; one of them loses its memory on the way and must be told again. A Prometheus scrapes it
# and loads our rules. Asked is what an operator would ask: is there an alert that says what to
# do, is there a number, and did any secret get out.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
    start_alertmanager
    start_second_alertmanager
    start_shirwatch
    start_prometheus
    alert_says_what_to_do
    each_member_is_told
    second_forgets
    alerts_hold_no_secret
    metrics_are_clean
    prometheus_has_the_numbers
    rules_are_evaluated
    second_is_told_again
    stops_when_asked
}

start_alertmanager() {
    free_port
    alertmanager_port=$FREE_PORT
    alertmanager=http://127.0.0.1:$alertmanager_port
    cat >"$WORK/alertmanager.yml" <<'YAML'
route: { receiver: nobody, group_wait: 1s }
receivers: [{ name: nobody }]
YAML
    start alertmanager prometheus-alertmanager --config.file="$WORK/alertmanager.yml" \
        --storage.path="$WORK/alertmanager" --web.listen-address="127.0.0.1:$alertmanager_port" \
        --cluster.listen-address=
    await 30 'Alertmanager did not get ready' answers "$alertmanager/-/ready"
}

start_second_alertmanager() {
    free_port
    second_port=$FREE_PORT
    second=http://127.0.0.1:$second_port
    run_second
}

run_second() {
    rm --recursive --force "$WORK/second"
    start second prometheus-alertmanager --config.file="$WORK/alertmanager.yml" \
        --storage.path="$WORK/second" --web.listen-address="127.0.0.1:$second_port" \
        --cluster.listen-address=
    second_pid=$LAST_PID
    await 30 'the second Alertmanager did not get ready' answers "$second/-/ready"
}

start_shirwatch() {
    free_port
    shirwatch_port=$FREE_PORT
    shirwatch=http://127.0.0.1:$shirwatch_port
    # The example logs are of a day long past: without `max_age` they would be counted but not told.
    cat >"$WORK/shirwatch.yaml" <<YAML
alerts: { min_severity: warning, max_age: 87600h }
web: { external_url: $shirwatch }
routes: [ { receivers: [ops] } ]
receivers:
  - name: ops
    alertmanager: { urls: ["$alertmanager", "$second"] }
YAML
    start shirwatch "$SHIRWATCH" run --config "$WORK/shirwatch.yaml" --state-dir "$WORK/state" \
        --listen "127.0.0.1:$shirwatch_port" "$ROOT/deploy/demo/logs"
    shirwatch_pid=$LAST_PID
    await 30 'shirwatch did not get ready' answers "$shirwatch/readyz"
}

start_prometheus() {
    free_port
    prometheus_port=$FREE_PORT
    prometheus=http://127.0.0.1:$prometheus_port
    # Evaluated each second here, so that nobody waits a minute for the first time.
    sed 's/interval: 1m/interval: 1s/' "$ROOT/dashboards/prometheus/recording.yml" >"$WORK/recording.yml"
    cat >"$WORK/prometheus.yml" <<YAML
global: { scrape_interval: 1s, evaluation_interval: 1s }
scrape_configs:
  - job_name: shirwatch
    static_configs: [ { targets: ["127.0.0.1:$shirwatch_port"] } ]
rule_files: [ "$WORK/recording.yml", "$ROOT/dashboards/prometheus/alerts.yml" ]
YAML
    start prometheus prometheus --config.file="$WORK/prometheus.yml" \
        --storage.tsdb.path="$WORK/prometheus" --web.listen-address="127.0.0.1:$prometheus_port"
    await 30 'Prometheus did not get ready' answers "$prometheus/-/ready"
}

alert_says_what_to_do() {
    local says='.labels.alertname and .labels.fingerprint and .annotations.summary
        and (.annotations.resolution // "" | length > 0) and .annotations.cause
        and .annotations.doc_url and (.generatorURL | startswith("'"$shirwatch"'/incidents/"))
        and (.annotations.runbook_url | startswith("'"$shirwatch"'/rules/"))'
    await 60 'no alert with cause, steps and links came to Alertmanager' \
        answer_has "$alertmanager/api/v2/alerts" "any(.[]; $says)"
    await 60 'fewer than 20 incidents came to Alertmanager' \
        answer_has "$alertmanager/api/v2/alerts" 'length >= 20'
    await 60 'no alert about the refused SQL login came to Alertmanager' \
        answer_has "$alertmanager/api/v2/alerts" \
        'any(.[]; .labels.category == "authentication" and (.annotations.evidence | contains("SqlException")))'
    say "Alertmanager has $(get "$alertmanager/api/v2/alerts" | jq length) alerts"
}

each_member_is_told() {
    await 60 'the two Alertmanagers do not have the same alerts' members_agree
    say 'both Alertmanagers have the same alerts'
}

members_agree() {
    [[ $(fingerprints "$alertmanager") == "$(fingerprints "$second")" ]]
}

# fingerprints URL: of all alerts that an Alertmanager has, sorted.
fingerprints() {
    get "$1/api/v2/alerts" | jq --raw-output '[.[].labels.fingerprint] | sort | join(" ")'
}

# It is killed and starts with an empty folder: what it knew it can only be told again.
second_forgets() {
    kill -KILL "$second_pid"
    wait "$second_pid" 2>/dev/null || true
    run_second
}

second_is_told_again() {
    await 100 'an Alertmanager that forgot was not told again' members_agree
    say 'an Alertmanager that forgot is told again'
}

# The example logs hold a password, a signature and a node key; all are spelled FAKE.
alerts_hold_no_secret() {
    local url
    for url in "$alertmanager/api/v2/alerts" "$shirwatch/api/v1/incidents?state=all" "$shirwatch/metrics"; do
        get "$url" >"$WORK/answer" || fail "$url does not answer"
        ! grep --quiet FAKE "$WORK/answer" || fail "a secret of the example logs stands in $url"
    done
    get "$shirwatch/api/v1/incidents?state=all" | grep --quiet --fixed-strings '[redacted:secret]' \
        || fail 'no redacted secret was found; do the example logs still hold some?'
    say 'secrets stay inside'
}

metrics_are_clean() {
    get "$shirwatch/metrics" >"$WORK/metrics"
    promtool check metrics <"$WORK/metrics" || fail 'promtool finds fault with /metrics'
    say "$(grep --count --invert-match '^#' "$WORK/metrics") samples, promtool finds no fault"
}

prometheus_has_the_numbers() {
    await 60 'Prometheus and /metrics do not agree on shirwatch_errors_total' numbers_agree
    say "Prometheus counts $(asked) errors"
}

numbers_agree() {
    local there
    there=$(metric "$shirwatch/metrics" shirwatch_errors_total)
    ((there > 0)) && [[ $(asked) == "$there" ]]
}

# What Prometheus answers for the sum of all errors.
asked() {
    curl --silent --fail --max-time 5 --get "$prometheus/api/v1/query" \
        --data-urlencode 'query=sum(shirwatch_errors_total)' | jq --raw-output '.data.result[0].value[1]'
}

rules_are_evaluated() {
    await 90 'a rule of dashboards/prometheus was not evaluated without fault' \
        answer_has "$prometheus/api/v1/rules" \
        '[.data.groups[].rules[]] | length > 15 and all(.[]; .health == "ok")'
    say 'Prometheus evaluates every rule of dashboards/prometheus'
}

stops_when_asked() {
    kill -TERM "$shirwatch_pid"
    local status=0
    await 30 'shirwatch did not end within 30 s of SIGTERM' gone "$shirwatch_pid"
    wait "$shirwatch_pid" || status=$?
    ((status == 0)) || fail "shirwatch ended with status $status after SIGTERM"
    say 'shirwatch ends when asked'
}

gone() {
    ! kill -0 "$1" 2>/dev/null
}

main
