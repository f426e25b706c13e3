#!/usr/bin/env bash
# Every expression of the dashboards and rules, asked of a real Prometheus.
#
# The Prometheus has seven hours of history of a daemon that had read nothing. Then the daemon
# reads the example logs in two portions, so that counters are seen to grow, tells its alerts to
# an Alertmanager, to a receiver that refuses them and to one that is not there, and meets what it
# has to cut, to mend and to count as `other`. What is asked and has no answer is a fault of the
# dashboards.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
    dashboards_are_up_to_date
    example_is_sound
    start_alertmanager
    start_shirwatch
    write_history
    start_prometheus
    feed
    "$ROOT/dashboards/viewer/prove.py" "$prometheus" "$shirwatch/metrics" \
        || fail 'an expression of dashboards/ does not hold'
}

dashboards_are_up_to_date() {
    "$ROOT/dashboards/build" --check || fail 'dashboards/grafana is not what the mixin says'
    say 'the dashboards are what the mixin says'
}

# The configurations of dashboards/compose, each by the program that reads it.
example_is_sound() {
    local folder=$ROOT/dashboards/compose
    {
        promtool check config --syntax-only "$folder/prometheus.yml" \
            && amtool check-config "$folder/alertmanager.yml" \
            && "$SHIRWATCH" config check "$folder/shirwatch.yaml"
    } >"$WORK/check.log" || fail 'a configuration of dashboards/compose is refused'
}

start_alertmanager() {
    free_port
    alertmanager=http://127.0.0.1:$FREE_PORT
    start alertmanager prometheus-alertmanager --config.file="$ROOT/dashboards/compose/alertmanager.yml" \
        --storage.path="$WORK/alertmanager" --web.listen-address="127.0.0.1:$FREE_PORT" \
        --cluster.listen-address=
    await 30 'Alertmanager did not get ready' answers "$alertmanager/-/ready"
}

start_shirwatch() {
    free_port
    local nobody=$FREE_PORT
    free_port
    instance=127.0.0.1:$FREE_PORT
    shirwatch=http://$instance
    mkdir "$WORK/logs"
    # The example logs are of a day long past: without `max_age` they would be counted but not told.
    # A silence posted to Alertmanager that is none is refused for good.
    cat >"$WORK/shirwatch.yaml" <<YAML
web: { listen: $instance }
sources: [ { name: logs, file: { include: [$WORK/logs] } } ]
metrics: { max_series: 12 }
alerts: { min_severity: warning, max_age: 87600h }
routes: [ { receivers: [ops, refusing, away] } ]
receivers:
  - { name: ops, alertmanager: { urls: ["$alertmanager"] } }
  - { name: refusing, webhook: { url: "$alertmanager/api/v2/silences" } }
  - { name: away, webhook: { url: "http://127.0.0.1:$nobody/" } }
YAML
    start shirwatch "$SHIRWATCH" run --config "$WORK/shirwatch.yaml" --state-dir "$WORK/state"
    await 30 'shirwatch did not get ready' answers "$shirwatch/readyz"
}

write_history() {
    local now
    now=$(date +%s)
    get "$shirwatch/metrics" >"$WORK/page"
    "$ROOT/dashboards/viewer/backdate.py" "$instance" $((now - 7 * 3600)) "$now" 60 <"$WORK/page" >"$WORK/history"
    promtool tsdb create-blocks-from openmetrics "$WORK/history" "$WORK/prometheus" >"$WORK/promtool.log" 2>&1 \
        || fail 'promtool takes no history'
    say "$(grep --count '^[a-z]' "$WORK/history") samples of history"
}

