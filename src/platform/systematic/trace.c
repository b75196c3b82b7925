/* trace.c - a ring of the last scheduling points, and a hash of them all. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* write */
#endif

#include "platform/systematic/trace.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define POINT_COUNT 128u /* a power of two */

typedef struct trace_point {
    const char *file;
    int line;
    unsigned thread_id;
} trace_point_t;

static struct {
    uint64_t count;
    uint64_t hash;
    trace_point_t points[POINT_COUNT];
} globals;

void boc__trace_reset(void) {
    globals.count = 0;
    globals.hash = UINT64_C(0xCBF29CE484222325);
}

void boc__trace_add(unsigned thread_id, const char *file, int line) {
    globals.points[globals.count++ % POINT_COUNT] =
        (trace_point_t){.file = file, .line = line, .thread_id = thread_id};
    uint64_t point = (uint64_t)thread_id << 32 | (uint32_t)line;
    globals.hash = (globals.hash ^ point) * UINT64_C(0x9E3779B97F4A7C15);
    globals.hash ^= globals.hash >> 29;
}

uint64_t boc__trace_count(void) { return globals.count; }

uint64_t boc__trace_hash(void) { return globals.hash; }

const char *boc__trace_basename(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

void boc__trace_say(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t left = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    for (const char *from = text; left > 0;) {
        ssize_t written = write(STDERR_FILENO, from, left);
        if (written <= 0)
            return;
        from += written;
        left -= (size_t)written;
    }
}

void boc__trace_print(void) {
    uint64_t from = globals.count > POINT_COUNT ? globals.count - POINT_COUNT : 0;
    boc__trace_say("  last steps, oldest first:\n");
    for (uint64_t i = from; i < globals.count; i++) {
        const trace_point_t *point = &globals.points[i % POINT_COUNT];
        boc__trace_say("    %8llu  thread %u  %s:%d\n", (unsigned long long)i, point->thread_id,
                       boc__trace_basename(point->file), point->line);
    }
}
