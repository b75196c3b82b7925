/* memory.c - systems that take no such advice, or need none. */
#include "platform/memory.h"

void boc__memory_prefer_large_pages(void *block, size_t bytes) {
    (void)block;
    (void)bytes;
}

void boc__memory_populate(void *block, size_t bytes) {
    (void)block;
    (void)bytes;
}
