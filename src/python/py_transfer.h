/* py_transfer.h - Python values to payloads and back.
 *
 * A value is encoded in one interpreter and decoded, any number of times, in any.
 * Decoding gives an equal value with the same aliasing inside: what was one object
 * is one object again.  Nothing is shared with the original except cowns, and what
 * travels by name.  Objects of foreign types move: encoding empties them, and the first
 * to `take` the value has them; decoding it without that copies them.
 *
 *     None, bool, int that fits 64 bits, float        inside the payload
 *     builtin containers, strings, buffers            by value
 *     plain instances, dataclasses                    class, slots and __dict__
 *     enum members, importable classes and functions  by name, as pickle does
 *     other classes and functions                     by value, once per interpreter
 *     cowns                                           by handle
 *     types of other extensions                       by pointer, see py_foreign.h
 *     everything else                                 what its __reduce_ex__(5) gives
 *
 * Threads   every call needs an attached thread state of the interpreter that `state`
 *           belongs to.  Both directions can run user code.
 */
#ifndef BOC_PY_TRANSFER_H
#define BOC_PY_TRANSFER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "python/py_moves.h"
#include "python/py_payload.h"

typedef struct core_state core_state_t;

enum {
    PY_TRANSFER_KEYS = 1024, /* slots of the cache of decoded keys */
    PY_TRANSFER_FOUND = 64,  /* slots of the first `found`; a power of two */
    PY_TRANSFER_TEXTS = 24,
};

typedef struct py_name py_name_t; /* see py_names.h */

typedef struct py_found {
    PyObject *object; /* compared, never followed */
    uint32_t id;
} py_found_t;

/* What the unit keeps per interpreter; embedded in the module state. */
typedef struct py_transfer_state {
    PyObject *keys[PY_TRANSFER_KEYS]; /* owned; short strings seen as keys */
    py_found_t *found; /* every object that a name gave; open addressing, NULL until needed */
    size_t found_mask;
    size_t found_used;
    py_name_t **names; /* owned; by process-wide id, NULL where unused here */
    uint32_t names_capacity;
#ifdef Py_GIL_DISABLED
    _Atomic(uint64_t) epoch; /* changes whenever user code may have run */
    PyMutex lock;            /* guards found, names and their entries */
#else
    uint64_t epoch; /* changes whenever user code may have run */
#endif
    PyObject *dispatch_table; /* owned; copyreg.dispatch_table */
    PyObject *enum_type;      /* owned; enum.EnumType, NULL until enum is imported */
    PyObject *array_type;     /* owned; array.array, NULL until array is imported */
    PyObject *pickling;       /* owned; module bocpy._pickling, NULL until needed */
    PyObject *text[PY_TRANSFER_TEXTS]; /* owned; interned names, see py_encoder.h */
} py_transfer_state_t;

int py_transfer_state_init(PyObject *module, py_transfer_state_t *transfer);
int py_transfer_state_traverse(py_transfer_state_t *transfer, visitproc visit, void *arg);
void py_transfer_state_clear(py_transfer_state_t *transfer);

/* Encode `value` into `*out`, which is empty before.  On failure -1 with the exception
 * that pickle would raise, `*out` untouched and every reference given back. */
int py_transfer_encode(core_state_t *state, PyObject *value, boc_payload_t *out);

/* The same, with what to tell foreign types (BOCPY_INTO_...); as a part of a call that can
 * still fail; and leaving foreign objects as they are, with copies in the value. */
int py_transfer_encode_for(core_state_t *state, PyObject *value, boc_payload_t *out, int reason);
int py_transfer_encode_moving(core_state_t *state, PyObject *value, boc_payload_t *out,
                              py_moves_t *moves);
int py_transfer_encode_copies(core_state_t *state, PyObject *value, boc_payload_t *out);

/* A new object equal to the one that was encoded; NULL with an exception.  The payload
 * is untouched either way and can be decoded again. */
PyObject *py_transfer_decode(core_state_t *state, const boc_payload_t *payload);

/* The same for the last who wants the value: foreign objects in it move.  On failure the payload
 * is as before.  It can be decoded again only if no such object was in it. */
PyObject *py_transfer_take(core_state_t *state, const boc_payload_t *payload);

/* _core._transfer_check(value, /): None, or what encoding raises. */
PyObject *core_transfer_check(PyObject *module, PyObject *value);

/* _core._transfer_roundtrip(value, /): encode and decode, for tests. */
PyObject *core_transfer_roundtrip(PyObject *module, PyObject *value);

#endif
