/* cpu.c - the affinity mask, and the cores behind it, on Linux. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* CPU_ALLOC, sched_getaffinity */
#endif

#include "platform/cpu.h"

#include "platform/linux/topology.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define CPU_FOLDER "/sys/devices/system/cpu"
#define MASK_CPUS_FIRST 1024u
#define MASK_CPUS_MAX (1u << 20)

typedef unsigned (*count_fn)(const cpu_set_t *mask, size_t mask_bytes, unsigned cpu_count_max);

/* Read the mask of the process into a set that is large enough (the kernel refuses
 * smaller ones), and count in it.  0 when there is no mask. */
static unsigned count_in_mask(count_fn count) {
    for (unsigned cpus = MASK_CPUS_FIRST; cpus <= MASK_CPUS_MAX; cpus *= 2) {
        cpu_set_t *mask = CPU_ALLOC(cpus);
        if (mask == NULL)
            return 0;
        size_t mask_bytes = CPU_ALLOC_SIZE(cpus);
        CPU_ZERO_S(mask_bytes, mask);
        if (sched_getaffinity(0, mask_bytes, mask) == 0) {
            unsigned counted = count(mask, mask_bytes, cpus);
            CPU_FREE(mask);
            return counted;
        }
        int error = errno;
        CPU_FREE(mask);
        if (error != EINVAL)
            return 0;
    }
    return 0;
}

static unsigned count_logical(const cpu_set_t *mask, size_t mask_bytes, unsigned cpu_count_max) {
    (void)cpu_count_max;
    return (unsigned)CPU_COUNT_S(mask_bytes, mask);
}

/* The smallest number among the CPUs on the same core as `cpu`: the core's name.
 * (Core ids repeat between packages and dies; this does not.) */
static bool first_sibling_of(const char *root, unsigned cpu, unsigned *first) {
    /* The same list under its name of today and under its older one. */
    static const char *const files[] = {"core_cpus_list", "thread_siblings_list"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[256];
        int length = snprintf(path, sizeof path, "%s/cpu%u/topology/%s", root, cpu, files[i]);
        if (length < 0 || (size_t)length >= sizeof path)
            return false;
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        int fields = fscanf(file, "%u", first);
        (void)fclose(file);
        if (fields == 1)
            return true;
    }
    return false;
}

unsigned boc__topology_core_count(const char *root, const cpu_set_t *mask, size_t mask_bytes,
                                  unsigned cpu_count_max) {
    cpu_set_t *seen = CPU_ALLOC(cpu_count_max);
    if (seen == NULL)
        return 0;
    size_t seen_bytes = CPU_ALLOC_SIZE(cpu_count_max);
    CPU_ZERO_S(seen_bytes, seen);
    unsigned cores = 0;
    for (unsigned cpu = 0; cpu < cpu_count_max; cpu++) {
        if (!CPU_ISSET_S(cpu, mask_bytes, mask))
            continue;
        unsigned first;
        if (!first_sibling_of(root, cpu, &first) || first >= cpu_count_max) {
            cores = 0; /* a part of the answer would be a wrong answer */
            break;
        }
        if (!CPU_ISSET_S(first, seen_bytes, seen)) {
            CPU_SET_S(first, seen_bytes, seen);
            cores++;
        }
    }
    CPU_FREE(seen);
    return cores;
}

static unsigned count_cores(const cpu_set_t *mask, size_t mask_bytes, unsigned cpu_count_max) {
    return boc__topology_core_count(CPU_FOLDER, mask, mask_bytes, cpu_count_max);
}

unsigned boc__cpu_count(void) {
    unsigned count = count_in_mask(count_logical);
    return count == 0 ? 1 : count;
}

unsigned boc__cpu_physical_count(void) { return count_in_mask(count_cores); }
