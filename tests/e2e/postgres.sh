#!/usr/bin/env bash
# The tests of the store, against a real PostgreSQL.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/database.sh
source "$(dirname "${BASH_SOURCE[0]}")/database.sh"

start_database
SHIRWATCH_TEST_POSTGRES=$WORK/url cargo test --locked --features postgres --lib store:: >"$WORK/tests.log" 2>&1 \
    || fail 'the tests of the store failed with PostgreSQL'
say "$(grep '^test result' "$WORK/tests.log")"
