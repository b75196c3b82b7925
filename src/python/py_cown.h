/* py_cown.h - the type Cown: an interpreter's handle of a cown.
 *
 * Any number of handles, in any interpreters, stand for one cown.  The value is
 * reached through the one handle that owns it at the moment:
 *
 *   granted   by the behavior that runs here, until its body ends
 *   leased    by `with` or acquire()
 *   direct    by the main interpreter, while no runtime is up
 *
 * The owning handle decodes the value when it is first wanted and writes it back when
 * ownership ends; a value that nobody decoded is passed on as it is.
 *
 * Threads   any thread with an attached thread state of the handle's interpreter.
 */
#ifndef BOC_PY_COWN_H
#define BOC_PY_COWN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <boc/behavior.h>
#include <boc/cown.h>
#include <stdbool.h>

typedef struct core_state core_state_t;

typedef enum py_access { PY_NOT_OWNED, PY_GRANTED, PY_LEASED, PY_DIRECT } py_access_t;

typedef struct py_cown {
    PyObject_HEAD boc_cown_t *native;    /* one counted reference, or a borrowed one */
    PyObject *value;       /* owned; of an owning handle, NULL until decoded */
    PyObject *weak_list;   /* of weakref */
    boc_behavior_t *lease; /* of a leased handle that took it alone, or NULL */
    unsigned long thread;  /* of a leased handle: who holds it, see py_lease.h */
    uint32_t depth;        /* nested `with` blocks of an owning handle */
    uint8_t access;        /* py_access_t */
    bool is_assigned;      /* the value is not the one that was decoded */
    bool is_exception;     /* the flag, once the value is decoded or assigned */
    bool is_received;      /* came to a behavior from outside */
    bool is_reader;        /* of a granted handle: what it decodes is its own, and dropped */
    bool is_block;         /* of a leased handle: taken by `with`, not by acquire() */
    bool is_borrowed;      /* of a granted handle: the behavior's reference of the cown */
    bool is_tracked;       /* by the collector: from the first value on that is, too */
} py_cown_t;

/* What a cown's holder word says while its producer has not finished. */
#define PY_HOLDER_PRODUCER UINT32_MAX

int py_cown_add_type(PyObject *module, core_state_t *state);

bool py_cown_check(core_state_t *state, PyObject *object);

/* The cown, borrowed from the handle. */
boc_cown_t *py_cown_native(PyObject *handle);

/* A new handle, which takes a counted reference, on failure too. */
PyObject *py_cown_wrap(core_state_t *state, boc_cown_t *taken);

/* A new handle for a behavior that runs here and keeps the cown: it takes no reference before
 * py_cown_let_go, which must come before the behavior ends.  It gives a reference of the handle
 * back; if that was not the last, the handle gets a reference of the cown. */
py_cown_t *py_cown_lend(core_state_t *state, boc_cown_t *native);
void py_cown_let_go(py_cown_t *lent);

/* The module's state; NULL when the interpreter ends. */
core_state_t *py_cown_state(py_cown_t *cown);

/* Decode the value of an owning handle, unless that is done. */
int py_cown_decode(py_cown_t *owner);

/* Decode the value of an owning handle now if that can run user code. */
int py_cown_decode_early(py_cown_t *cown);

#endif
