/* cpu.c - the machine of systematic runs: the same everywhere, so that seeds repeat. */
#include "platform/cpu.h"

#define LOGICAL_COUNT 4
#define PHYSICAL_COUNT 2

unsigned boc__cpu_count(void) { return LOGICAL_COUNT; }

unsigned boc__cpu_physical_count(void) { return PHYSICAL_COUNT; }
