/* atomic.h - C11 atomics and what else they need to know of the machine. */
#ifndef BOC_PLATFORM_ATOMIC_H
#define BOC_PLATFORM_ATOMIC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Data written by different threads stays this far apart. */
#define BOC_CACHE_LINE_BYTES 64

/* Tell the CPU that this thread spins, so that its sibling can run. */
static inline void boc__cpu_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ __volatile__("yield");
#endif
}

/* Start to bring the line at `address` into the cache.  Any address will do. */
static inline void boc__cpu_prefetch(const void *address) {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#else
    (void)address;
#endif
}

/* The same, taking it from other CPUs at once: it is going to be written. */
static inline void boc__cpu_prefetch_for_write(const void *address) {
#if defined(__GNUC__) && defined(__x86_64__)
    /* Without -mprfchw the builtin would fetch it for reading. */
    __asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)address));
#elif defined(__GNUC__)
    __builtin_prefetch(address, 1);
#else
    (void)address;
#endif
}

#endif
