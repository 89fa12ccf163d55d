/* SPDX-License-Identifier: Apache-2.0 */
/* The C++ exception that nobody caught. Its header (struct __cxa_exception of the Itanium C++ ABI,
 * as libstdc++ and libc++ lay it out on 64 bits) is found by the mark in it, for the functions that
 * end the program still have a pointer to it on the stack. */
#ifndef CORRAL_WORKERD_CAUSE_EXCEPTION_H
#define CORRAL_WORKERD_CAUSE_EXCEPTION_H

#include "workerd/cause/facts.h"

/* The type's name ("std::runtime_error"), and what() for the types of the library that keep a text
 * and for what is derived from them; NULL: unknown. False when there is no exception. */
bool exception_find(const struct facts *f, struct arena *a, const char **ret_type,
                    const char **ret_what);

#endif
