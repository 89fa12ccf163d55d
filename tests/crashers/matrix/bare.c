/* SPDX-License-Identifier: Apache-2.0 */
/* Functions in assembler that say nothing about their frames: `linked` keeps a frame pointer,
 * `bare` (with -DBARE) does not, and what called it is only to be guessed from the stack's words.
 */
#include "../frame.h"

static int *volatile nowhere;

int linked(int (*)(int), int);
int bare(int (*)(int), int);

__asm__(".text\n"
        ".type linked, @function\n"
        "linked:\n"
        "    push %rbp\n"
        "    mov %rsp, %rbp\n"
        "    sub $48, %rsp\n"
        "    mov %rdi, %rax\n"
        "    mov %esi, %edi\n"
        "    call *%rax\n"
        "    leave\n"
        "    ret\n"
        ".size linked, . - linked\n"
        ".type bare, @function\n"
        "bare:\n"
        "    sub $24, %rsp\n"
        "    mov %rdi, %rax\n"
        "    mov %esi, %edi\n"
        "    call *%rax\n"
        "    add $24, %rsp\n"
        "    ret\n"
        ".size bare, . - bare\n");

FRAME static int compute(int value)
{
    return *nowhere + value;
}

FRAME static int enter(int value)
{
#ifdef BARE
    return bare(compute, value) + 1;
#else
    return linked(compute, value) + 1;
#endif
}

int main(void)
{
    return enter(1) + 1;
}
