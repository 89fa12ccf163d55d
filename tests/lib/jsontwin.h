/* SPDX-License-Identifier: Apache-2.0 */
/* The same text through both readers of JSON: jsonreader is held against jsontree. */
#ifndef CORRAL_TESTS_LIB_JSONTWIN_H
#define CORRAL_TESTS_LIB_JSONTWIN_H

#include <string.h>

#include "common/report/jsonreader.h"
#include "common/report/jsontree.h"

static json_t *jsontwin_value(struct jsonreader *r);

static json_t *jsontwin_object(struct jsonreader *r)
{
    json_t *object = json_object();
    struct str key;

    jsonreader_object(r);
    while (jsonreader_member(r, &key))
        json_object_setn_new(object, key.p, key.n, jsontwin_value(r));
    return object;
}

static json_t *jsontwin_array(struct jsonreader *r)
{
    json_t *array = json_array();

    jsonreader_array(r);
    while (jsonreader_element(r))
        json_array_append_new(array, jsontwin_value(r));
    return array;
}

/* What the reader has no function for: numbers with a fraction, null. */
static json_t *jsontwin_rest(struct jsonreader *r)
{
    const struct jsonreader before = *r;
    int64_t n;
    bool yes;

    if (jsonreader_integer(r, &n))
        return json_integer(n);
    *r = before;
    if (jsonreader_bool(r, &yes))
        return json_boolean(yes);
    *r = before;
    jsonreader_skip(r);
    return json_null();
}

/* The tree that the reader finds, with null for what it only skips. */
static json_t *jsontwin_value(struct jsonreader *r)
{
    struct str text = {"", 0};
    const char *p = r->p;

    while (p < r->end && strchr(" \t\r\n", *p) && *p)
        p++;
    switch (p < r->end ? *p : '\0') {
    case '{':
        return jsontwin_object(r);
    case '[':
        return jsontwin_array(r);
    case '"':
        jsonreader_text(r, SIZE_MAX, &text);
        return json_stringn(text.p, text.n);
    default:
        return jsontwin_rest(r);
    }
}

/* The tree of jansson, in which nulls stand for numbers with a fraction. */
static json_t *jsontwin_simplified(json_t *v)
{
    const char *key;
    json_t *part, *copy;
    size_t i;

    if (json_is_object(v)) {
        copy = json_object();
        json_object_foreach(v, key, part) json_object_set_new(copy, key, jsontwin_simplified(part));
    } else if (json_is_array(v)) {
        copy = json_array();
        json_array_foreach(v, i, part) json_array_append_new(copy, jsontwin_simplified(part));
    } else {
        copy = json_is_real(v) ? json_null() : json_incref(v);
    }
    return copy;
}

/* Both refuse, or both take the same. A NUL is refused wherever it stands; jansson overlooks one
 * behind a number. */
static bool jsontwin_agrees(struct str text, size_t values_max)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0), b = ARENA_INIT(0);
    _cleanup_json_ json_t *tree = jsontree_object(text, values_max, NULL);
    _cleanup_json_ json_t *judge = tree ? jsontwin_simplified(tree) : NULL;
    _cleanup_jsonreader_ struct jsonreader read, skipped;

    jsonreader_init(&read, text, values_max, &a);
    _cleanup_json_ json_t *own = jsontwin_object(&read);

    jsonreader_init(&skipped, text, values_max, &b);
    jsonreader_skip(&skipped);
    bool taken = jsonreader_end(&read) == 0, passed = jsonreader_end(&skipped) == 0;

    if (text.n > 0 && memchr(text.p, '\0', text.n))
        return !taken && !passed;
    /* Of what is skipped nobody says that it is an object. */
    if (taken != (tree != NULL) || (taken && !passed))
        return false;
    return !taken || json_equal(judge, own);
}

#endif
