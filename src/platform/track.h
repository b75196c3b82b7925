/* track.h - what lives, and where it was made, for those who look for a leak.
 *
 * In a build with BOC_TRACK_REFS every cown, behavior and payload blob is entered under its
 * address, with the place that made it: what the host says of the calling thread, or else
 * the return address of the C function.  What still lives when the process ends is written to
 * stderr, one line for each kind and place, sorted.  In other builds the macros are
 * nothing and nothing else of this exists.
 *
 * The floor is this one because the core and the bindings both make such objects.
 *
 * Threads   boc__track_set_site   before anything is made
 *           the rest              any thread
 *
 * Ordering: everything is behind one mutex.
 */
#ifndef BOC_PLATFORM_TRACK_H
#define BOC_PLATFORM_TRACK_H

#include <stdbool.h>
#include <stddef.h>

#if defined(BOC_TRACK_REFS)

#if defined(__GNUC__)
#define BOC__CALLER() __builtin_return_address(0)
#else
#define BOC__CALLER() NULL
#endif

/* `object` lives from now on, until it ends or is left to the process for good, whichever
 * comes first; `kind` is a literal. */
#define BOC_TRACK(kind, object) boc__track_begin(kind, object, BOC__CALLER())
#define BOC_TRACK_END(object) boc__track_end(object)

#define BOC_TRACK_SITE_BYTES 512

/* Where the host's program is on the calling thread, cut to BOC_TRACK_SITE_BYTES with the
 * terminator; false if it is nowhere in it.  Must not make or end tracked objects. */
typedef bool (*boc__track_site_fn)(char *site);

void boc__track_set_site(boc__track_site_fn site_of_caller);

/* Out of memory, an object is left out. */
void boc__track_begin(const char *kind, const void *object, const void *caller);
void boc__track_end(const void *object); /* nothing if it is not entered */

typedef struct boc__track_count {
    const char *kind; /* this and the next: valid as long as the process */
    const char *site;
    size_t live;
} boc__track_count_t;

/* Up to `capacity` kinds and places with something alive, sorted; returns how many there are. */
size_t boc__track_counts(boc__track_count_t *counts, size_t capacity);

#else

#define BOC_TRACK(kind, object) ((void)0)
#define BOC_TRACK_END(object) ((void)0)

#endif

#endif
