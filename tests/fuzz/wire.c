/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/wire */
/* Any bytes as a packet of a child's: what is understood is within its limits, and said again it is
 * the same packet. */
#include "workerd/wire/words.h"

#include <assert.h>
#include <string.h>

#include "common/base/id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes that a message of this kind is made of. */
static size_t format(const struct wire_message *m, char *packet)
{
    size_t used;

    switch (m->kind) {
    case WIRE_WANT:
    case WIRE_SOURCE:
        return wire_format_want(m->kind, &m->want, packet);
    case WIRE_CODE:
        return wire_format_code(&m->want, m->offset, packet);
    case WIRE_BYTES:
        return wire_format_bytes(m->bytes, packet);
    case WIRE_GIVEN:
        return wire_format_given(m->has, packet);
    case WIRE_RESULT:
        return wire_format_result(m->length, m->bytes, packet, &used);
    case WIRE_PIECE:
        return wire_format_piece(m->bytes, packet, &used);
    default: {
        char text[WIRE_TEXT_MAX + 1] = "";

        memcpy(text, m->bytes.p, m->bytes.n);
        return wire_format_answer(m->kind, text, packet);
    }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wire_message m;
    static char packet[WIRE_PACKET_MAX];

    if (wire_parse(data, size, &m) < 0)
        return 0;
    assert(m.bytes.n <= size && size <= WIRE_PACKET_MAX);
    if (m.kind == WIRE_WANT || m.kind == WIRE_CODE) {
        size_t n = strlen(m.want.build_id);

        assert(n == 0 || hex_valid(str_from(m.want.build_id), BUILD_ID_TEXT_SIZE - 1));
        assert(strlen(m.want.path) <= WIRE_PATH_MAX);
    }
    if (m.kind == WIRE_RESULT)
        assert(m.length <= ANALYSIS_JSON_MAX && m.bytes.n <= m.length);
    assert(format(&m, packet) == size && memcmp(packet, data, size) == 0);
    return 0;
}
