/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/cause/pattern.h"

#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"

/* One byte, repeated in all eight. */
static const struct {
    uint8_t byte;
    const char *meaning;
} fills[] = {
    {0x5a, "what jemalloc fills freed memory with"},
    {0xa5, "what jemalloc fills new memory with"},
    {0x6b, "what debugging allocators fill freed memory with"},
    {0xbe, "what AddressSanitizer fills new memory with"},
    {0xcd, "what debugging allocators fill new memory with"},
    {0xdd, "what debugging allocators fill freed memory with"},
    {0xfd, "what debugging allocators put around memory"},
    {0xaa, "what clang's -ftrivial-auto-var-init=pattern fills variables with"},
    {0xfe, "what gcc's -ftrivial-auto-var-init=pattern fills variables with"},
    {0xcc, "what debugging compilers fill variables with"},
    {0xdb, "what debugging allocators fill freed memory with"},
};

/* Four bytes, once or twice. */
static const struct {
    uint32_t word;
    const char *meaning;
} words[] = {
    {0xdeadbeef, "a mark for memory that is not to be used"},
    {0xdeadc0de, "a mark for memory that is not to be used"},
    {0xdeaddead, "a mark for memory that is not to be used"},
    {0xdeadcafe, "a mark for memory that is not to be used"},
    {0xbaadf00d, "a mark for memory that was never written"},
    {0xbad0bad0, "a mark for memory that is not to be used"},
    {0xcafebabe, "a mark that programs put where no pointer is"},
    {0xfeeefeee, "what debugging allocators fill freed memory with"},
    {0xfeedface, "a mark that programs put where no pointer is"},
    {0xcdcdcdcd, "what debugging allocators fill new memory with"},
    {0xdddddddd, "what debugging allocators fill freed memory with"},
    {0xabababab, "what debugging allocators put around memory"},
};

const char *pattern_poison(uint64_t value)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);

    for (size_t i = 0; i < ARRAY_SIZE(fills); i++)
        if (value == fills[i].byte * each)
            return fills[i].meaning;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (low == words[i].word && (high == low || high == 0))
            return words[i].meaning;
    return NULL;
}

bool pattern_text(uint64_t value, char ret[static PATTERN_TEXT_SIZE])
{
    char text[PATTERN_TEXT_SIZE] = "";
    size_t n = 0;

    memcpy(text, &value, sizeof value);
    while (n < sizeof value && text[n] >= ' ' && text[n] <= '~')
        n++;
    for (size_t i = n; i < sizeof value; i++)
        if (text[i] != '\0')
            return false;
    /* Programs lie at 0x55…, and 0x56… . */
    if (n < 6 || (n == 6 && (text[5] == 0x55 || text[5] == 0x56)))
        return false;
    memcpy(ret, text, sizeof text);
    return true;
}
