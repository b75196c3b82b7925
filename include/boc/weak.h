/* weak.h - references that do not keep a cown's value alive.
 *
 * A weak reference keeps only the memory of the cown, so that it can be asked whether
 * the cown still lives.  Cowns that refer to each other in a circle are freed if one link
 * of the circle is weak.
 *
 * Weak references are counted; each is given back once.
 *
 * Threads   any thread.
 *
 * Ordering: what was done before a reference was given back happens before the value is
 * dropped.  A cown that was upgraded is used like any other: by those who hold it.
 */
#ifndef BOC_WEAK_H
#define BOC_WEAK_H

#include <boc/cown.h>
#include <boc/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_weak boc_weak_t;

/* A new weak reference.  The caller's reference of `cown` is not taken. */
BOC_API boc_weak_t *boc_weak_of(boc_cown_t *cown);

BOC_API void boc_weak_ref(boc_weak_t *weak);
BOC_API void boc_weak_unref(boc_weak_t *weak);

/* The cown, with a new reference; NULL once the last reference of it was given back, for
 * ever: a dying cown does not come back, not even while its value is being dropped. */
BOC_API BOC_MUST_CHECK boc_cown_t *boc_weak_try_upgrade(boc_weak_t *weak);

#ifdef __cplusplus
}
#endif

#endif
