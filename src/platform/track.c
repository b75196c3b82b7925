#include "platform/track.h"

#if defined(BOC_TRACK_REFS)

#include "platform/thread.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_COUNT ((size_t)1 << 16)

/* A place that made objects of one kind; kept for good. */
typedef struct site {
    struct site *next;
    const char *kind;
    size_t live;
    char text[];
} site_t;

typedef struct entry {
    struct entry *next;
    const void *object;
    site_t *site;
} entry_t;

static struct {
    boc__mutex_t mutex; /* guards the rest */
    boc__track_site_fn site_of_caller;
    bool reports; /* at exit */
    site_t *sites[BUCKET_COUNT];
    entry_t *entries[BUCKET_COUNT];
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

static entry_t **bucket_of(const void *object) {
    return &globals.entries[((uintptr_t)object >> 4) * 0x9e3779b1u % BUCKET_COUNT];
}

static site_t **bucket_of_site(const char *text) {
    uint32_t hash = 2166136261u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return &globals.sites[hash % BUCKET_COUNT];
}

static site_t *site_named(const char *kind, const char *text) {
    site_t **p_first = bucket_of_site(text);
    for (site_t *site = *p_first; site != NULL; site = site->next)
        if (strcmp(site->text, text) == 0 && strcmp(site->kind, kind) == 0)
            return site;
    size_t bytes = strlen(text) + 1;
    site_t *site = malloc(sizeof *site + bytes);
    if (site == NULL)
        return NULL;
    *site = (site_t){.next = *p_first, .kind = kind};
    memcpy(site->text, text, bytes);
    *p_first = site;
    return site;
}

static void report(void) {
    size_t capacity = boc__track_counts(NULL, 0);
    boc__track_count_t *counts = malloc((capacity + 1) * sizeof *counts);
    size_t count = counts != NULL ? boc__track_counts(counts, capacity) : 0;
    for (size_t i = 0; i < count && i < capacity; i++)
        fprintf(stderr, "boc: alive at exit: %zu %s, made at %s\n", counts[i].live, counts[i].kind,
                counts[i].site);
    free(counts);
}

void boc__track_set_site(boc__track_site_fn site_of_caller) {
    boc__mutex_lock(&globals.mutex);
    globals.site_of_caller = site_of_caller;
    boc__mutex_unlock(&globals.mutex);
}

static boc__track_site_fn site_fn(void) {
    boc__mutex_lock(&globals.mutex);
    boc__track_site_fn site_of_caller = globals.site_of_caller;
    boc__mutex_unlock(&globals.mutex);
    return site_of_caller;
}

void boc__track_begin(const char *kind, const void *object, const void *caller) {
    char text[BOC_TRACK_SITE_BYTES];
    boc__track_site_fn site_of_caller = site_fn(); /* called outside the mutex */
    if (site_of_caller == NULL || !site_of_caller(text))
        snprintf(text, sizeof text, "%p", (const void *)caller);
    entry_t *entry = malloc(sizeof *entry);
    if (entry == NULL)
        return;
    boc__mutex_lock(&globals.mutex);
    if (!globals.reports)
        globals.reports = atexit(report) == 0;
    site_t *site = site_named(kind, text);
    if (site != NULL) {
        entry_t **p_first = bucket_of(object);
        *entry = (entry_t){.next = *p_first, .object = object, .site = site};
        *p_first = entry;
        site->live++;
        entry = NULL;
    }
    boc__mutex_unlock(&globals.mutex);
    free(entry);
}

void boc__track_end(const void *object) {
    boc__mutex_lock(&globals.mutex);
    entry_t **p_entry = bucket_of(object);
    while (*p_entry != NULL && (*p_entry)->object != object)
        p_entry = &(*p_entry)->next;
    entry_t *entry = *p_entry;
    if (entry != NULL) {
        entry->site->live--;
        *p_entry = entry->next;
    }
    boc__mutex_unlock(&globals.mutex);
    free(entry);
}

static int compare(const void *left, const void *right) {
    const boc__track_count_t *a = left, *b = right;
    int order = strcmp(a->kind, b->kind);
    return order != 0 ? order : strcmp(a->site, b->site);
}

size_t boc__track_counts(boc__track_count_t *counts, size_t capacity) {
    size_t count = 0;
    boc__mutex_lock(&globals.mutex);
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        for (site_t *site = globals.sites[i]; site != NULL; site = site->next)
            if (site->live > 0 && count++ < capacity)
                counts[count - 1] = (boc__track_count_t){site->kind, site->text, site->live};
    boc__mutex_unlock(&globals.mutex);
    if (capacity > 0)
        qsort(counts, count < capacity ? count : capacity, sizeof *counts, compare);
    return count;
}

#endif
