/* memory.c - large pages on request, where the system is set to "madvise". */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* madvise, MADV_HUGEPAGE */
#endif

#include "platform/memory.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void boc__memory_prefer_large_pages(void *block, size_t bytes) {
#if defined(MADV_HUGEPAGE)
    (void)madvise(block, bytes, MADV_HUGEPAGE); /* a refusal changes nothing */
#else
    (void)block;
    (void)bytes;
#endif
}

void boc__memory_populate(void *block, size_t bytes) {
#if defined(MADV_POPULATE_WRITE) /* since Linux 5.14; a refusal changes nothing */
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (uintptr_t)block & ~(page - 1);
    uintptr_t to = ((uintptr_t)block + bytes) & ~(page - 1); /* what is behind is another's */
    if (to > from)
        (void)madvise((void *)from, (size_t)(to - from), MADV_POPULATE_WRITE);
#else
    (void)block;
    (void)bytes;
#endif
}
