/* py_moves.h - memory of foreign objects on its way between interpreters.
 *
 * A py_move_t is one piece of such memory, counted: the blob of the value holds it, and,
 * until the call that encoded the value has succeeded, the call's py_moves_t, which
 * remembers the object it came from.  A call that fails undoes its moves; the objects
 * are then as they were.
 *
 * Threads   move_unref, blob_of_move   any thread
 *           the rest                   attached; a py_moves_t belongs to one call of one thread
 */
#ifndef BOC_PY_MOVES_H
#define BOC_PY_MOVES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "python/py_foreign.h"
#include "python/py_payload.h"

#include <stdbool.h>

typedef struct core_state core_state_t;

struct py_move {
    atomic_size_t refs;
    const py_foreign_t *foreign;
    _Atomic(void *) data; /* NULL once it was received or undone */
};

void py_move_unref(py_move_t *move);

/* Any thread.  A blob whose value is one foreign object with this memory, which is taken unless
 * the blob is NULL: without memory, and without an exception. */
py_blob_t *py_blob_of_move(const py_foreign_t *foreign, void *data);

/* A new object around the memory, which it takes if `takes`; else it gets a copy.  NULL with
 * an exception, the memory as before. */
PyObject *py_move_in(core_state_t *state, py_move_t *move, bool takes);

/* Take the memory back out of an object that py_move_in gave, after something else failed;
 * an exception that is set stays set. */
void py_move_back(core_state_t *state, PyObject *object, py_move_t *move);

enum { PY_MOVES_SMALL = 4 };

/* The moves of one call. */
typedef struct py_moves {
    int reason; /* BOCPY_INTO_... */
    bool copies; /* the objects keep their memory: copy it */
    size_t count;
    size_t capacity;
    struct py_moved {
        PyObject *object; /* owned */
        py_move_t *move;  /* counted */
    } *items;
    struct py_moved small[PY_MOVES_SMALL];
} py_moves_t;

static inline void py_moves_init(py_moves_t *moves, int reason) {
    moves->reason = reason;
    moves->copies = false;
    moves->count = 0;
    moves->capacity = PY_MOVES_SMALL;
    moves->items = moves->small;
}

/* The memory of `object`, taken out of it or, if `copies`, copied.  What an earlier value of
 * these moves took out of the same object is copied too.  A counted move, or NULL with the
 * exception of the callback. */
py_move_t *py_moves_out(core_state_t *state, py_moves_t *moves, const py_foreign_t *foreign,
                        PyObject *object, bool copies);

/* Put everything from the `first`-th move on back; an exception that is set stays set. */
void py_moves_undo(py_moves_t *moves, size_t first);

/* The end of the call: undo everything unless it `succeeded`, and forget.  May free objects; an
 * exception that is set stays set. */
void py_moves_end_some(py_moves_t *moves, bool succeeded);

static inline void py_moves_end(py_moves_t *moves, bool succeeded) {
    if (moves->count != 0 || moves->items != moves->small)
        py_moves_end_some(moves, succeeded);
}

#endif
