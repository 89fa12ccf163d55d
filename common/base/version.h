/* SPDX-License-Identifier: Apache-2.0 */
/* The one version of all programs. */
#ifndef CORRAL_BASE_VERSION_H
#define CORRAL_BASE_VERSION_H

#define CORRAL_VERSION "0.1.0"

#endif
