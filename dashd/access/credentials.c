/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/access/credentials.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/id.h"
#include "dashd/access/access.h"

bool account_name_valid(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._@+-", name[i]))
            return false;
    return n > 0 && n <= ACCOUNT_NAME_MAX && name[0] != '-';
}

bool token_scope_valid(const char *scope)
{
    return access_rights_of_scope(scope) || strcmp(scope, "ingest") == 0 ||
           strcmp(scope, "symbols") == 0;
}

void token_make(const char *scope, struct token_secret *ret)
{
    char hex[2 * TOKEN_BYTES + 1];
    uint8_t random[TOKEN_BYTES];

    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), hex);
    snprintf(ret->text, sizeof(ret->text), "corral_%s_%s", scope, hex);
    sha256(ret->text, strlen(ret->text), ret->digest);
}
