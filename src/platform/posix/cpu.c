/* cpu.c - CPU counts for systems of which we know nothing more. */
#include "platform/cpu.h"

#include <unistd.h>

unsigned boc__cpu_count(void) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : (unsigned)online;
}

unsigned boc__cpu_physical_count(void) { return 0; }
