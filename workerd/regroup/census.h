/* SPDX-License-Identifier: Apache-2.0 */
/* All stacks with their keys, and which groups show them how often: what an assignment is made of,
 * read from the database in pages. With a way to group them, stacks count as if they had been
 * grouped that way already: so a dry run and a real one decide on the same rows. */
#ifndef CORRAL_WORKERD_REGROUP_CENSUS_H
#define CORRAL_WORKERD_REGROUP_CENSUS_H

#include "workerd/regroup/assign.h"
#include "workerd/regroup/restack.h"

struct census_stack {
    int64_t id;
    uint32_t key, lineage; /* indexes of keys; the lineage's digest is no key of anybody's now */
    uint32_t more[GROUPING_KEYS_MAX];
    uint8_t n_more, quality, title_rank;
    const char *title, *why; /* its title, and the frames that count; NULL unless grouped here */
};

/* Of group_stacks. */
struct census_share {
    int64_t group;
    bool held;
    uint32_t stack; /* index of stacks */
    int64_t events;
};

struct census {
    struct census_stack *stacks; /* by id; those without any key are left out */
    size_t n_stacks, n_regrouped;
    struct census_share *shares; /* by group */
    size_t n_shares;
    struct assign_key *keys; /* and lineages */
    size_t n_keys;
    int64_t first_new; /* as in assign_input; 0 unless the caller says so */
};

/* way NULL: as the database has it. In a transaction that sees one moment (census_moment). Outcomes
 * of db.h. */
int census_read(struct db *d, struct blob_store *store, const struct regroup_way *way,
                struct arena *a, struct census *ret);
/* The first statement of such a transaction, which then changes nothing. */
int census_moment(struct db *d);

/* Who gets which key. */
void census_assign(const struct census *c, struct arena *a, struct assign_result *ret);

/* A group, or a new one, to which keys lead that have events. */
struct census_owner {
    int64_t id;          /* as in assign_result.owners */
    bool changed;        /* a stack of its has another key than before */
    uint32_t best;       /* index of the stack that its title is of: that names most, then that has
                            most events, then the first */
    int64_t source;      /* the group that most of its events come from */
    int64_t events;      /* in all */
    int64_t from_source; /* of them */
};
void census_owners(const struct census *c, const struct assign_result *r, struct arena *a,
                   struct census_owner **ret, size_t *ret_n);

#endif
