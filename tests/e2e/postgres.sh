#!/usr/bin/env bash
# The tests of the store, against a real PostgreSQL; and what a certificate is worth.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/database.sh
source "$(dirname "${BASH_SOURCE[0]}")/database.sh"

start_database
SHIRWATCH_TEST_POSTGRES=$WORK/url cargo test --workspace --locked --all-features --lib store:: >"$WORK/tests.log" 2>&1 \
    || fail 'the tests of the store failed with PostgreSQL'
say "$(grep '^test result' "$WORK/tests.log")"

# Encrypted, with a server that is known; and not with one that is not.
printf '%s?sslmode=require\n' "$(<"$WORK/url")" >"$WORK/url-tls"
config() {
    printf 'store: { postgres: { url_file: %s, member: a%s } }\n' "$WORK/url-tls" "$1"
}
"$SHIRWATCH" run --once --state-dir "$WORK/state" --config <(config ", ca_file: $WORK/database/cert"
    printf 'sources: [{ file: { include: ["%s/*.jsonl"] } }]\n' "$WORK") >/dev/null 2>"$WORK/tls.log" \
    || fail 'a server with a known certificate is refused'
"$SHIRWATCH" incidents --config <(config ", ca_file: $WORK/database/cert") >/dev/null \
    || fail 'a server with a known certificate is refused'
said=$("$SHIRWATCH" incidents --config <(config '') 2>&1) && fail 'a server is believed that nobody knows'
[[ $said == *certificate* ]] || fail "it is not said that the certificate is not known: $said"
[[ $said != *"$PASSWORD"* ]] || fail 'the password is said'
say 'a server is believed by its certificate only'
