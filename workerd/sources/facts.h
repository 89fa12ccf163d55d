/* SPDX-License-Identifier: Apache-2.0 */
/* What the section table of an ELF file says of the file: which others it refers to, and what it
 * holds. Bounds-checked, read piece by piece, for a file that nobody vouches for. */
#ifndef CORRAL_WORKERD_SOURCES_FACTS_H
#define CORRAL_WORKERD_SOURCES_FACTS_H

#include <stdbool.h>

#include "common/core/elf.h"

#define FACTS_NAME_SIZE 1024

struct file_facts {
    bool symbols, debug;               /* a full symbol table; debug information */
    char debug_link[FACTS_NAME_SIZE];  /* .gnu_debuglink; "" */
    char shared_name[FACTS_NAME_SIZE]; /* .gnu_debugaltlink; "" */
    char shared_id[ELF_BUILD_ID_TEXT]; /* "" */
};

/* Of what is no ELF file, or has no section table that can be read, nothing is known. */
void file_facts(int fd, struct file_facts *ret);

#endif
