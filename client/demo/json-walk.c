/* SPDX-License-Identifier: Apache-2.0 */
/* A document that contains itself, walked until the stack is used up. */
#include <stddef.h>

#include "frame.h"

struct value {
    struct value *child;
};

FRAME static int depth_of(const struct value *v, const long *path)
{
    long further[8] = {path[0] + 1};

    return v ? depth_of(v->child, further) + (int)further[0] : 0;
}

FRAME static int parse_document(struct value *root)
{
    const long path[8] = {0};

    root->child = root;
    return depth_of(root, path);
}

int main(void)
{
    struct value root;

    return parse_document(&root);
}
