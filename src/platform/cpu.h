/* cpu.h - how many CPUs this process may use. */
#ifndef BOC_PLATFORM_CPU_H
#define BOC_PLATFORM_CPU_H

/* Logical CPUs in the affinity mask of the process; at least 1. */
unsigned boc__cpu_count(void);

/* Distinct physical cores within that mask; 0 when the system does not tell. */
unsigned boc__cpu_physical_count(void);

#endif
