/* SPDX-License-Identifier: Apache-2.0 */
/* A tree that contains itself, walked until the stack is used up: about 100,000 equal frames, and a
 * fault address just under the stack. Proves caps on frames and that recursion is one line in a
 * group, however deep it went.
 *
 * walk() stands on one line because the kernel decides where a stack begins, and with it which of
 * its instructions meets the guard page. Taking the path by value makes a frame of 80 bytes. */
#include <stddef.h>

#include "frame.h"

struct node {
    struct node *child;
};

struct path {
    long step[8];
};

FRAME static int walk(struct node *n, struct path p) { return n ? walk(n->child, p) + 1 : 0; }

FRAME static int measure_tree(struct node *root)
{
    struct path path = {.step = {0}};
    return walk(root, path);
}

int main(void)
{
    struct node root;
    root.child = &root;
    return measure_tree(&root);
}
