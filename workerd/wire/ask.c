/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/wire/ask.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/wire/parcel.h"

/* A packet goes whole or not at all. */
static int put(int socket, const char *packet, size_t n)
{
    ssize_t r;

    do {
        r = write(socket, packet, n);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

static int take_given(struct parcel_fds *fds, int *ret_fd)
{
    if (fds->n != 1)
        return -EBADMSG;
    *ret_fd = TAKE_FD(fds->list[0]);
    return 0;
}

static int take_refusal(struct str text, char *ret_text)
{
    memcpy(ret_text, text.p, text.n);
    ret_text[text.n] = '\0';
    return WIRE_HAS_REFUSED;
}

int wire_ask(int socket, const struct wire_want *w, int *ret_fd,
             char ret_text[static WIRE_TEXT_MAX + 1])
{
    static char packet[WIRE_PACKET_MAX];
    static struct wire_message m;
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    int r = put(socket, packet, wire_format_want(w, packet));
    ssize_t n;

    if (r < 0)
        return r;
    n = parcel_receive(socket, packet, sizeof(packet), &fds);
    if (n <= 0)
        return n < 0 ? (int)n : -EPIPE;
    r = wire_parse(packet, (size_t)n, &m);
    if (r < 0)
        return r;
    switch (m.kind) {
    case WIRE_GIVEN:
        return take_given(&fds, ret_fd);
    case WIRE_NONE:
        return WIRE_HAS_NONE;
    case WIRE_REFUSED:
        return take_refusal(m.bytes, ret_text);
    default:
        return -EBADMSG;
    }
}

int wire_hand_over(int socket, const void *p, size_t n)
{
    static char packet[WIRE_PACKET_MAX];
    struct str rest = {p, n};
    size_t used, size = wire_format_result((uint32_t)n, rest, packet, &used);
    int r = put(socket, packet, size);

    while (r == 0 && used < rest.n) {
        rest = (struct str){rest.p + used, rest.n - used};
        size = wire_format_piece(rest, packet, &used);
        r = put(socket, packet, size);
    }
    return r;
}
