/* SPDX-License-Identifier: Apache-2.0 */
/* A buffer that two owners free: the allocator notices and aborts. */
#include <stdlib.h>

#include "frame.h"

struct image {
    unsigned char *pixels;
};

FRAME static void release_pixels(struct image *image)
{
    free(image->pixels); /* and the pointer stays */
}

FRAME static void finish_thumbnail(struct image *image)
{
    release_pixels(image);
}

FRAME static void make_thumbnail(struct image *image)
{
    finish_thumbnail(image);
    release_pixels(image);
}

int main(void)
{
    struct image image = {.pixels = malloc(64)};

    make_thumbnail(&image);
    return 0;
}
