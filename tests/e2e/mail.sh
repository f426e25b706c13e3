#!/usr/bin/env bash
# An alert as a mail, through a real SMTP server that asks for TLS.
#
# A certificate authority is made for the day. The daemon starts while the server is away, so
# that its mails wait; the server comes, and each incident must arrive once, as text and as
# HTML, with its thread and without a secret. A server whose certificate nobody
# vouches for gets nothing.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
    make_certificates
    write_config
    start_shirwatch
    waits_for_the_server
    start_server
    each_incident_arrives_once
    mails_say_what_to_do
    mails_hold_no_secret
    test_mail_is_answered
    strangers_get_nothing
    a_server_with_tls_from_the_first_byte_is_told
}

make_certificates() {
    cd "$WORK" || return
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Test authority' -keyout ca.key -out ca.pem
    openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout server.key -out server.csr
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >names
    openssl x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out server.pem
    cd "$ROOT" || return
} >/dev/null 2>&1

write_config() {
    free_port
    smtp_port=$FREE_PORT
    free_port
    port=$FREE_PORT
    shirwatch=http://127.0.0.1:$port
    config "ca_file: $WORK/ca.pem," >"$WORK/shirwatch.yaml"
    config '' >"$WORK/stranger.yaml"
}

# The example logs are of a day long past: without `max_age` they would be counted but not told.
config() {
    cat <<YAML
alerts: { min_severity: warning, max_age: 87600h }
web: { external_url: $shirwatch }
receivers:
  - name: mail
    email: { server: localhost, port: $smtp_port, $1 from: "Watch <shirwatch@contoso.example>", to: [ops@contoso.example] }
YAML
}

start_shirwatch() {
    start shirwatch "$SHIRWATCH" run --config "$WORK/shirwatch.yaml" --state-dir "$WORK/state" \
        --listen "127.0.0.1:$port" "$ROOT/deploy/demo/logs"
    await 30 'shirwatch did not get ready' answers "$shirwatch/readyz"
}

waits_for_the_server() {
    await 30 'no failure was counted while the server was away' failed_already
    incidents=$(metric "$shirwatch/metrics" shirwatch_notification_queue_length)
    say "$incidents mails wait for a server that is away"
}

failed_already() {
    (($(metric "$shirwatch/metrics" shirwatch_notifications_failed_total) > 0)) \
        && (($(metric "$shirwatch/metrics" shirwatch_notification_queue_length) >= 20))
}

start_server() {
    start smtp env PYTHONUNBUFFERED=1 aiosmtpd --nosetuid --listen "localhost:$smtp_port" \
        --tlscert "$WORK/server.pem" --tlskey "$WORK/server.key" --class aiosmtpd.handlers.Debugging stdout
}

each_incident_arrives_once() {
    await 120 'not all mails arrived' metric_is "$shirwatch/metrics" shirwatch_notification_queue_length 0
    local told ids
    told=$(metric "$shirwatch/metrics" shirwatch_notifications_total)
    ids=$(grep --ignore-case '^Message-ID: ' "$WORK/smtp.log" | sort | uniq | wc --lines)
    ((told == ids && ids >= 20)) || fail "$told mails were sent, $ids different ones arrived"
    [[ $(grep --ignore-case --count '^Message-ID: ' "$WORK/smtp.log") == "$ids" ]] || fail 'a mail came twice'
    say "$ids mails arrived, each once"
}

mails_say_what_to_do() {
    local line
    for line in '^Subject: \[firing\]' '^References: <incident\.' '^Content-Type: text/plain' \
        '^Content-Type: text/html' '^Auto-Submitted: auto-generated' '^What to do' '^  1\. ' '<h3>Cause</h3>'; do
        grep --quiet "$line" "$WORK/smtp.log" || fail "no mail has a line like \`$line\`"
    done
    say 'mails say what to do, as text and as HTML'
}

# The secrets of the example logs are all spelled FAKE.
mails_hold_no_secret() {
    ! sed --null-data 's/=\r\?\n//g' "$WORK/smtp.log" | grep --quiet --text FAKE \
        || fail 'a secret of the example logs stands in a mail'
    say 'secrets stay inside'
}

test_mail_is_answered() {
    local said
    said=$("$SHIRWATCH" notify test mail --config "$WORK/shirwatch.yaml") || fail "notify test failed: $said"
    [[ $said == 'mail: took the alert' ]] || fail "notify test said: $said"
    say 'notify test sends one mail'
}

a_server_with_tls_from_the_first_byte_is_told() {
    local said
    free_port
    start smtps env PYTHONUNBUFFERED=1 aiosmtpd --nosetuid --listen "localhost:$FREE_PORT" \
        --smtpscert "$WORK/server.pem" --smtpskey "$WORK/server.key" --class aiosmtpd.handlers.Debugging stdout
    smtp_port=$FREE_PORT
    config "tls: tls, ca_file: $WORK/ca.pem," >"$WORK/wrapped.yaml"
    await 30 'a server with TLS from the first byte took nothing' \
        "$SHIRWATCH" notify test mail --config "$WORK/wrapped.yaml"
    grep --quiet '^Message-ID: ' "$WORK/smtps.log" || fail 'no mail came by TLS from the first byte'
    say 'a server with TLS from the first byte is told'
}

strangers_get_nothing() {
    local said before after
    before=$(grep --count '^Message-ID: ' "$WORK/smtp.log")
    ! said=$("$SHIRWATCH" notify test mail --config "$WORK/stranger.yaml") || fail 'an unknown authority was trusted'
    after=$(grep --count '^Message-ID: ' "$WORK/smtp.log")
    [[ $before == "$after" && $said == *'cannot reach'*ertificate* ]] || fail "a stranger was answered: $said"
    say 'a server that nobody vouches for gets nothing'
}

main
