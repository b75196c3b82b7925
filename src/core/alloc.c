#include "core/alloc.h"

#include <assert.h>
#include <stdlib.h>
#if defined(_WIN32)
#include <malloc.h>
#endif

static void *system_allocate(size_t align, size_t size) {
#if defined(_WIN32)
    return _aligned_malloc(size, align);
#else
    /* aligned_alloc wants a multiple of the alignment. */
    return aligned_alloc(align, (size + align - 1) & ~(align - 1));
#endif
}

static void system_release(void *block) {
#if defined(_WIN32)
    _aligned_free(block);
#else
    free(block);
#endif
}

static const boc__allocator_t system_allocator = {system_allocate, system_release};

static struct {
    const boc__allocator_t *allocator; /* changed only while nothing else runs */
} globals = {&system_allocator};

void boc__alloc_set(const boc__allocator_t *allocator) {
    globals.allocator = allocator != NULL ? allocator : &system_allocator;
}

void *boc__alloc(size_t align, size_t size) {
    assert(align != 0 && (align & (align - 1)) == 0);
    return globals.allocator->allocate(align < sizeof(void *) ? sizeof(void *) : align, size);
}

void boc__alloc_free(void *block) {
    if (block != NULL)
        globals.allocator->release(block);
}
