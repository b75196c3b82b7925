/* trace.h - the flight recorder of a systematic run.
 *
 * Written by the thread that runs; printed when a run fails, also from a signal
 * handler.
 */
#ifndef BOC_PLATFORM_SYSTEMATIC_TRACE_H
#define BOC_PLATFORM_SYSTEMATIC_TRACE_H

#include <stdint.h>

void boc__trace_reset(void);

/* A thread reached a scheduling point.  `file` is a string literal. */
void boc__trace_add(unsigned thread_id, const char *file, int line);

uint64_t boc__trace_count(void); /* points since the reset */
uint64_t boc__trace_hash(void);  /* of all of them */

/* Write the last points to stderr, oldest first. */
void boc__trace_print(void);

/* Format to stderr without the C library's buffers: usable while the process dies. */
__attribute__((format(printf, 1, 2))) void boc__trace_say(const char *format, ...);

/* The part of a path after the last slash. */
const char *boc__trace_basename(const char *path);

#endif
