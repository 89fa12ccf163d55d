/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/wire */
/* The talk between a job's child and its provider: what is said arrives, and a child that says
 * something else, too much, or nothing, is found out. */
#include "workerd/wire/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"
#include "workerd/wire/ask.h"
#include "workerd/wire/files.h"
#include "workerd/wire/parcel.h"

#define NOTHING "0123456789abcdef0123456789abcdef01234567" /* a build-id that is not at hand */
#define REFUSED "ff"
#define GIVEN   "00"

/* --- The provider --- */

static unsigned asked; /* in this process */

static int give(void *arg, const struct wire_want *w, struct vigil *v, int *ret_fd,
                const char **ret_problem)
{
    (void)arg;
    (void)v;
    asked++;
    if (strcmp(w->build_id, NOTHING) == 0)
        return WIRE_GIVES_NONE;
    if (strcmp(w->build_id, REFUSED) == 0) {
        *ret_problem = w->path;
        return WIRE_GIVES_REFUSAL;
    }
    *ret_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    return *ret_fd < 0 ? -errno : 0;
}

/* Of nothing there are none; of others the module, and what their path names. */
static ssize_t give_code(void *arg, const struct wire_want *w, uint64_t offset, void *p, size_t n)
{
    (void)arg;
    if (strcmp(w->build_id, NOTHING) == 0)
        return 0;
    memset(p, '.', n);
    memcpy(p, "/app at 1234567", offset == 0x123456789abcdef0 && w->main ? 15 : 1);
    return (ssize_t)n;
}

static int give_files(void *arg, const struct wire_want *w, struct parcel_fds *ret_fds,
                      uint32_t *ret_has)
{
    (void)arg;
    asked++;
    if (strcmp(w->build_id, NOTHING) == 0)
        return WIRE_GIVES_NONE;
    *ret_has = files_pack(open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
                          strstr(w->path, "debuginfo") ? dup(0) : -1,
                          strstr(w->path, "shared") ? dup(0) : -1, ret_fds);
    return 0;
}

static bool wanted(void *arg)
{
    return arg == NULL;
}

/* Serves a child that does this; returns the outcome. */
static int serve(void (*child)(int socket), int64_t usec, struct buf *ret)
{
    const struct wire_provider provider = {
        .give = give, .give_files = give_files, .give_code = give_code};
    struct vigil v;
    int ends[2];
    pid_t pid;
    int r;

    ck_assert_int_eq(parcel_pair(ends), 0);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    vigil_begin(&v, usec, wanted, NULL);
    asked = 0;
    r = wire_serve(ends[0], &v, &provider, ret);
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return r;
}

static int outcome(void (*child)(int socket))
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);

    return serve(child, 20 * USEC_PER_SEC, &b);
}

/* --- Good children --- */

static void hand_over_little(int socket)
{
    wire_hand_over(socket, "{}", 2);
}

static void hand_over_nothing(int socket)
{
    wire_hand_over(socket, "", 0);
}

static char *much(void)
{
    char *p = malloc(ANALYSIS_JSON_MAX);

    for (size_t i = 0; i < ANALYSIS_JSON_MAX; i++)
        p[i] = (char)(i * 7 + i / 1000);
    return p;
}

static void hand_over_much(int socket)
{
    wire_hand_over(socket, much(), ANALYSIS_JSON_MAX);
}

START_TEST(results_arrive_whole)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);
    _cleanup_free_ char *expected = much();

    ck_assert_int_eq(serve(hand_over_little, 20 * USEC_PER_SEC, &b), 0);
    ck_assert_str_eq(buf_text(&b), "{}");
    buf_clear(&b);
    ck_assert_int_eq(serve(hand_over_nothing, 20 * USEC_PER_SEC, &b), 0);
    ck_assert_uint_eq(b.len, 0);
    buf_clear(&b);
    ck_assert_int_eq(serve(hand_over_much, 20 * USEC_PER_SEC, &b), 0);
    ck_assert_uint_eq(b.len, ANALYSIS_JSON_MAX);
    ck_assert_mem_eq(b.data, expected, b.len);
}
END_TEST

