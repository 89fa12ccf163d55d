/* SPDX-License-Identifier: Apache-2.0 */
/* The template compiler: turns one HTML template into one C function, at build time. A template is
 * HTML with two additions:
 *
 *   %template groups(const struct page *p, const struct group_list *l)     first: name and
 * parameters of the function % for (size_t i = 0; i < l->n; i++) { a line that begins with % is C
 *   <td title="{{ l->rows[i].title }}">{{ l->rows[i].title }}</td>         {{ an expression of C }}
 *
 * An expression is written by a macro of html.h that is chosen by where it stands: html_text in
 * text, html_value in a quoted attribute, html_url at the beginning of an attribute that holds an
 * address. Each accepts, by _Generic, the types that are safe there and no others, so that the C
 * compiler refuses what this one cannot judge; #line leads its messages back to the template.
 * Refused here: an expression or a control line inside of a tag, attributes without quotes, and
 * what the pages' Content-Security-Policy has no room for.
 *
 * Indentation is dropped; a line that ends with \ is joined to the next. */
#ifndef CORRAL_DASHD_TEMPLATES_TMPLC_H
#define CORRAL_DASHD_TEMPLATES_TMPLC_H

#include <stdio.h>

/* 0, or -EINVAL after having said on stderr what is wrong and in which line. path is for messages
 * and #line. */
int tmplc_compile(const char *path, FILE *in, FILE *out);

#endif
