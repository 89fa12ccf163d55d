/* SPDX-License-Identifier: Apache-2.0 */
/* HEAD and PUT of modules: executables and debug information, by build-id. A module is stored once;
 * the build-id in its bytes must be the one that it is sent under. */
#ifndef CORRAL_INGESTD_MODULES_H
#define CORRAL_INGESTD_MODULES_H

#include "common/http/server.h"

void modules_head(struct request *q, struct response *r);
extern const struct body_sink modules_sink;

#endif
