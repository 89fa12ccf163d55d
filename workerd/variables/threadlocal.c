/* SPDX-License-Identifier: Apache-2.0 */
/* The block of the program itself ends where its thread's own structure begins, to which fs points:
 * what the x86-64 ABI calls variant II (Drepper, "ELF Handling For Thread-Local Storage", section
 * 3). Where blocks of libraries are is known to the thread library alone. */
#include "workerd/variables/threadlocal.h"

#include <elf.h>

#include "workerd/variables/opened.h"

#define ALIGN_MAX UINT64_C(65536)

bool threadlocal_address(const struct frame_view *f, uint64_t offset, uint64_t *ret)
{
    struct elf_segment s;

    if (!f->is_program || f->thread == 0 || f->image->layout->machine != EM_X86_64 || !f->debug ||
        !container_segment(&f->debug->own.container, PT_TLS, &s))
        return false;
    uint64_t align = s.align ? s.align : 1;

    if ((align & (align - 1)) != 0 || align > ALIGN_MAX || s.memsz > UINT32_MAX ||
        offset >= s.memsz)
        return false;
    *ret = f->thread - ((s.memsz + align - 1) & ~(align - 1)) + offset;
    return true;
}
