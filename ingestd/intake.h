/* SPDX-License-Identifier: Apache-2.0 */
/* POST of a crash: a multipart body, read as it comes.
 *
 *     meta | plain fields …  →  core | dump  →  end          in this order, each once
 *
 * Metadata comes first because it decides what to do with the bytes. Whatever is wrong is answered
 * at once with what to do about it, and nothing of the upload remains. */
#ifndef CORRAL_INGESTD_INTAKE_H
#define CORRAL_INGESTD_INTAKE_H

#include "common/http/server.h"

extern const struct body_sink intake_sink;

#endif
