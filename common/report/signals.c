/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables and their look-ups. Numbers are those of <asm-generic/signal.h> and
 * <asm-generic/siginfo.h>, which x86-64 and aarch64 share; they are written out because the reader
 * of a crash may run on another architecture than the crash. */
#include "common/report/signals.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#define SIGNAL_NUMBER_MAX 64

/* clang-format off */
static const char *const names[] = {
    [1] = "SIGHUP",   [2] = "SIGINT",     [3] = "SIGQUIT",  [4] = "SIGILL",    [5] = "SIGTRAP",
    [6] = "SIGABRT",  [7] = "SIGBUS",     [8] = "SIGFPE",   [9] = "SIGKILL",   [10] = "SIGUSR1",
    [11] = "SIGSEGV", [12] = "SIGUSR2",   [13] = "SIGPIPE", [14] = "SIGALRM",  [15] = "SIGTERM",
    [16] = "SIGSTKFLT", [17] = "SIGCHLD", [18] = "SIGCONT", [19] = "SIGSTOP",  [20] = "SIGTSTP",
    [21] = "SIGTTIN", [22] = "SIGTTOU",   [23] = "SIGURG",  [24] = "SIGXCPU",  [25] = "SIGXFSZ",
    [26] = "SIGVTALRM", [27] = "SIGPROF", [28] = "SIGWINCH", [29] = "SIGIO",   [30] = "SIGPWR",
    [31] = "SIGSYS",
};

/* Codes above 0 mean something else for each signal; signal 0 stands for any. */
static const struct {
    int signal, code;
    const char *name;
} codes[] = {
    {4, 1, "ILL_ILLOPC"},   {4, 2, "ILL_ILLOPN"},     {4, 3, "ILL_ILLADR"},    {4, 4, "ILL_ILLTRP"},
    {4, 5, "ILL_PRVOPC"},   {4, 6, "ILL_PRVREG"},     {4, 7, "ILL_COPROC"},    {4, 8, "ILL_BADSTK"},
    {5, 1, "TRAP_BRKPT"},   {5, 2, "TRAP_TRACE"},     {5, 3, "TRAP_BRANCH"},   {5, 4, "TRAP_HWBKPT"},
    {5, 5, "TRAP_UNK"},     {5, 6, "TRAP_PERF"},      {7, 1, "BUS_ADRALN"},    {7, 2, "BUS_ADRERR"},
    {7, 3, "BUS_OBJERR"},   {7, 4, "BUS_MCEERR_AR"},  {7, 5, "BUS_MCEERR_AO"}, {8, 1, "FPE_INTDIV"},
    {8, 2, "FPE_INTOVF"},   {8, 3, "FPE_FLTDIV"},     {8, 4, "FPE_FLTOVF"},    {8, 5, "FPE_FLTUND"},
    {8, 6, "FPE_FLTRES"},   {8, 7, "FPE_FLTINV"},     {8, 8, "FPE_FLTSUB"},    {8, 14, "FPE_FLTUNK"},
    {8, 15, "FPE_CONDTRAP"}, {11, 1, "SEGV_MAPERR"},  {11, 2, "SEGV_ACCERR"},  {11, 3, "SEGV_BNDERR"},
    {11, 4, "SEGV_PKUERR"}, {11, 8, "SEGV_MTEAERR"},  {11, 9, "SEGV_MTESERR"}, {11, 10, "SEGV_CPERR"},
    {31, 1, "SYS_SECCOMP"}, {31, 2, "SYS_USER_DISPATCH"},
    {0, 0, "SI_USER"},      {0, 128, "SI_KERNEL"},    {0, -1, "SI_QUEUE"},     {0, -2, "SI_TIMER"},
    {0, -3, "SI_MESGQ"},    {0, -4, "SI_ASYNCIO"},    {0, -5, "SI_SIGIO"},     {0, -6, "SI_TKILL"},
    {0, -7, "SI_DETHREAD"}, {0, -60, "SI_ASYNCNL"},
};
/* clang-format on */

const char *signal_name(int64_t number)
{
    if (number < 0 || number >= (int64_t)ARRAY_SIZE(names))
        return NULL;
    return names[number];
}

static bool names_signal(const char *name, const char *text)
{
    return name && (strcasecmp(name, text) == 0 || strcasecmp(name + 3, text) == 0);
}

int signal_parse(const char *text, int64_t *ret)
{
    uint64_t number;

    if (str_to_u64(str_from(text), SIGNAL_NUMBER_MAX, &number) == 0) {
        *ret = (int64_t)number;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names_signal(names[i], text)) {
            *ret = (int64_t)i;
            return 0;
        }
    }
    return -EINVAL;
}

const char *signal_code_name(int64_t number, int64_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (codes[i].code == code && (codes[i].signal == number || codes[i].signal == 0))
            return codes[i].name;
    }
    return NULL;
}
