/* SPDX-License-Identifier: Apache-2.0 */
/* A function that is a frame of its own in every stack, under every optimisation. */
#ifndef CORRAL_CLIENT_DEMO_FRAME_H
#define CORRAL_CLIENT_DEMO_FRAME_H

#define FRAME __attribute__((noipa))

#endif
