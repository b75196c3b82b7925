#include "python/py_arenas.h"

#if PY_VERSION_HEX >= 0x030D0000

void py_arenas_watch(void) {}

void py_arenas_forgive(void) {}

#else

#include "platform/thread.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define FIRST_WITHOUT_THE_FAULT 0x030C0400

typedef struct arena {
    uintptr_t start;
    size_t bytes;
} arena_t;

static struct {
    boc__mutex_t mutex;
    arena_t *arenas;              /* guarded by mutex; fixed once forgiven */
    size_t count;                 /* the same */
    size_t capacity;              /* guarded by mutex */
    PyObjectArenaAllocator below; /* what we stand in front of; fixed once set */
    PyMemAllocatorEx freeing[2];  /* the same, for the domains MEM and OBJ */
    bool is_watching;             /* main only */
    bool is_forgiving;            /* main only */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

static bool is_mains(void) {
    PyThreadState *thread_state = _PyThreadState_UncheckedGet();
    return thread_state != NULL &&
           PyThreadState_GetInterpreter(thread_state) == PyInterpreterState_Main();
}

static void note(void *start, size_t bytes) {
    boc__mutex_lock(&globals.mutex);
    if (globals.count == globals.capacity) {
        size_t capacity = globals.capacity > 0 ? 2 * globals.capacity : 64;
        arena_t *grown = realloc(globals.arenas, capacity * sizeof *grown);
        if (grown != NULL) {
            globals.arenas = grown;
            globals.capacity = capacity;
        }
    }
    if (globals.count < globals.capacity) /* else it aborts, as it would without us */
        globals.arenas[globals.count++] = (arena_t){(uintptr_t)start, bytes};
    boc__mutex_unlock(&globals.mutex);
}

static void forget(void *start) {
    boc__mutex_lock(&globals.mutex);
    for (size_t i = 0; i < globals.count; i++) {
        if (globals.arenas[i].start == (uintptr_t)start) {
            globals.arenas[i] = globals.arenas[--globals.count];
            break;
        }
    }
    boc__mutex_unlock(&globals.mutex);
}

static void *arena_alloc(void *context, size_t bytes) {
    (void)context;
    void *start = globals.below.alloc(globals.below.ctx, bytes);
    if (start != NULL && !is_mains())
        note(start, bytes);
    return start;
}

static void arena_free(void *context, void *start, size_t bytes) {
    (void)context;
    if (!globals.is_forgiving)
        forget(start);
    globals.below.free(globals.below.ctx, start, bytes);
}

void py_arenas_watch(void) {
    if (globals.is_watching || Py_Version >= FIRST_WITHOUT_THE_FAULT)
        return;
    globals.is_watching = true;
    PyObject_GetArenaAllocator(&globals.below);
    PyObjectArenaAllocator ours = {NULL, arena_alloc, arena_free};
    PyObject_SetArenaAllocator(&ours);
}

static int by_start(const void *one, const void *other) {
    uintptr_t a = ((const arena_t *)one)->start;
    uintptr_t b = ((const arena_t *)other)->start;
    return (a > b) - (a < b);
}

static bool is_of_another(void *pointer) {
    uintptr_t address = (uintptr_t)pointer;
    size_t low = 0, high = globals.count;
    while (low < high) { /* the first arena that starts behind the address */
        size_t middle = low + (high - low) / 2;
        if (globals.arenas[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && address - globals.arenas[low - 1].start < globals.arenas[low - 1].bytes;
}

static void *pass_malloc(void *context, size_t bytes) {
    PyMemAllocatorEx *below = context;
    return below->malloc(below->ctx, bytes);
}

static void *pass_calloc(void *context, size_t count, size_t bytes) {
    PyMemAllocatorEx *below = context;
    return below->calloc(below->ctx, count, bytes);
}

static void *pass_realloc(void *context, void *pointer, size_t bytes) {
    PyMemAllocatorEx *below = context;
    return below->realloc(below->ctx, pointer, bytes);
}

static void free_ours(void *context, void *pointer) {
    PyMemAllocatorEx *below = context;
    if (pointer != NULL && !is_of_another(pointer))
        below->free(below->ctx, pointer);
}

void py_arenas_forgive(void) {
    static const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
    if (!globals.is_watching || globals.is_forgiving)
        return;
    globals.is_forgiving = true;
    qsort(globals.arenas, globals.count, sizeof *globals.arenas, by_start);
    for (int i = 0; i < 2; i++) {
        PyMem_GetAllocator(domains[i], &globals.freeing[i]);
        PyMemAllocatorEx ours = {&globals.freeing[i], pass_malloc, pass_calloc, pass_realloc,
                                 free_ours};
        PyMem_SetAllocator(domains[i], &ours);
    }
}

#endif
