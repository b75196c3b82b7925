#include "python/py_moves.h"

#include "python/py_home.h"
#include "python/py_state.h"

#include <string.h>

static void *data_of(const py_move_t *move) {
    /* relaxed: whoever asks owns the value, and got it through something that orders. */
    return atomic_load_explicit(&move->data, memory_order_relaxed);
}

static void set_data(py_move_t *move, void *data) {
    /* relaxed: as data_of. */
    atomic_store_explicit(&move->data, data, memory_order_relaxed);
}

static bool is_shared(const py_foreign_t *foreign) {
    return foreign->out != NULL || (foreign->ops.flags & BOCPY_TYPE_SHARED) != 0;
}

static const char *name_of(PyTypeObject *type) { return type->tp_name; }

/* An exception must be set by a callback that failed. */
static void require_exception(PyTypeObject *type, const char *callback) {
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_SystemError, "%s of %.200s failed without an exception", callback,
                     name_of(type));
}

static void drop_data(const py_foreign_t *foreign, void *data) {
    if (foreign->out == NULL) {
        foreign->ops.drop(data);
        return;
    }
    bocpy_xidata_t *xidata = data;
    py_home_leave(xidata->reserved[0], xidata);
}

void py_move_unref(py_move_t *move) {
    /* acq_rel: every user's last access comes before the free. */
    if (atomic_fetch_sub_explicit(&move->refs, 1, memory_order_acq_rel) != 1)
        return;
    void *data = data_of(move);
    if (data != NULL)
        drop_data(move->foreign, data);
    PyMem_RawFree(move);
}

/* -- into an interpreter ------------------------------------------------------------------- */

static PyObject *receive(PyTypeObject *type, const py_foreign_t *foreign, void *data) {
    PyObject *object;
    if (foreign->out != NULL)
        object = ((bocpy_xidata_t *)data)->new_object(data);
    else
        object = foreign->ops.move_in(type, data);
    if (object == NULL)
        require_exception(type, foreign->out != NULL ? "new_object" : "move_in");
    return object;
}

static void *copy_data(PyTypeObject *type, const py_foreign_t *foreign, const void *data) {
    if (foreign->out != NULL || foreign->ops.copy == NULL) {
        PyErr_Format(PyExc_TypeError,
                     "cannot copy %.200s, which moves: a value that is read more than once, an "
                     "exception, and a class or function by value need a type with `copy`",
                     name_of(type));
        return NULL;
    }
    void *copy = foreign->ops.copy(data);
    if (copy == NULL && !PyErr_Occurred())
        PyErr_NoMemory();
    return copy;
}

PyObject *py_move_in(core_state_t *state, py_move_t *move, bool takes) {
    const py_foreign_t *foreign = move->foreign;
    py_home_sweep(state->home);
    PyTypeObject *type = py_foreign_type(state, foreign); /* borrowed */
    if (type == NULL)
        return NULL;
    if (is_shared(foreign))
        return receive(type, foreign, data_of(move));
    /* relaxed: as data_of; exchanged so that two threads of an interpreter cannot both
     * receive it. */
    void *data =
        takes ? atomic_exchange_explicit(&move->data, NULL, memory_order_relaxed) : data_of(move);
    if (data == NULL) {
        PyErr_Format(PyExc_RuntimeError, "the %.200s in this value was moved elsewhere",
                     name_of(type));
        return NULL;
    }
    if (!takes && (data = copy_data(type, foreign, data)) == NULL)
        return NULL;
    PyObject *object = receive(type, foreign, data);
    if (object == NULL && takes)
        set_data(move, data);
    else if (object == NULL)
        foreign->ops.drop(data);
    return object;
}

/* -- out of an interpreter ----------------------------------------------------------------- */

