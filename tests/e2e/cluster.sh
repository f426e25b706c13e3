# shellcheck shell=bash
#
# A Kafka cluster of its own, with the topic `insights-logs` of PARTITIONS partitions. Sourced after
# lib.sh, not run. Its brokers stand in $WORK/brokers; what it is to do is written to $orders, see
# tests/examples/mock_kafka.rs. Needs a C compiler.

CLUSTER=${CLUSTER:-${CARGO_TARGET_DIR:-$ROOT/target}/debug/examples/mock_kafka}

start_cluster() {
    mkfifo "$WORK/orders"
    # For both ways, so that it does not end with who writes first.
    # shellcheck disable=SC2034  # used by the scripts that source this file
    exec {orders}<>"$WORK/orders"
    cc -shared -fPIC -Wall -Wextra -Werror -o "$WORK/cluster.so" "$ROOT/tests/e2e/cluster.c" \
        || fail 'cluster.c cannot be compiled'
    start cluster obedient
    cluster=$LAST_PID
    await 30 'the cluster did not start' test -s "$WORK/brokers"
}

# A program in the background reads nothing, unless it is told here what to read.
obedient() {
    LD_PRELOAD=$WORK/cluster.so exec "$CLUSTER" insights-logs "$PARTITIONS" "$WORK/brokers" <"$WORK/orders"
}

# The client library's own cluster holds assertions. What happened until one fails proves nothing.
cluster_lives() {
    kill -0 "$cluster" 2>/dev/null || fail 'the cluster of the tests ended itself'
}
