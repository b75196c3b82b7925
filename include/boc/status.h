/* status.h - the one way the runtime reports failure.
 *
 * Zero is success.  The runtime never sets errno and never prints.
 */
#ifndef BOC_STATUS_H
#define BOC_STATUS_H

#include <boc/export.h>

#if defined(__GNUC__)
#define BOC_MUST_CHECK __attribute__((warn_unused_result))
#else
#define BOC_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum boc_status {
    BOC_OK = 0,
    BOC_ENOMEM,       /* an allocation failed; nothing was changed */
    BOC_ECLOSED,      /* the runtime is not running; no new work is taken */
    BOC_ETIMEOUT,     /* the deadline passed first */
    BOC_EINTERRUPTED, /* a signal arrived while the thread was parked */
    BOC_EFULL,        /* a fixed limit was reached; see boc/limits.h */
    BOC_EBUSY,        /* somebody else holds, awaits or already started it */
    BOC_EINVALID,     /* an argument is outside its documented range */
    BOC_ESTATE,       /* the call is not allowed from this thread or in this state */
    BOC_ETHREAD,      /* the operating system refused another thread */
    BOC_EABANDONED,   /* whoever promised the value is gone */
    BOC_ECANCELLED,   /* somebody took it back before it started */
} boc_status_t;

/* A static English phrase for messages: "out of memory".  Never NULL. */
BOC_API const char *boc_status_name(boc_status_t status);

#ifdef __cplusplus
}
#endif

#endif