static bocpy_xidata_t *produce(core_state_t *state, const py_foreign_t *foreign, PyObject *object) {
    bocpy_xidata_t *xidata = PyMem_RawCalloc(1, sizeof *xidata);
    if (xidata == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    xidata->reserved[0] = py_home_ref(state->home);
    if (foreign->out(PyThreadState_Get(), object, xidata) == 0 && xidata->new_object != NULL)
        return xidata;
    if (xidata->new_object == NULL && !PyErr_Occurred())
        PyErr_Format(PyExc_SystemError, "the producer of %.200s did not call XIDATA_INIT",
                     name_of(Py_TYPE(object)));
    require_exception(Py_TYPE(object), "the producer");
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    py_home_free(xidata);
    PyErr_SetRaisedException(raised);
    return NULL;
}

/* Take the memory out of the object; NULL with an exception. */
static void *take_out(core_state_t *state, const py_foreign_t *foreign, PyObject *object,
                      int reason) {
    void *data = NULL;
    if (foreign->out != NULL)
        return produce(state, foreign, object);
    if (foreign->ops.move_out(object, reason, &data) < 0) {
        require_exception(Py_TYPE(object), "move_out");
        return NULL;
    }
    if (data == NULL)
        PyErr_Format(PyExc_SystemError, "move_out of %.200s gave nothing",
                     name_of(Py_TYPE(object)));
    return data;
}

void py_move_back(core_state_t *state, PyObject *object, py_move_t *move) {
    const py_foreign_t *foreign = move->foreign;
    if (foreign->out == NULL && is_shared(foreign))
        return;
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    void *old = data_of(move);                     /* of a hand-off that can be received again */
    void *data = take_out(state, foreign, object, BOCPY_BACK);
    if (data == NULL) {
        PyErr_Clear(); /* the value has lost it; reading it says so */
    } else {
        set_data(move, data);
        if (old != NULL)
            drop_data(foreign, old);
    }
    PyErr_SetRaisedException(raised);
}

static void put_back(const py_foreign_t *foreign, PyObject *object, void *data) {
    if (foreign->out != NULL) {
        /* A wrapper made here claims the resource for this interpreter again. */
        PyObject *wrapper = ((bocpy_xidata_t *)data)->new_object(data); /* owned */
        PyErr_Clear();
        Py_XDECREF(wrapper);
        py_home_free(data);
    } else if (is_shared(foreign)) {
        foreign->ops.drop(data);
    } else {
        foreign->ops.rollback(object, data);
    }
}

static void *copy_out(core_state_t *state, const py_foreign_t *foreign, PyObject *object) {
    if (is_shared(foreign) && foreign->out == NULL)
        return take_out(state, foreign, object, BOCPY_INTO_COPY);
    if (foreign->ops.copy == NULL)
        return copy_data(Py_TYPE(object), foreign, NULL); /* raises */
    void *data = take_out(state, foreign, object, BOCPY_INTO_COPY);
    if (data == NULL)
        return NULL;
    void *copy = copy_data(Py_TYPE(object), foreign, data);
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    put_back(foreign, object, data);
    PyErr_SetRaisedException(raised);
    return copy;
}

/* A copy of what these moves took out of `object` before; NULL if nothing was. */
static void *copy_of_earlier(const py_moves_t *moves, const py_foreign_t *foreign,
                             PyObject *object) {
    if (foreign->out != NULL || foreign->ops.copy == NULL)
        return NULL;
    for (size_t i = 0; i < moves->count; i++)
        if (moves->items[i].object == object && data_of(moves->items[i].move) != NULL)
            return foreign->ops.copy(data_of(moves->items[i].move));
    return NULL;
}

static py_move_t *new_move(const py_foreign_t *foreign, void *data) {
    py_move_t *move = PyMem_RawMalloc(sizeof *move);
    if (move == NULL)
        return NULL;
    atomic_init(&move->refs, 1);
    atomic_init(&move->data, data);
    move->foreign = foreign;
    return move;
}

/* What the decoder reads of a foreign object alone is in py_transfer_encode.c. */
py_blob_t *py_blob_of_move(const py_foreign_t *foreign, void *data) {
    py_move_t *move = new_move(foreign, data);
    py_blob_t *blob = move != NULL ? py_blob_holding(move) : NULL;
    if (blob == NULL)
        PyMem_RawFree(move);
    return blob;
}

/* Make room for one more. */
static int reserve(py_moves_t *moves) {
    if (moves->count < moves->capacity)
        return 0;
    size_t capacity = moves->capacity * 2;
    struct py_moved *old = moves->items == moves->small ? NULL : moves->items;
    struct py_moved *items = PyMem_RawRealloc(old, capacity * sizeof *items);
    if (items == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (old == NULL)
        memcpy(items, moves->small, moves->count * sizeof *items);
    moves->items = items;
    moves->capacity = capacity;
    return 0;
}

py_move_t *py_moves_out(core_state_t *state, py_moves_t *moves, const py_foreign_t *foreign,
                        PyObject *object, bool copies) {
    py_home_sweep(state->home);
    if (reserve(moves) < 0)
        return NULL;
    if (moves->reason == BOCPY_INTO_BOARD && !is_shared(foreign) && foreign->ops.copy == NULL) {
        (void)copy_data(Py_TYPE(object), foreign, NULL); /* raises: nobody could read it twice */
        return NULL;
    }
    bool is_copy = copies || moves->copies;
    void *data = is_copy ? copy_out(state, foreign, object)
                         : take_out(state, foreign, object, moves->reason);
    if (data == NULL && !is_copy) {
        PyObject *raised = PyErr_GetRaisedException(); /* owned */
        data = copy_of_earlier(moves, foreign, object);
        is_copy = data != NULL;
        if (is_copy)
            Py_DECREF(raised);
        else
            PyErr_SetRaisedException(raised);
    }
    if (data == NULL)
        return NULL;
    py_move_t *move = new_move(foreign, data);
    if (move == NULL) {
        PyErr_NoMemory();
        PyObject *raised = PyErr_GetRaisedException(); /* owned */
        if (is_copy)
            foreign->ops.drop(data);
        else
            put_back(foreign, object, data);
        PyErr_SetRaisedException(raised);
        return NULL;
    }
    if (!is_copy) {
        /* relaxed: nobody else has seen it. */
        atomic_fetch_add_explicit(&move->refs, 1, memory_order_relaxed);
        moves->items[moves->count++] = (struct py_moved){.object = Py_NewRef(object), .move = move};
    }
    return move;
}

void py_moves_undo(py_moves_t *moves, size_t first) {
    if (moves->count <= first)
        return;
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    while (moves->count > first) {
        struct py_moved moved = moves->items[--moves->count];
        void *data = data_of(moved.move);
        set_data(moved.move, NULL);
        if (data != NULL)
            put_back(moved.move->foreign, moved.object, data);
        py_move_unref(moved.move);
        Py_DECREF(moved.object);
    }
    PyErr_SetRaisedException(raised);
}

void py_moves_end_some(py_moves_t *moves, bool succeeded) {
    if (!succeeded)
        py_moves_undo(moves, 0);
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    while (moves->count > 0) {
        struct py_moved moved = moves->items[--moves->count];
        py_move_unref(moved.move);
        Py_DECREF(moved.object);
    }
    if (moves->items != moves->small)
        PyMem_RawFree(moves->items);
    py_moves_init(moves, moves->reason);
    PyErr_SetRaisedException(raised);
}
