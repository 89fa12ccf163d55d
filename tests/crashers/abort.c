/* SPDX-License-Identifier: Apache-2.0 */
/* A program that gives up by itself. Proves that the frames of abort() and raise(), which are the
 * same for every such crash, name neither the title nor the group. */
#include <stdlib.h>

#include "frame.h"

FRAME static void reject_packet(unsigned version)
{
    if (version != 4)
        abort();
}

FRAME static unsigned decode_packet(const unsigned char *bytes)
{
    reject_packet(bytes[0] >> 4);
    return bytes[1];
}

int main(void)
{
    const unsigned char packet[] = {0x60, 0x00};
    return (int)decode_packet(packet);
}
