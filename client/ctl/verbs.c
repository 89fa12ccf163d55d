/* SPDX-License-Identifier: Apache-2.0 */
/* The list of verbs, in the order of the help. */
#include "client/ctl/verbs.h"

const struct verb *const verbs[] = {
    &verb_groups,         &verb_events,          &verb_show,           &verb_bt,
    &verb_debug,          &verb_fetch,           &verb_diff,           &verb_tail,
    &verb_resolve,        &verb_reopen,          &verb_mute,           &verb_unmute,
    &verb_assign,         &verb_label,           &verb_unlabel,        &verb_comment,
    &verb_link,           &verb_unlink_link,     &verb_merge,          &verb_split,
    &verb_undo,           &verb_remove,          &verb_reprocess,      &verb_symbols_check,
    &verb_symbols_upload, &verb_symbols_missing, &verb_submit,         &verb_import,
    &verb_token_list,     &verb_token_add,       &verb_token_revoke,   &verb_user_list,
    &verb_user_add,       &verb_user_role,       &verb_user_disable,   &verb_user_enable,
    &verb_user_password,  &verb_audit,           &verb_status,         &verb_doctor,
    &verb_demo,           &verb_client_setup,    &verb_client_disable, &verb_client_status,
    &verb_client_test,    &verb_completion,      &verb_version,
};
const size_t n_verbs = ARRAY_SIZE(verbs);
