/* memory.h - advice to the system about memory that the caller owns. */
#ifndef BOC_PLATFORM_MEMORY_H
#define BOC_PLATFORM_MEMORY_H

#include <stddef.h>

/* Size and alignment of a large page where there are some. */
#define BOC_LARGE_PAGE_BYTES ((size_t)2 * 1024 * 1024)

/* All of `block` will be used soon: large pages would be welcome.  A hint; any thread. */
void boc__memory_prefer_large_pages(void *block, size_t bytes);

/* All of `block` will be written soon: its pages would be welcome at once.  A hint; any thread. */
void boc__memory_populate(void *block, size_t bytes);

#endif
