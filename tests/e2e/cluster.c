/* Preloaded into tests/examples/mock_kafka: makes librdkafka's own cluster keep two promises of
 * Kafka on which its consumer groups rest. Without them an assertion of its own ends it now and
 * then (`!member->resp` in rdkafka_mock_cgrp.c, for a member that waits twice); or a client ends,
 * told that it leads a group of nobody, which it does not expect (`balance` in
 * rdkafka_sticky_assignor.c).
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Who has gone waits no more.
 *
 * The cluster reads nothing from a connection on which a member waits to be let into its group, and
 * of a closed connection that nobody wants to read from, poll() says nothing. A client that finds
 * its coordinator again may cut such a connection, and ask once more on another.
 */
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

static int print(char *out, size_t size, const char *format, ...)
{
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(out, size, format, values);
    va_end(values);
    return length;
}

/* No two members have one name.
 *
 * The cluster names a member by its address (`%p`), which another may have had who is given up for
 * dead and comes back with it. Nothing else that it needs is printed so.
 */
int snprintf(char *out, size_t size, const char *format, ...)
{
    static unsigned long names;
    va_list values;
    int length;

    if (strcmp(format, "%p") == 0)
        return print(out, size, "member-%lu", __atomic_add_fetch(&names, 1, __ATOMIC_RELAXED));
    va_start(values, format);
    length = vsnprintf(out, size, format, values);
    va_end(values);
    return length;
}
