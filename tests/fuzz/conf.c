/* SPDX-License-Identifier: Apache-2.0 */
/* conf_parse on any bytes: it ends with a filled struct or with a line and a message. */
#include <assert.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/conf.h"

struct all {
    char *text;
    bool flag;
    uint64_t number, size;
    int64_t time;
};

static const struct conf_key keys[] = {
    {"text", CONF_TEXT, offsetof(struct all, text), "x", 0, 0, ""},
    {"flag", CONF_BOOL, offsetof(struct all, flag), "no", 0, 0, ""},
    {"number", CONF_UINT, offsetof(struct all, number), "1", 0, 100, ""},
    {"size", CONF_SIZE, offsetof(struct all, size), "1K", 0, 0, ""},
    {"time", CONF_DURATION, offsetof(struct all, time), "1s", 0, 0, ""},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_error error = {0};
    struct all all;

    conf_defaults(keys, ARRAY_SIZE(keys), &all);
    if (conf_parse(keys, ARRAY_SIZE(keys), (struct str){(const char *)data, size}, &all, &error) <
        0)
        assert(error.line > 0 && error.message[0]);
    assert(all.number <= 100 && all.text);
    conf_fini(keys, ARRAY_SIZE(keys), &all);
    return 0;
}
