/* topology.h - which CPUs share a core, as Linux tells it.
 *
 * Apart from cpu.c only so that a test can describe a machine of its own.
 */
#ifndef BOC_PLATFORM_LINUX_TOPOLOGY_H
#define BOC_PLATFORM_LINUX_TOPOLOGY_H

#include <sched.h>
#include <stddef.h>

/* Distinct cores among the first `cpu_count_max` CPUs of `mask`; `root` is the
 * folder that holds cpu0, cpu1, ...  0 when it does not say. */
unsigned boc__topology_core_count(const char *root, const cpu_set_t *mask, size_t mask_bytes,
                                  unsigned cpu_count_max);

#endif
