/* SPDX-License-Identifier: Apache-2.0 */
/* A call through a slot of the global offset table that was overwritten with TARGET. An address
 * that the processor refuses (not canonical) faults in the stub of the procedure linkage table
 * itself, any other at the address: the stack below has to be found from a place without any code.
 */
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../frame.h"

/* The slot of a function, found as the dynamic linker does. */
static uintptr_t *slot_of(const char *name)
{
    const Elf64_Rela *rela = NULL;
    const Elf64_Sym *symbols = NULL;
    const char *names = NULL;
    size_t size = 0;

    for (const Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_JMPREL)
            rela = (const void *)d->d_un.d_ptr;
        else if (d->d_tag == DT_PLTRELSZ)
            size = d->d_un.d_val;
        else if (d->d_tag == DT_SYMTAB)
            symbols = (const void *)d->d_un.d_ptr;
        else if (d->d_tag == DT_STRTAB)
            names = (const void *)d->d_un.d_ptr;
    }
    for (size_t i = 0; i < size / sizeof *rela; i++)
        if (strcmp(names + symbols[ELF64_R_SYM(rela[i].r_info)].st_name, name) == 0)
            return (uintptr_t *)(_r_debug.r_map->l_addr + rela[i].r_offset);
    return NULL;
}

FRAME static int ask_parent(int value)
{
    return getppid() + value;
}

FRAME static int poisoned(uintptr_t target)
{
    *slot_of("getppid") = target;
    return ask_parent(1) + 1;
}

int main(void)
{
    return poisoned(TARGET);
}
