/* SPDX-License-Identifier: Apache-2.0 */
/* Code that the program wrote itself, as compilers at run time do: no file, no tables, but a frame
 * pointer. The stack is crossed by it, twice, and goes on in ordinary frames. */
#include <string.h>
#include <sys/mman.h>

#include "../frame.h"

typedef int (*callback)(int);
typedef int (*trampoline)(callback, int);

static int *volatile nowhere;
static trampoline made;

FRAME static int compute(int value)
{
    return *nowhere + value;
}

FRAME static int again(int value)
{
    return made(compute, value + 1) + 1;
}

static trampoline compile(void)
{
    static const unsigned char code[] = {
        0x55,                   /* push %rbp */
        0x48, 0x89, 0xe5,       /* mov %rsp,%rbp */
        0x48, 0x83, 0xec, 0x20, /* sub $32,%rsp */
        0x48, 0x89, 0xf8,       /* mov %rdi,%rax */
        0x89, 0xf7,             /* mov %esi,%edi */
        0xff, 0xd0,             /* call *%rax */
        0xc9,                   /* leave */
        0xc3,                   /* ret */
    };
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memset(p, 0xcc, 4096);
    return memcpy((char *)p + 64, code, sizeof code);
}

FRAME static int run_script(int value)
{
    return made(again, value) + 1;
}

int main(void)
{
    made = compile();
    return run_script(1);
}
