/* Lets the cluster of the tests see that a client has gone, also while that client waits.
 *
 * librdkafka's own cluster reads nothing from a connection on which a member waits to be let into
 * its group, and so does not see its end: poll() says nothing of a closed connection that nobody
 * wants to read from. When the member comes back on another connection it waits twice, which an
 * assertion forbids: `!member->resp` in rdkafka_mock_cgrp.c. A client does so whenever it believes
 * that the coordinator was away: when it was, or after it was itself stopped for a while.
 *
 * Preloaded into tests/examples/mock_kafka, poll() says then that the connection has hung up.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <time.h>

int poll(struct pollfd *fds, nfds_t count, int millis)
{
    struct timespec timeout = {millis / 1000, millis % 1000 * 1000000L};
    nfds_t i;
    int ready;

    for (i = 0; i < count; i++)
        if (!(fds[i].events & POLLIN))
            fds[i].events |= POLLRDHUP;
    ready = ppoll(fds, count, millis < 0 ? NULL : &timeout, NULL);
    for (i = 0; i < count; i++) {
        fds[i].events &= ~POLLRDHUP;
        if (fds[i].revents & POLLRDHUP)
            fds[i].revents |= POLLHUP;
    }
    return ready;
}
