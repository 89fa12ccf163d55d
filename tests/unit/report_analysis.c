/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* What is formatted parses back to the same, member by member; and everything that an attacker
 * could hand back instead is refused. */
#include "common/report/analysis.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "tests/lib/unit.h"

static struct variable variables[] = {
    {.name = "argc", .type = "int", .value = "1", .argument = true},
    {.name = "text", .type = "const char *", .value = "0x7ffd \"a\\n\""},
    {.name = "lost", .problem = "optimized out"},
};
static struct frame frames[] = {
    {.pc = 0xffffffffff600000,
     .function = "ns::f<int>",
     .symbol = "_ZN2ns1fIiEEvv",
     .file = "/src/a \"b\".cc",
     .line = 4294967295u,
     .column = 7,
     .module = "/usr/bin/app",
     .build_id = "00ff",
     .offset = 0x1234,
     .inlined = true,
     .signal = true,
     .trust = TRUST_SCAN,
     .variables = variables,
     .n_variables = 3,
     .variables_left_out = 12},
    {.pc = 1, .trust = TRUST_CONTEXT},
};
static struct register_value registers[] = {{"rax", 0}, {"rip", UINT64_MAX}};
static struct thread threads[] = {
    {.tid = 42,
     .name = "worker",
     .crashed = true,
     .registers = registers,
     .n_registers = 2,
     .frames = frames,
     .n_frames = 2,
     .frames_left_out = 100000,
     .gap_after = 1,
     .stopped = "no unwind information"},
    {.tid = 43},
};
static struct module modules[] = {
    {.path = "/usr/bin/app",
     .build_id = "00ff",
     .start = 0x400000,
     .end = UINT64_MAX,
     .status = MODULE_DEBUG},
    {.path = "[vdso]", .status = MODULE_MISSING},
};
static struct evidence evidence[] = {{"register", "rax = 0x0"}, {"caller", "f()"}};
static const struct analysis example = {
    .engine = "libdwfl 0.188",
    .architecture = "x86_64",
    .problem = "core is truncated",
    .message = "Assertion",
    .pid = 42,
    .signal = 11,
    .code = -6,
    .has_address = true,
    .address = 0xdeadbeefdeadbeef,
    .executable = "/usr/bin/app",
    .core_bytes = 123456789012,
    .core_truncated = true,
    .cause = {.rule = "null-read",
              .sentence = "Read through a \"NULL\" pointer",
              .certainty = CAUSE_CERTAIN,
              .evidence = evidence,
              .n_evidence = 2,
              .exception = "shop::Error<\"x\">",
              .handled = 11},
    .threads = threads,
    .n_threads = 2,
    .threads_left_out = 9,
    .modules = modules,
    .n_modules = 2,
};

