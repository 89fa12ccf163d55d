/* SPDX-License-Identifier: Apache-2.0 */
/* Every size that comes from outside has its limit here, unless it belongs to one parser alone.
 * Numbers are generous for real programs and small for attackers; what is cut is flagged where it
 * is stored. */
#ifndef CORRAL_REPORT_LIMITS_H
#define CORRAL_REPORT_LIMITS_H

#define META_JSON_MAX    (4u * 1024 * 1024) /* the `meta` part */
#define META_TEXT_MAX    4096               /* one text field: path, host name, unit */
#define META_CMDLINE_MAX (64u * 1024)
#define META_MODULES_MAX 4096
#define META_THREADS_MAX 4096
#define META_WANTED_MAX                                                                            \
    512 /* build-ids that the answer to an upload asks for; the next crash asks for the rest */
#define META_OPEN_FILES_MAX  64
#define META_ENVIRONMENT_MAX 1024 /* variables */
#define META_LOG_LINES_MAX   200
#define META_LOG_LINE_MAX    1024
#define META_CUT_FIELDS_MAX  32
#define META_TAGS_MAX        64 /* key=value pairs that the owner of a host adds */
#define JSON_DEPTH_MAX       16

#define BUILD_ID_BYTES_MAX 64 /* GNU ld makes 20, lld 8 to 32; --build-id=0x… any */
#define BUILD_ID_TEXT_SIZE (2 * BUILD_ID_BYTES_MAX + 1)

#define ANALYSIS_JSON_MAX (32u * 1024 * 1024) /* what a sandboxed child may hand back */
#define ANALYSIS_VALUES_MAX                                                                        \
    (4u * 1024 * 1024)              /* JSON values in it: bounds the memory of the parsed tree */
#define ANALYSIS_TEXT_MAX      8192 /* a path or a message in it */
#define ANALYSIS_REGISTERS_MAX 256  /* of one thread */
#define ANALYSIS_THREADS_MAX   4096
#define ANALYSIS_FRAMES_MAX    256 /* kept of one thread: the head, then the tail */
#define ANALYSIS_MODULES_MAX   8192
#define ANALYSIS_VARIABLES_MAX 128  /* of one frame */
#define ANALYSIS_EVIDENCE_MAX  16   /* facts of a cause */
#define FUNCTION_NAME_MAX      4096 /* a demangled name; longer ones keep their end */

#endif