start_prometheus() {
    free_port
    prometheus=http://127.0.0.1:$FREE_PORT
    # Evaluated each second here, so that nobody waits a minute for the first time.
    sed 's/interval: 1m/interval: 1s/' "$ROOT/dashboards/prometheus/recording.yml" >"$WORK/recording.yml"
    cat >"$WORK/prometheus.yml" <<YAML
global: { scrape_interval: 1s, evaluation_interval: 1s }
scrape_configs:
  - job_name: shirwatch
    static_configs: [ { targets: ["$instance"] } ]
rule_files: [ "$WORK/recording.yml", "$ROOT/dashboards/prometheus/alerts.yml" ]
YAML
    start prometheus prometheus --config.file="$WORK/prometheus.yml" \
        --storage.tsdb.path="$WORK/prometheus" --web.listen-address="127.0.0.1:$FREE_PORT"
    await 30 'Prometheus did not get ready' answers "$prometheus/-/ready"
}

feed() {
    portion '1~2p'
    damage
    settled 'the first portion'
    portion '2~2p'
    repeated
    settled 'the second portion'
    say "$(asked 'sum(shirwatch_errors_total)') errors of $(asked 'sum(shirwatch_source_records_total)') records"
    await 30 'no alert was given up' asks 'sum(shirwatch_notifications_failed_total{reason="given-up"}) > 0'
    await 30 'no alert was told' asks 'sum(shirwatch_notifications_total) > 0'
    await 30 'no alert of Prometheus fires' asks 'ALERTS{alertstate="firing"}'
}

# portion SED: these lines of each log of lines, and each other log at once.
portion() {
    local file name
    for file in "$ROOT"/deploy/demo/logs/*; do
        name=$(basename "$file")
        if [[ $name == *runs.PT1H.json ]]; then
            sed --quiet "$1" "$file" >>"$WORK/logs/$name"
        elif [[ ! -e $WORK/logs/$name ]]; then
            cp "$file" "$WORK/logs/"
        fi
    done
}

# The same runs once more, with other ids; and a runtime that is down and stays so.
repeated() {
    sed --regexp-extended 's/("(runId|activityRunId|pipelineRunId)" *: *")..../\1ffff/g' \
        "$ROOT"/deploy/demo/logs/{activity,pipeline}runs.PT1H.json >"$WORK/logs/again.json"
    grep --ignore-case 'offline' "$ROOT/deploy/demo/logs/activityruns.PT1H.json" \
        | sed --regexp-extended 's/shir-contoso/shir-away/g; s/("(activityRunId|pipelineRunId)" *: *")..../\1eeee/g' \
            >"$WORK/logs/away.json"
}

# A record that is too large and is cut, and one that ends in the middle.
damage() {
    {
        printf "ErrorCode=SqlOperationFailed,'Type=HybridDeliveryException,Message="
        head --bytes=2000000 /dev/zero | tr '\0' x
        printf "\nErrorCode=SqlOperationFailed,'Type=HybridDeliveryException,Message=A database\n"
    } >"$WORK/logs/damaged.log"
}

# settled WHAT: shirwatch has read all there is, and Prometheus has scraped that twice.
settled() {
    await 60 "$1 was not read" nothing_behind
    local scraped
    scraped=$(asked 'timestamp(shirwatch_build_info)')
    await 60 "$1 was not scraped" asks "timestamp(shirwatch_build_info) > $scraped + 2"
    await 60 "$1 did not come to Prometheus" numbers_agree
}

nothing_behind() {
    (($(metric "$shirwatch/metrics" shirwatch_source_records_total) > 20)) \
        && metric_is "$shirwatch/metrics" shirwatch_source_lag_bytes 0
}

numbers_agree() {
    [[ $(asked 'sum(shirwatch_errors_total)') == "$(metric "$shirwatch/metrics" shirwatch_errors_total)" ]]
}

# asked EXPRESSION: the first number of the answer.
asked() {
    curl --silent --fail --max-time 5 --get "$prometheus/api/v1/query" --data-urlencode "query=$1" \
        | jq --raw-output '.data.result[0].value[1]'
}

asks() {
    [[ $(asked "$1") != null ]]
}

main