START_TEST(round_trip)
{
    _cleanup_buf_ struct buf first, second;
    _cleanup_arena_ struct arena a;
    struct analysis an;

    arena_init(&a, 0);
    buf_init(&first, 100000);
    buf_init(&second, 100000);
    analysis_format(&example, &first);
    ck_assert_int_eq(buf_error(&first), 0);
    ck_assert_int_eq(analysis_parse((struct str){first.data, first.len}, &a, &an), 0);

    ck_assert_str_eq(an.problem, example.problem);
    ck_assert_int_eq(an.code, -6);
    ck_assert(an.has_address && an.address == example.address);
    ck_assert_uint_eq(an.core_bytes, example.core_bytes);
    ck_assert_str_eq(an.cause.rule, "null-read");
    ck_assert_str_eq(an.cause.sentence, example.cause.sentence);
    ck_assert_int_eq(an.cause.certainty, CAUSE_CERTAIN);
    ck_assert_uint_eq(an.cause.n_evidence, 2);
    ck_assert_str_eq(an.cause.evidence[1].what, "caller");
    ck_assert_str_eq(an.cause.evidence[0].value, "rax = 0x0");
    ck_assert_str_eq(an.cause.exception, example.cause.exception);
    ck_assert_int_eq(an.cause.handled, 11);
    ck_assert_uint_eq(an.n_threads, 2);
    ck_assert_uint_eq(an.threads[0].n_registers, 2);
    ck_assert_str_eq(an.threads[0].registers[1].name, "rip");
    ck_assert(an.threads[0].registers[1].value == UINT64_MAX);
    ck_assert_uint_eq(an.threads[0].gap_after, 1);
    ck_assert_str_eq(an.threads[0].frames[0].file, frames[0].file);
    ck_assert_uint_eq(an.threads[0].frames[0].line, frames[0].line);
    ck_assert(an.threads[0].frames[0].pc == frames[0].pc &&
              an.threads[0].frames[0].trust == TRUST_SCAN);
    ck_assert(an.threads[0].frames[0].inlined && an.threads[0].frames[0].signal);
    ck_assert_uint_eq(an.threads[0].frames[0].n_variables, 3);
    ck_assert_uint_eq(an.threads[0].frames[0].variables_left_out, 12);
    ck_assert(an.threads[0].frames[0].variables[0].argument &&
              !an.threads[0].frames[0].variables[1].argument);
    ck_assert_str_eq(an.threads[0].frames[0].variables[1].value, variables[1].value);
    ck_assert_str_eq(an.threads[0].frames[0].variables[1].type, "const char *");
    ck_assert_str_eq(an.threads[0].frames[0].variables[2].problem, "optimized out");
    ck_assert_ptr_null(an.threads[0].frames[0].variables[2].value);
    ck_assert_ptr_null(an.threads[0].frames[1].function);
    ck_assert(an.modules[0].end == UINT64_MAX && an.modules[0].status == MODULE_DEBUG);

    analysis_format(&an, &second);
    ck_assert_str_eq(buf_text(&first), buf_text(&second));
}
END_TEST

START_TEST(a_frame_without_variables_says_nothing_of_them)
{
    struct frame f = {.pc = 1, .variables = variables};
    struct thread t = {.frames = &f, .n_frames = 1};
    struct analysis an = {.threads = &t, .n_threads = 1};
    _cleanup_buf_ struct buf b;

    buf_init(&b, 1000);
    analysis_format(&an, &b);
    ck_assert_ptr_null(strstr(buf_text(&b), "variables"));
}
END_TEST

START_TEST(an_unknown_cause_is_not_written)
{
    struct analysis an = {.signal = 11};
    _cleanup_buf_ struct buf b;

    buf_init(&b, 1000);
    analysis_format(&an, &b);
    ck_assert_ptr_null(strstr(buf_text(&b), "cause"));
}
END_TEST

START_TEST(empty_object_is_all_unknown)
{
    _cleanup_arena_ struct arena a;
    struct analysis an;

    arena_init(&a, 0);
    ck_assert_int_eq(analysis_parse(STR("{\"later\":{\"keys\":[1]}}"), &a, &an), 0);
    ck_assert_ptr_null(an.problem);
    ck_assert_uint_eq(an.n_threads, 0);
}
END_TEST

