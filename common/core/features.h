/* SPDX-License-Identifier: Apache-2.0 */
/* What an ELF file can be used for, by the names of its sections: gABI and the DWARF standard,
 * appendix G. Compressed sections count as what they hold. Files that were stripped of their
 * section headers have none of these. */
#ifndef CORRAL_CORE_FEATURES_H
#define CORRAL_CORE_FEATURES_H

#include <stdint.h>

#define FEATURES_SECTIONS_MAX 65536u

enum feature {
    FEATURE_CODE = 1 << 0,    /* it has the bytes of .text: no separate debug file */
    FEATURE_EXPORTS = 1 << 1, /* .dynsym */
    FEATURE_SYMBOLS = 1 << 2, /* .symtab */
    FEATURE_UNWIND = 1 << 3,  /* .eh_frame or .debug_frame */
    FEATURE_DEBUG = 1 << 4,   /* .debug_info: functions, variables, inlined calls */
    FEATURE_LINES = 1 << 5,   /* .debug_line */
    FEATURE_ALT = 1 << 6,     /* .gnu_debugaltlink: a part of it is in a file that several share */
};

/* Of an open regular file. 0 with *ret and *ret_type (ET_EXEC, ET_DYN, …); an outcome of elf.h;
 * -errno. */
int features_read(int fd, unsigned *ret, uint16_t *ret_type);

#endif
