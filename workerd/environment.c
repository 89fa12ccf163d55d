/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/environment.h"

#include <string.h>

#include "workerd/stackrow.h"

static const char *image_of(const struct crash_meta *m)
{
    for (size_t i = 0; i < m->n_tags; i++)
        if (strcmp(m->tags[i].key, "image") == 0)
            return m->tags[i].value;
    return NULL;
}

/* Each with its end, so that no two combinations read the same. */
static void digest_of(const struct environment *e, uint8_t ret[static SHA256_SIZE])
{
    const char *const texts[] = {e->unit,         e->image,   e->kernel,          e->architecture,
                                 e->distribution, e->package, e->package_version, e->cpu};
    struct digest *d = digest_new();

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        digest_add(d, texts[i], strlen(texts[i]) + 1);
    digest_finish(d, ret);
    digest_free(d);
}

void environment_make(const struct crash_meta *m, struct arena *a, struct environment *ret)
{
    *ret = (struct environment){
        .unit = text_fit(m->unit ? m->unit : m->user_unit, INDEXED_MAX, a),
        .image = text_fit(image_of(m), INDEXED_MAX, a),
        .kernel = text_fit(m->kernel, INDEXED_MAX, a),
        .architecture = text_fit(m->architecture, INDEXED_MAX, a),
        .distribution = text_fit(m->distribution, INDEXED_MAX, a),
        .package = text_fit(m->package, INDEXED_MAX, a),
        .package_version = text_fit(m->package_version, INDEXED_MAX, a),
        .cpu = text_fit(m->cpu_model, INDEXED_MAX, a),
    };
    digest_of(ret, ret->digest);
}