static bool same_file(int fd, const char *path)
{
    char a[16] = "", b[16] = "";
    _cleanup_fd_ int other = open(path, O_RDONLY | O_CLOEXEC);

    return io_pread(fd, a, sizeof(a), 0) == sizeof(a) &&
           io_pread(other, b, sizeof(b), 0) == sizeof(b) && memcmp(a, b, sizeof(a)) == 0;
}

static void ask_for_three(int socket)
{
    static struct wire_want w;
    char text[WIRE_TEXT_MAX + 1] = "";
    int fd = -1;

    memset(w.path, 'p', WIRE_PATH_MAX); /* as long as may be, and longer than a refusal */
    w.main = true;
    strcpy(w.build_id, NOTHING);
    if (wire_ask(socket, &w, &fd, text) != WIRE_HAS_NONE)
        return;
    strcpy(w.build_id, REFUSED);
    if (wire_ask(socket, &w, &fd, text) != WIRE_HAS_REFUSED || strlen(text) != WIRE_TEXT_MAX)
        return;
    w.build_id[0] = '\0';
    if (wire_ask(socket, &w, &fd, text) != 0 || !same_file(fd, "/proc/self/exe"))
        return;
    wire_hand_over(socket, "done", 4);
}

START_TEST(questions_are_answered)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);

    ck_assert_int_eq(serve(ask_for_three, 20 * USEC_PER_SEC, &b), 0);
    ck_assert_str_eq(buf_text(&b), "done");
    ck_assert_uint_eq(asked, 3);
}
END_TEST

static uint32_t had(int socket, const char *path, size_t *ret_n)
{
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    static struct wire_want w;
    uint32_t has = ~0u;

    strcpy(w.path, path);
    if (wire_ask_files(socket, &w, &fds, &has) != 0 || !same_file(fds.list[0], "/proc/self/exe"))
        return ~0u;
    *ret_n = fds.n;
    return has;
}

static void ask_for_files(int socket)
{
    static struct wire_want w = {.build_id = NOTHING};
    struct parcel_fds fds = {.n = 77};
    uint32_t has = 77;
    size_t n = 0;

    if (wire_ask_files(socket, &w, &fds, &has) != WIRE_HAS_NONE || fds.n != 77 || has != 77)
        return;
    if (had(socket, "/alone", &n) != 0 || n != 1)
        return;
    if (had(socket, "/with/shared", &n) != HAS_SHARED || n != 2)
        return;
    if (had(socket, "/with/debuginfo+shared", &n) != FILES_HAS_ALL || n != 3)
        return;
    wire_hand_over(socket, "done", 4);
}

/* As many as are asked for, and no more than a packet of them has. */
static void ask_for_code(int socket)
{
    static const struct wire_want w = {.build_id = NOTHING}, main = {.path = "/app", .main = true};
    char bytes[WIRE_CODE_MAX + 1] = "";

    if (wire_ask_code(socket, &w, 0x1000, bytes, 15) != 0 || bytes[0] != '\0')
        return;
    if (wire_ask_code(socket, &main, 0x123456789abcdef0, bytes, 15) != 15)
        return;
    if (memcmp(bytes, "/app at 1234567", 15) != 0 || bytes[15] != '\0')
        return;
    if (wire_ask_code(socket, &main, 0, bytes, sizeof bytes) != WIRE_CODE_MAX)
        return;
    wire_hand_over(socket, "done", 4);
}

START_TEST(code_is_given)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);

    ck_assert_int_eq(serve(ask_for_code, 20 * USEC_PER_SEC, &b), 0);
    ck_assert_str_eq(buf_text(&b), "done");
}
END_TEST

START_TEST(files_are_given)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);

    ck_assert_int_eq(serve(ask_for_files, 20 * USEC_PER_SEC, &b), 0);
    ck_assert_str_eq(buf_text(&b), "done");
    ck_assert_uint_eq(asked, 4);
}
END_TEST

/* --- Others --- */

