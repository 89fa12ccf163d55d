/* SPDX-License-Identifier: Apache-2.0 */
#include "common/daemon/filter.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH is this?"
#endif

#define X32_BIT 0x40000000u

static void add(struct filter *f, struct sock_filter instruction)
{
    assert(f->n < FILTER_MAX);
    f->code[f->n++] = instruction;
}

static void load(struct filter *f, size_t offset)
{
    add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct filter *f, uint32_t what)
{
    add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

/* Goes on when what is loaded equals value, else passes over so many instructions. */
static void when(struct filter *f, uint32_t value, uint8_t skip)
{
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
}

void filter_begin(struct filter *f)
{
    f->n = 0;
    load(f, offsetof(struct seccomp_data, arch));
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    answer(f, SECCOMP_RET_KILL_PROCESS);
    load(f, offsetof(struct seccomp_data, nr));
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    answer(f, SECCOMP_RET_KILL_PROCESS);
}

static void add_row(struct filter *f, uint16_t call, uint32_t what)
{
    when(f, call, 1);
    answer(f, what);
}

void filter_allow(struct filter *f, uint16_t call)
{
    add_row(f, call, SECCOMP_RET_ALLOW);
}

void filter_refuse(struct filter *f, uint16_t call, uint16_t error)
{
    add_row(f, call, SECCOMP_RET_ERRNO | error);
}

void filter_kill(struct filter *f, uint16_t call)
{
    add_row(f, call, SECCOMP_RET_KILL_PROCESS);
}

/* Half of an argument; a half that nobody asks about fits. */
static void add_half(struct filter *f, size_t offset, uint32_t mask, uint32_t value, uint8_t skip)
{
    load(f, offset);
    add(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    when(f, value & mask, skip);
}

/* BPF has words of 32 bits, an argument 64 (little-endian). The number of the call is loaded again
 * for the rows behind. */
void filter_allow_if(struct filter *f, const struct filter_condition *c)
{
    size_t offset = offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t);

    when(f, c->call, 8);
    add_half(f, offset, (uint32_t)c->mask, (uint32_t)c->value, 4);
    add_half(f, offset + 4, (uint32_t)(c->mask >> 32), (uint32_t)(c->value >> 32), 1);
    answer(f, SECCOMP_RET_ALLOW);
    load(f, offsetof(struct seccomp_data, nr));
}

void filter_end(struct filter *f, uint32_t otherwise)
{
    answer(f, otherwise);
}

int filter_enter(struct filter *f)
{
    const struct sock_fprog program = {.len = f->n, .filter = f->code};

    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return -errno;
    return 0;
}
