/* memory.c - large pages on request, where the system is set to "madvise". */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* madvise, MADV_HUGEPAGE */
#endif

#include "platform/memory.h"

#include <sys/mman.h>

void boc__memory_prefer_large_pages(void *block, size_t bytes) {
#if defined(MADV_HUGEPAGE)
    (void)madvise(block, bytes, MADV_HUGEPAGE); /* a refusal changes nothing */
#else
    (void)block;
    (void)bytes;
#endif
}