static void say(int socket, const void *p, size_t n)
{
    ck_assert_int_eq(send(socket, p, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void say_garbage(int socket)
{
    say(socket, "garbage", 7);
}

static void say_too_much_at_once(int socket)
{
    static char packet[WIRE_PACKET_MAX + 1];

    wire_format_piece((struct str){packet, 0}, packet, &(size_t){0});
    say(socket, packet, sizeof(packet));
}

static void say_words(int socket, const uint32_t *words, size_t n)
{
    say(socket, words, n * sizeof(*words));
}

static void promise_too_much(int socket)
{
    say_words(socket, (uint32_t[]){WIRE_RESULT, ANALYSIS_JSON_MAX + 1}, 2);
}

static void hand_over_more_than_promised(int socket)
{
    say_words(socket, (uint32_t[]){WIRE_RESULT, 5, 1}, 3);
    say_words(socket, (uint32_t[]){WIRE_PIECE, 0, 1}, 3);
}

static void hand_over_twice(int socket)
{
    say_words(socket, (uint32_t[]){WIRE_RESULT, 5}, 2);
    say_words(socket, (uint32_t[]){WIRE_RESULT, 5}, 2);
}

static void begin_with_a_piece(int socket)
{
    say_words(socket, (uint32_t[]){WIRE_PIECE, 0, 1}, 3);
}

static void say_what_the_provider_says(int socket)
{
    say_words(socket, (uint32_t[]){WIRE_NONE, 0}, 2);
}

static void ask_when_done(int socket)
{
    say_words(socket, (uint32_t[]){WIRE_RESULT, 5}, 2);
    say_words(socket, (uint32_t[]){WIRE_WANT, 0}, 2);
}

static void ask_for_files_when_done(int socket)
{
    say_words(socket, (uint32_t[]){WIRE_RESULT, 5}, 2);
    say_words(socket, (uint32_t[]){WIRE_SOURCE, 0}, 2);
}

static void name_a_path_as_build_id(int socket)
{
    static const char packet[] = "\1\0\0\0\6\0\0\0../../path";

    say(socket, packet, sizeof(packet) - 1);
}

static void hide_a_nul(int socket)
{
    static const char packet[] = "\1\0\0\0\0\0\0\0/lib\0.so";

    say(socket, packet, sizeof(packet) - 1);
}

static void send_a_descriptor(int socket)
{
    const struct parcel_fds fds = {.list = {0}, .n = 1};

    parcel_send(socket, (uint32_t[]){WIRE_RESULT, 0}, 8, &fds);
}

/* Never reads an answer. */
static void ask_without_end(int socket)
{
    static char packet[WIRE_PACKET_MAX];
    static struct wire_want w = {.build_id = NOTHING};
    size_t n = wire_format_want(WIRE_WANT, &w, packet);

    while (send(socket, packet, n, MSG_NOSIGNAL) >= 0)
        ;
}

static void ask_for_all_code(int socket)
{
    static const struct wire_want w = {.path = "/app", .main = true};
    char bytes[WIRE_CODE_MAX];

    for (uint64_t i = 0; i < 1000000; i++)
        if (wire_ask_code(socket, &w, i, bytes, sizeof bytes) < 0)
            return;
}

static void ask_for_code_without_offset(int socket)
{
    say_words(socket, (const uint32_t[]){WIRE_CODE, 0, 7}, 3);
}

static void say_bytes(int socket)
{
    say_words(socket, (const uint32_t[]){WIRE_BYTES, 0, 7}, 3);
}

static void ask_a_million_times(int socket)
{
    static struct wire_want w = {.build_id = NOTHING};
    char text[WIRE_TEXT_MAX + 1];
    int fd = -1;

    for (unsigned i = 0; i < 1000000; i++) {
        if (wire_ask(socket, &w, &fd, text) < 0)
            return;
    }
}

static void (*const liars[])(int) = {
    say_garbage,
    say_too_much_at_once,
    promise_too_much,
    hand_over_more_than_promised,
    hand_over_twice,
    begin_with_a_piece,
    say_what_the_provider_says,
    ask_when_done,
    ask_for_files_when_done,
    name_a_path_as_build_id,
    hide_a_nul,
    send_a_descriptor,
    ask_without_end,
    ask_a_million_times,
    ask_for_all_code,
    ask_for_code_without_offset,
    say_bytes,
};

START_TEST(nonsense_is_found_out)
{
    ck_assert_msg(outcome(liars[_i]) == WIRE_NONSENSE, "case %d", _i);
    ck_assert_uint_le(asked, WIRE_WANTS_MAX);
}
END_TEST

static void hang_up(int socket)
{
    close(socket);
}

static void hang_up_in_the_middle(int socket)
{
    say_words(socket, (uint32_t[]){WIRE_RESULT, 5, 1}, 3);
}

static void hang_up_without_the_answer(int socket)
{
    static char packet[WIRE_PACKET_MAX];
    static struct wire_want w;

    say(socket, packet, wire_format_want(WIRE_WANT, &w, packet));
}

static void (*const leavers[])(int) = {
    hang_up,
    hang_up_in_the_middle,
    hang_up_without_the_answer,
};

START_TEST(who_leaves_early_has_hung_up)
{
    ck_assert_msg(outcome(leavers[_i]) == WIRE_HUNG_UP, "case %d", _i);
}
END_TEST

static void say_nothing(int socket)
{
    char byte;

    ck_assert_int_le(read(socket, &byte, 1), 0);
}

START_TEST(silence_ends_with_the_vigil)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);
    int64_t began = clock_mono();

    ck_assert_int_eq(serve(say_nothing, 200 * USEC_PER_MSEC, &b), WIRE_TOO_LATE);
    ck_assert_int_ge(clock_mono() - began, 200 * USEC_PER_MSEC);
}
END_TEST

START_TEST(nobody_wants_it)
{
    int ends[2];
    struct vigil v;

    ck_assert_int_eq(parcel_pair(ends), 0);
    vigil_begin(&v, 20 * USEC_PER_SEC, wanted, &v);
    ck_assert_int_eq(vigil_await(&v, ends[0]), VIGIL_UNWANTED);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* --- Parcels --- */

static size_t open_descriptors(void)
{
    size_t n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

START_TEST(too_many_descriptors_leak_none)
{
    size_t before = open_descriptors();
    struct parcel_fds fds;
    char control[CMSG_SPACE(8 * sizeof(int))] = {0};
    struct iovec v = {.iov_base = (char[]){'x'}, .iov_len = 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control};
    struct cmsghdr *c;
    char byte;
    int ends[2];

    ck_assert_int_eq(parcel_pair(ends), 0);
    m.msg_controllen = sizeof(control);
    c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN((PARCEL_FDS_MAX + 1) * sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS};
    m.msg_controllen = CMSG_SPACE((PARCEL_FDS_MAX + 1) * sizeof(int));
    ck_assert_int_eq(sendmsg(ends[1], &m, 0), 1);
    ck_assert_int_eq(parcel_receive(ends[0], &byte, 1, &fds), -EBADMSG);
    close(ends[0]);
    close(ends[1]);
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(descriptors_travel)
{
    const struct parcel_fds sent = {.list = {0, 1, 2, 0, 1}, .n = PARCEL_FDS_MAX};
    struct parcel_fds fds;
    char bytes[3];
    int ends[2];

    ck_assert_int_eq(parcel_pair(ends), 0);
    ck_assert_int_eq(parcel_send(ends[0], "abc", 3, &sent), 0);
    ck_assert_int_eq(parcel_receive(ends[1], bytes, 3, &fds), 3);
    ck_assert_uint_eq(fds.n, PARCEL_FDS_MAX);
    ck_assert_int_eq(fcntl(fds.list[4], F_GETFD), FD_CLOEXEC);
    parcel_close(&fds);
    close(ends[0]);
    ck_assert_int_eq(parcel_receive(ends[1], bytes, 3, &fds), 0);
    ck_assert_int_eq(parcel_send(ends[1], "abc", 3, NULL), -EPIPE);
    close(ends[1]);
}
END_TEST

UNIT_TABLES_MAIN("workerd/wire", {results_arrive_whole, 1}, {questions_are_answered, 1},
                 {files_are_given, 1}, {code_is_given, 1},
                 {nonsense_is_found_out, ARRAY_SIZE(liars)},
                 {who_leaves_early_has_hung_up, ARRAY_SIZE(leavers)},
                 {silence_ends_with_the_vigil, 1}, {nobody_wants_it, 1},
                 {too_many_descriptors_leak_none, 1}, {descriptors_travel, 1})
