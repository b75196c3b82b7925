/* payload.h - a value that the runtime carries but never looks into.
 *
 * The runtime stores, moves and drops payloads; what `data` points at is the
 * host's business, and `ops` tells the host which kind it is.  A payload has
 * one owner at a time; a zeroed payload is empty.
 */
#ifndef BOC_PAYLOAD_H
#define BOC_PAYLOAD_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_payload_ops {
    /* Free `data`, which is not NULL.  Called once, on any thread, never under
     * a lock of the runtime. */
    void (*drop)(void *data);
} boc_payload_ops_t;

typedef struct boc_payload {
    void *data; /* owned by whoever holds the payload; may be NULL */
    const boc_payload_ops_t *ops; /* static; NULL when the payload is empty */
} boc_payload_t;

/* Drop `payload` and leave it empty.  Dropping an empty payload does nothing. */
static inline void boc_payload_drop(boc_payload_t *payload) {
    void *data = payload->data;
    const boc_payload_ops_t *ops = payload->ops;
    payload->data = NULL;
    payload->ops = NULL;
    if (data != NULL)
        ops->drop(data);
}

#ifdef __cplusplus
}
#endif

#endif
