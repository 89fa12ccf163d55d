/* SPDX-License-Identifier: Apache-2.0 */
/* bugs BUG WAY: dies of BUG, to which WAY leads (ways.h). Each function that ends in _bug is the
 * first of one bug's own; nothing keeps the compiler from inlining below it. What is fatal comes
 * from volatile variables, for what a compiler can foresee it leaves out. */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ways.h"

static volatile int zero, one = 1;
static volatile size_t many = 64;
static void *volatile nowhere;

struct item {
    struct item *next;
    int value;
    char name[40];
};

/* --- Bad pointers --- */

static int read_value(const struct item *i)
{
    return i->value;
}
static int sum_items(const struct item *i)
{
    return read_value(i) + one;
}
static void null_bug(void)
{
    zero = sum_items(nowhere);
}

static int read_stale(struct item *i)
{
    return i->next->value;
}
static void freed_bug(void)
{
    struct item *i = calloc(1, sizeof(*i));

    *(struct item *volatile *)&i->next = i;
    free(i);
    zero = read_stale(i);
}

typedef void (*hook)(int);
static void call_hook(hook h)
{
    h(one);
    zero = one;
}
static void call_null_bug(void)
{
    call_hook((hook)nowhere);
    zero = one;
}

static void copy_header(char *to, const char *from)
{
    memcpy(to, from, many);
    zero = to[one];
}
static void copy_header_bug(void)
{
    static char to[200];

    copy_header(to, nowhere);
}
static void copy_footer(char *to, const char *from)
{
    memcpy(to, from, many * 2);
    zero = to[one];
}
static void copy_footer_bug(void)
{
    static char to[200];

    copy_footer(to, nowhere);
}
static size_t measure_title(const char *s)
{
    return strlen(s) + (size_t)one;
}
static void title_bug(void)
{
    many = measure_title(nowhere);
}
static size_t measure_label(const char *s)
{
    return strlen(s) * 2 + (size_t)one;
}
static void label_bug(void)
{
    many = measure_label(nowhere);
}

/* A helper that two bugs give a null pointer. */
__attribute__((noinline)) static void list_append(struct item *list, struct item *i)
{
    i->next = list->next;
    list->next = i;
    zero = i->value;
}
static void add_order(struct item *orders)
{
    static struct item i;

    list_append(orders, &i);
    zero = one;
}
static void add_order_bug(void)
{
    add_order(nowhere);
}
static void add_invoice(struct item *invoices)
{
    static struct item i;

    i.value = one;
    list_append(invoices, &i);
    zero = one;
}
static void add_invoice_bug(void)
{
    add_invoice(nowhere);
}

/* --- The heap --- */

static void release_twice(char *p)
{
    free(p);
    zero = one;
}
static void double_free_bug(void)
{
    char *volatile p = malloc(64);

    free(p);
    release_twice(p);
}

static void fill_name(char *p)
{
    memset(p, 'A', many);
    zero = p[one];
    free(p + 32);
    zero = one;
}
static void heap_overflow_bug(void)
{
    char *volatile p = malloc(24);

    nowhere = malloc(24);
    fill_name(p);
}

/* --- The stack --- */

static int descend(volatile char *above)
{
    volatile char here[200];

    here[0] = above[0];
    return descend(here) + here[one];
}
static void recursion_bug(void)
{
    char start[1] = {0};

    zero = descend(start);
}

static int visit_right(volatile char *above);
__attribute__((noinline)) static int visit_left(volatile char *above)
{
    volatile char here[120];

    here[0] = above[0];
    return visit_right(here) + here[one];
}
__attribute__((noinline)) static int visit_right(volatile char *above)
{
    volatile char here[300];

    here[0] = above[0];
    return visit_left(here) + here[one];
}
static void mutual_bug(void)
{
    char start[1] = {0};

    zero = visit_left(start);
}

static void greet(const char *name)
{
    char line[16];

    for (size_t i = 0; i < many; i++)
        ((volatile char *)line)[i] = name[i % 3];
    zero = line[one];
}
static void smash_bug(void)
{
    greet("abc");
    zero = one;
}

/* Down a tree and dead at its leaf; how deep, is the way's matter. */
__attribute__((noinline)) static int weigh(struct item *i, int depth)
{
    return depth == 0 ? i->value : weigh(i, depth - 1) + one;
}
static void leaf_bug(void)
{
    zero = weigh(nowhere, way_number() * 7 + 3);
}

/* --- By choice --- */

static void push(int n, int size)
{
    assert(n >= 0 && "no negative count");
    assert(size < one);
    zero = n + size;
}
static void assert_first_bug(void)
{
    push(-one, 0);
}
static void assert_second_bug(void)
{
    push(one, one);
}
static void pop(struct item *i)
{
    assert(i != NULL);
    zero = i->value;
}
static void assert_other_bug(void)
{
    pop(nowhere);
}
static void reject(const char *why)
{
    fprintf(stderr, "cannot go on: %s after %d\n", why, (int)getpid());
    abort();
}
static void give_up_bug(void)
{
    reject("no such table");
}
static void copy_fixed(const char *name)
{
    char fixed[8];

    strcpy(fixed, name);
    zero = fixed[one];
}
static void fortify_bug(void)
{
    char name[33];

    memset(name, 'x', many / 2);
    name[32] = '\0';
    copy_fixed(name);
    zero = one;
}

static int divide(int a, int b)
{
    return a / b;
}
static void fpe_bug(void)
{
    one = divide(one, zero);
}

/* --- Called back --- */

static int compare_items(const void *a, const void *b)
{
    const struct item *const *x = a, *const *y = b;

    return (*x)->value - (*y)->value;
}
static void sort_bug(void)
{
    struct item first = {.value = one}, *items[] = {&first, nowhere, &first};

    qsort(items, 3, sizeof(items[0]), compare_items);
    zero = items[0]->value;
}

static void on_usr1(int s)
{
    if (s == SIGUSR1)
        abort();
}
static void handler_bug(void)
{
    signal(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    zero = one;
}

static void on_segv(int s)
{
    static const char said[] = "this program has crashed\n";

    if (write(2, said, sizeof(said) - 1) < 0)
        _exit(1);
    signal(s, SIG_DFL);
    abort();
}
static int read_guarded(const struct item *i)
{
    return i->value + one;
}
static void own_reporter_bug(void)
{
    signal(SIGSEGV, on_segv);
    zero = read_guarded(nowhere);
}

static void *work(void *job)
{
    one = ((struct item *)job)->value;
    return NULL;
}
static void thread_bug(void)
{
    pthread_t t;

    if (pthread_create(&t, NULL, work, nowhere) != 0)
        _exit(2);
    pthread_join(t, NULL);
    zero = one;
}

#define BUG(name)                                                                                  \
    {                                                                                              \
#name, name##_bug                                                                          \
    }
const struct bug bugs[] = {
    BUG(null),          BUG(freed),         BUG(call_null),    BUG(copy_header),  BUG(copy_footer),
    BUG(title),         BUG(label),         BUG(add_order),    BUG(add_invoice),  BUG(double_free),
    BUG(heap_overflow), BUG(recursion),     BUG(mutual),       BUG(smash),        BUG(leaf),
    BUG(assert_first),  BUG(assert_second), BUG(assert_other), BUG(give_up),      BUG(fortify),
    BUG(fpe),           BUG(sort),          BUG(handler),      BUG(own_reporter), BUG(thread),
    {NULL, NULL},
};

#include "ways.inc"
