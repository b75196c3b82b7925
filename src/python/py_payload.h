/* py_payload.h - what a payload of the runtime holds when its host is CPython.
 *
 * The ops pointer is the kind:
 *
 *     none, true, false   nothing in `data`
 *     integer             a 64 bit integer in `data` itself
 *     real                a double in `data` itself
 *     blob                `data` is a py_blob_t: plain memory, counted, immutable
 *
 * None of these holds a PyObject, so such a payload may be dropped, copied and decoded by any
 * thread of any interpreter.  The one kind that does, py_live.h, only our behaviors meet.  A blob
 * holds one reference of each cown handle, each definition (a class or function by value) and each
 * move (memory of a foreign object) that occurs in its value.
 */
#ifndef BOC_PY_PAYLOAD_H
#define BOC_PY_PAYLOAD_H

#include "platform/atomic.h"

#include <boc/cown.h>
#include <boc/payload.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct py_definition py_definition_t;
typedef struct py_move py_move_t; /* see py_moves.h */

/* Followed by `size` bytes, padding, the cowns, the definitions and the moves. */
typedef struct py_blob {
    union {
        atomic_size_t refs;
        struct py_blob *next; /* among those that are being freed */
    };
    size_t size;
    uint32_t cown_count;
    uint32_t definition_count;
    uint32_t move_count;
    bool is_move;   /* the value is one foreign object, the first move, and nothing else */
    bool runs_code; /* decoding it may run code of users: imports, constructors, hooks */
} py_blob_t;

/* Classes and functions by value that were encoded together: the numbers from
 * `first_number` on are theirs, in the order in which `body` defines them. */
struct py_definition {
    atomic_size_t refs;
    uint64_t first_number;
    py_blob_t *body; /* owned */
};

extern const boc_payload_ops_t py_payload_none;
extern const boc_payload_ops_t py_payload_true;
extern const boc_payload_ops_t py_payload_false;
extern const boc_payload_ops_t py_payload_integer;
extern const boc_payload_ops_t py_payload_real;
extern const boc_payload_ops_t py_payload_blob;

/* Make `to` another reference of the value of `from`.  Whatever `to` held is the
 * caller's affair. */
void py_payload_copy(boc_payload_t *to, const boc_payload_t *from);

/* Bytes that decoding has to read; 0 for what is stored in the payload itself. */
size_t py_payload_size(const boc_payload_t *payload);

/* Room that a blob with `size` bytes and these tables needs. */
size_t py_blob_room(size_t size, size_t table_entries);

/* A blob with one reference and room for these; the rest is zero.  NULL without memory, and
 * without an exception. */
py_blob_t *py_blob_new(size_t size, size_t table_entries);
py_blob_t *py_blob_ref(py_blob_t *blob);
void py_blob_unref(py_blob_t *blob);

static inline uint8_t *py_blob_bytes(py_blob_t *blob) { return (uint8_t *)(blob + 1); }

static inline boc_cown_t **py_blob_cowns(py_blob_t *blob) {
    size_t bytes = (blob->size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    return (boc_cown_t **)(void *)(py_blob_bytes(blob) + bytes);
}

static inline py_definition_t **py_blob_definitions(py_blob_t *blob) {
    return (py_definition_t **)(void *)(py_blob_cowns(blob) + blob->cown_count);
}

static inline py_move_t **py_blob_moves(py_blob_t *blob) {
    return (py_move_t **)(void *)(py_blob_definitions(blob) + blob->definition_count);
}

/* A blob whose value is one foreign object: its counted move is taken unless it returns NULL. */
py_blob_t *py_blob_holding(py_move_t *move);

/* Whether nobody else has a reference; then what it holds may be moved out. */
bool py_blob_is_sole(py_blob_t *blob);

/* Take `body`, on failure too (then NULL). */
py_definition_t *py_definition_new(py_blob_t *body, uint64_t first_number);
py_definition_t *py_definition_ref(py_definition_t *definition);
void py_definition_unref(py_definition_t *definition);

/* `count` numbers that no other definition of the process has; returns the first. */
uint64_t py_definition_numbers(uint64_t count);

static inline boc_payload_t py_payload_of_blob(py_blob_t *taken) {
    return (boc_payload_t){.data = taken, .ops = &py_payload_blob};
}

/* Whether an integer fits into the payload itself on this machine. */
static inline bool py_payload_fits(int64_t value) {
    return value >= INTPTR_MIN && value <= INTPTR_MAX;
}

static inline boc_payload_t py_payload_of_integer(int64_t value) {
    return (boc_payload_t){.data = (void *)(intptr_t)value, .ops = &py_payload_integer};
}

static inline int64_t py_payload_as_integer(const boc_payload_t *payload) {
    return (int64_t)(intptr_t)payload->data;
}

/* Only where pointers have the size of a double. */
static inline boc_payload_t py_payload_of_real(double value) {
    boc_payload_t payload = {.data = NULL, .ops = &py_payload_real};
    memcpy(&payload.data, &value, sizeof payload.data);
    return payload;
}

static inline double py_payload_as_real(const boc_payload_t *payload) {
    double value = 0.0;
    memcpy(&value, &payload->data, sizeof payload->data);
    return value;
}

#endif
