/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/analysisfields.h"

#include "common/base/cleanup.h"
#include "common/report/analysis.h"

#define AT(type, member) offsetof(struct type, member)

/* clang-format off */
static const struct field frame_fields[] = {
    {"pc", FIELD_HEX, AT(frame, pc)},
    {"function", FIELD_NAME, AT(frame, function)},
    {"symbol", FIELD_NAME, AT(frame, symbol)},
    {"file", FIELD_TEXT, AT(frame, file)},
    {"source", FIELD_TEXT, AT(frame, source)},
    {"line", FIELD_UNSIGNED, AT(frame, line)},
    {"column", FIELD_UNSIGNED, AT(frame, column)},
    {"module", FIELD_TEXT, AT(frame, module)},
    {"build_id", FIELD_BUILD_ID, AT(frame, build_id)},
    {"offset", FIELD_HEX, AT(frame, offset)},
    {"function_offset", FIELD_HEX, AT(frame, function_offset)},
    {"inlined", FIELD_BOOL, AT(frame, inlined)},
    {"signal", FIELD_BOOL, AT(frame, signal)},
    {"trust", FIELD_TRUST, AT(frame, trust)},
    {"variables_left_out", FIELD_COUNT, AT(frame, variables_left_out)},
};

static const struct field variable_fields[] = {
    {"name", FIELD_TEXT, AT(variable, name)},
    {"type", FIELD_TEXT, AT(variable, type)},
    {"value", FIELD_TEXT, AT(variable, value)},
    {"problem", FIELD_TEXT, AT(variable, problem)},
    {"argument", FIELD_BOOL, AT(variable, argument)},
};

static const struct field thread_fields[] = {
    {"tid", FIELD_INT, AT(thread, tid)},
    {"name", FIELD_TEXT, AT(thread, name)},
    {"crashed", FIELD_BOOL, AT(thread, crashed)},
    {"frames_left_out", FIELD_COUNT, AT(thread, frames_left_out)},
    {"gap_after", FIELD_SIZE, AT(thread, gap_after)},
    {"recursion", FIELD_TEXT, AT(thread, recursion)},
    {"stopped", FIELD_TEXT, AT(thread, stopped)},
};

static const struct field module_fields[] = {
    {"path", FIELD_TEXT, AT(module, path)},
    {"build_id", FIELD_BUILD_ID, AT(module, build_id)},
    {"start", FIELD_HEX, AT(module, start)},
    {"end", FIELD_HEX, AT(module, end)},
    {"status", FIELD_STATUS, AT(module, status)},
    {"problem", FIELD_TEXT, AT(module, problem)},
};

static const struct field cause_fields[] = {
    {"rule", FIELD_TEXT, AT(cause, rule)},
    {"sentence", FIELD_TEXT, AT(cause, sentence)},
    {"certainty", FIELD_CERTAINTY, AT(cause, certainty)},
    {"exception", FIELD_TEXT, AT(cause, exception)},
    {"handled_signal", FIELD_INT, AT(cause, handled)},
};

static const struct field evidence_fields[] = {
    {"what", FIELD_TEXT, AT(evidence, what)},
    {"value", FIELD_TEXT, AT(evidence, value)},
};

static const struct field analysis_fields[] = {
    {"engine", FIELD_TEXT, AT(analysis, engine)},
    {"architecture", FIELD_TEXT, AT(analysis, architecture)},
    {"problem", FIELD_TEXT, AT(analysis, problem)},
    {"message", FIELD_TEXT, AT(analysis, message)},
    {"pid", FIELD_INT, AT(analysis, pid)},
    {"signal", FIELD_INT, AT(analysis, signal)},
    {"code", FIELD_INT, AT(analysis, code)},
    {"has_address", FIELD_BOOL, AT(analysis, has_address)},
    {"address", FIELD_HEX, AT(analysis, address)},
    {"executable", FIELD_TEXT, AT(analysis, executable)},
    {"core_bytes", FIELD_COUNT, AT(analysis, core_bytes)},
    {"core_truncated", FIELD_BOOL, AT(analysis, core_truncated)},
    {"threads_left_out", FIELD_COUNT, AT(analysis, threads_left_out)},
};
/* clang-format on */

static const char *const trust_names[] = {
    [TRUST_CONTEXT] = "context",
    [TRUST_CFI] = "cfi",
    [TRUST_FRAME_POINTER] = "frame-pointer",
    [TRUST_SCAN] = "scan",
};

static const char *const status_names[] = {
    [MODULE_MISSING] = "missing",
    [MODULE_STRIPPED] = "stripped",
    [MODULE_SYMBOLS] = "symbols",
    [MODULE_DEBUG] = "debug",
};

static const char *const certainty_names[] = {
    [CAUSE_LIKELY] = "likely",
    [CAUSE_CERTAIN] = "certain",
};

#define TABLE(list)                                                                                \
    {                                                                                              \
        (list), ARRAY_SIZE(list)                                                                   \
    }

const struct field_table frame_table = TABLE(frame_fields);
const struct field_table variable_table = TABLE(variable_fields);
const struct field_table thread_table = TABLE(thread_fields);
const struct field_table module_table = TABLE(module_fields);
const struct field_table cause_table = TABLE(cause_fields);
const struct field_table evidence_table = TABLE(evidence_fields);
const struct field_table analysis_table = TABLE(analysis_fields);

const struct word_table trust_words = TABLE(trust_names);
const struct word_table status_words = TABLE(status_names);
const struct word_table certainty_words = TABLE(certainty_names);

const char *frame_trust_name(enum frame_trust t)
{
    return trust_names[t];
}

const char *module_status_name(enum module_status s)
{
    return status_names[s];
}

const char *cause_certainty_name(enum cause_certainty c)
{
    return certainty_names[c];
}