static const char *const refused[] = {
    "",
    "null",
    "[]",
    "{",
    "{}x",
    "{\"signal\":11,\"signal\":11}",
    "{\"signal\":\"11\"}",
    "{\"signal\":1.5}",
    "{\"signal\":99999999999999999999}",
    "{\"engine\":1}",
    "{\"engine\":\"a\\u0000b\"}",
    "{\"engine\":\"\\ud800\"}",
    "{\"address\":123}",
    "{\"address\":\"123\"}",
    "{\"address\":\"0x\"}",
    "{\"address\":\"0x11111111111111111\"}",
    "{\"address\":\"0xg\"}",
    "{\"has_address\":1}",
    "{\"core_bytes\":-1}",
    "{\"threads\":{}}",
    "{\"threads\":[1]}",
    "{\"threads\":[{\"frames\":{}}]}",
    "{\"threads\":[{\"frames\":[[]]}]}",
    "{\"threads\":[{\"frames\":[{\"line\":4294967296}]}]}",
    "{\"threads\":[{\"frames\":[{\"line\":-1}]}]}",
    "{\"threads\":[{\"frames\":[{\"trust\":\"faith\"}]}]}",
    "{\"threads\":[{\"frames\":[{\"build_id\":\"ABCD\"}]}]}",
    "{\"threads\":[{\"frames\":[{\"build_id\":\"../x\"}]}]}",
    "{\"threads\":[{\"frames\":[{\"variables\":{}}]}]}",
    "{\"threads\":[{\"frames\":[{\"variables\":[1]}]}]}",
    "{\"threads\":[{\"frames\":[{\"variables\":[{}]}]}]}",
    "{\"threads\":[{\"frames\":[{\"variables\":[{\"name\":\"\"}]}]}]}",
    "{\"threads\":[{\"frames\":[{\"variables\":[{\"name\":\"x\",\"value\":1}]}]}]}",
    "{\"threads\":[{\"frames\":[{\"variables\":[{\"name\":\"x\",\"argument\":1}]}]}]}",
    "{\"threads\":[{\"frames\":[{\"variables_left_out\":-1}]}]}",
    "{\"threads\":[{\"frames\":[{}],\"gap_after\":1}]}",
    "{\"threads\":[{\"gap_after\":-1}]}",
    "{\"threads\":[{\"registers\":[]}]}",
    "{\"threads\":[{\"registers\":{\"rax\":1}}]}",
    "{\"threads\":[{\"registers\":{\"a-register-name-of-more-than-32-bytes\":\"0x1\"}}]}",
    "{\"modules\":[{\"status\":\"lost\"}]}",
    "{\"cause\":[]}",
    "{\"cause\":{}}",
    "{\"cause\":{\"rule\":\"r\"}}",
    "{\"cause\":{\"rule\":\"\",\"sentence\":\"s\"}}",
    "{\"cause\":{\"rule\":\"r\",\"sentence\":\"s\",\"certainty\":\"maybe\"}}",
    "{\"cause\":{\"rule\":\"r\",\"sentence\":\"s\",\"evidence\":{}}}",
    "{\"cause\":{\"rule\":\"r\",\"sentence\":\"s\",\"exception\":[]}}",
    "{\"cause\":{\"rule\":\"r\",\"sentence\":\"s\",\"handled_signal\":\"SIGSEGV\"}}",
    "{\"cause\":{\"rule\":\"r\",\"sentence\":\"s\",\"evidence\":[{\"what\":\"w\"}]}}",
    "{\"cause\":{\"rule\":\"r\",\"sentence\":\"s\",\"evidence\":[{\"what\":1,\"value\":\"v\"}]}}",
    "{\"later\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}",
};

START_TEST(hostile_text_is_refused)
{
    _cleanup_arena_ struct arena a;
    struct analysis an = {.pid = 77};

    arena_init(&a, 0);
    ck_assert_msg(analysis_parse(str_from(refused[_i]), &a, &an) == -EBADMSG, "%s", refused[_i]);
    ck_assert_int_eq(an.pid, 77);
}
END_TEST

/* Parses an analysis whose array (in prefix and suffix) has n elements. */
static int parse_repeated(const char *prefix, const char *element, size_t n, const char *suffix)
{
    _cleanup_buf_ struct buf b;
    _cleanup_arena_ struct arena a;
    struct analysis an;

    arena_init(&a, 0);
    buf_init(&b, 1u << 24);
    buf_adds(&b, prefix);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? "," : "", element);
    buf_adds(&b, suffix);
    return analysis_parse((struct str){b.data, b.len}, &a, &an);
}

