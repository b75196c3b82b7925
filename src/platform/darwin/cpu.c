/* cpu.c - CPU counts of macOS, which has no affinity masks. */
#include "platform/cpu.h"

#include <stddef.h>
#include <sys/sysctl.h>

static unsigned read_count(const char *name) {
    int value = 0;
    size_t bytes = sizeof value;
    if (sysctlbyname(name, &value, &bytes, NULL, 0) != 0 || value < 1)
        return 0;
    return (unsigned)value;
}

unsigned boc__cpu_count(void) {
    unsigned count = read_count("hw.logicalcpu");
    return count == 0 ? 1 : count;
}

unsigned boc__cpu_physical_count(void) { return read_count("hw.physicalcpu"); }
