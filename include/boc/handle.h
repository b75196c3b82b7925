/* handle.h - references to cowns that leave as data.
 *
 * A handle is a number that may be written down, sent away and come back late, or
 * never; it holds no reference.  Turning it back into a cown is checked: a handle of
 * a dead cown, or one that was never given out, is refused and nothing is read
 * through it.
 *
 * Threads   any thread.
 */
#ifndef BOC_HANDLE_H
#define BOC_HANDLE_H

#include <boc/cown.h>
#include <boc/export.h>
#include <boc/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Never 0. */
typedef uint64_t boc_handle_t;

/* The handle of `cown`; the same one each time.  BOC_ENOMEM; BOC_EFULL. */
BOC_API BOC_MUST_CHECK boc_status_t boc_handle_of(boc_cown_t *cown, boc_handle_t *p_handle);

/* The cown of `handle`, with a new reference in `*p_cown`.  BOC_EINVALID when it is
 * dead or there never was one. */
BOC_API BOC_MUST_CHECK boc_status_t boc_handle_resolve(boc_handle_t handle, boc_cown_t **p_cown);

#ifdef __cplusplus
}
#endif

#endif