START_TEST(limits_are_inclusive)
{
    ck_assert_int_eq(parse_repeated("{\"threads\":[", "{}", ANALYSIS_THREADS_MAX, "]}"), 0);
    ck_assert_int_eq(parse_repeated("{\"threads\":[", "{}", ANALYSIS_THREADS_MAX + 1, "]}"),
                     -EBADMSG);
    ck_assert_int_eq(parse_repeated("{\"modules\":[", "{}", ANALYSIS_MODULES_MAX, "]}"), 0);
    ck_assert_int_eq(parse_repeated("{\"modules\":[", "{}", ANALYSIS_MODULES_MAX + 1, "]}"),
                     -EBADMSG);
    ck_assert_int_eq(
        parse_repeated("{\"threads\":[{\"frames\":[", "{}", ANALYSIS_FRAMES_MAX, "]}]}"), 0);
    ck_assert_int_eq(
        parse_repeated("{\"threads\":[{\"frames\":[", "{}", ANALYSIS_FRAMES_MAX + 1, "]}]}"),
        -EBADMSG);
    ck_assert_int_eq(parse_repeated("{\"threads\":[{\"frames\":[{\"variables\":[",
                                    "{\"name\":\"x\"}", ANALYSIS_VARIABLES_MAX, "]}]}]}"),
                     0);
    ck_assert_int_eq(parse_repeated("{\"threads\":[{\"frames\":[{\"variables\":[",
                                    "{\"name\":\"x\"}", ANALYSIS_VARIABLES_MAX + 1, "]}]}]}"),
                     -EBADMSG);
    ck_assert_int_eq(parse_repeated("{\"cause\":{\"rule\":\"r\",\"sentence\":\"s\",\"evidence\":[",
                                    "{\"what\":\"w\",\"value\":\"v\"}", ANALYSIS_EVIDENCE_MAX,
                                    "]}}"),
                     0);
    ck_assert_int_eq(parse_repeated("{\"cause\":{\"rule\":\"r\",\"sentence\":\"s\",\"evidence\":[",
                                    "{\"what\":\"w\",\"value\":\"v\"}", ANALYSIS_EVIDENCE_MAX + 1,
                                    "]}}"),
                     -EBADMSG);
    ck_assert_int_eq(parse_repeated("{\"unknown\":[", "0", ANALYSIS_VALUES_MAX, "]}"), -EBADMSG);
}
END_TEST

START_TEST(texts_that_are_too_long_are_cut_when_written)
{
    _cleanup_arena_ struct arena a;
    _cleanup_buf_ struct buf b;
    char *name = malloc(FUNCTION_NAME_MAX + 11), *path = malloc(ANALYSIS_TEXT_MAX + 11);
    struct variable v = {.name = "v", .value = path};
    struct frame f = {.function = name, .file = path, .variables = &v, .n_variables = 1};
    struct thread t = {.frames = &f, .n_frames = 1};
    struct analysis an = {.threads = &t, .n_threads = 1}, back;

    arena_init(&a, 0);
    buf_init(&b, 100000);
    memset(name, 'n', FUNCTION_NAME_MAX + 10);
    strcpy(name + FUNCTION_NAME_MAX + 6, "end!");
    memset(path, 'p', ANALYSIS_TEXT_MAX + 10);
    strcpy(path + ANALYSIS_TEXT_MAX + 6, "end!");
    analysis_format(&an, &b);
    ck_assert_int_eq(analysis_parse((struct str){b.data, b.len}, &a, &back), 0);
    ck_assert_uint_eq(strlen(back.threads[0].frames[0].function), FUNCTION_NAME_MAX);
    ck_assert(cstr_ends(back.threads[0].frames[0].function, "end!"));
    ck_assert_uint_eq(strlen(back.threads[0].frames[0].file), ANALYSIS_TEXT_MAX);
    ck_assert(!cstr_ends(back.threads[0].frames[0].file, "end!"));
    ck_assert_uint_eq(strlen(back.threads[0].frames[0].variables[0].value), ANALYSIS_TEXT_MAX);
    free(name);
    free(path);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_repaired)
{
    _cleanup_arena_ struct arena a;
    _cleanup_buf_ struct buf b;
    struct analysis an = {.message = "caf\xe9 \x01\x7f \xed\xa0\x80"}, back;

    arena_init(&a, 0);
    buf_init(&b, 1000);
    analysis_format(&an, &b);
    ck_assert_int_eq(analysis_parse((struct str){b.data, b.len}, &a, &back), 0);
    ck_assert_str_eq(back.message, "caf? \x01\x7f ???");
}
END_TEST

UNIT_TABLES_MAIN("report/analysis", {round_trip, 1},
                 {a_frame_without_variables_says_nothing_of_them, 1},
                 {an_unknown_cause_is_not_written, 1}, {empty_object_is_all_unknown, 1},
                 {hostile_text_is_refused, ARRAY_SIZE(refused)}, {limits_are_inclusive, 1},
                 {texts_that_are_too_long_are_cut_when_written, 1},
                 {bytes_that_are_no_text_are_repaired, 1})
