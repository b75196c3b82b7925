/* py_isolation.c - the check, and whether this CPython allows it. */
#include "python/py_isolation.h"

#include "python/py_state.h"
#include "python/py_walk.h"

#include <stdatomic.h>

#ifdef Py_GIL_DISABLED

bool py_isolation_check(core_state_t *state, PyObject *value, Py_ssize_t references) {
    (void)state, (void)value, (void)references;
    return false; /* other threads change counts and containers meanwhile */
}

#else

/* ---- what this CPython shows ---- */

enum { UNTRIED, KEEPS_NOTHING, KEEPS_BUILTINS, KEEPS_ALL };

static struct {
    _Atomic(int) keeps; /* the same in all interpreters of the process */
} globals;

/* An answer for a value made here: `expected`, with instances of `info` as plain ones. */
static bool answers(core_state_t *state, const py_type_info_t *info, PyObject *value,
                    bool expected) {
    py_walk_t walk;
    py_walk_init(&walk, state, info != NULL);
    walk.type = info != NULL ? info->type : NULL;
    walk.info = info;
    bool is_alone = py_walk_run(&walk, value, 1);
    py_walk_deinit(&walk);
    return is_alone == expected;
}

/* The answer before, while and after somebody else refers to `part` of `value`. */
static bool sees_reference(core_state_t *state, const py_type_info_t *info, PyObject *value,
                           PyObject *part) {
    bool is_right = answers(state, info, value, true);
    Py_INCREF(part);
    is_right = is_right && answers(state, info, value, false);
    Py_DECREF(part);
    return is_right && answers(state, info, value, true);
}

/* Lists in a list, a tuple and a dict: 1 if we see who refers to them, -1 with an exception. */
static int try_builtins(core_state_t *state) {
    PyObject *parts[3]; /* borrowed, once the value has them */
    for (size_t i = 0; i < 3; i++)
        parts[i] = PyList_New(0);
    PyObject *value = /* owned */
        Py_BuildValue("[N(iN){iN}]", parts[0], 1, parts[1], 2, parts[2]);
    if (value == NULL)
        return -1;
    int is_right = 1;
    for (size_t i = 0; i < 3 && is_right; i++)
        is_right = sees_reference(state, NULL, value, parts[i]);
    Py_DECREF(value);
    return is_right;
}

/* The same for what the instance holds, for its __dict__, which shares memory with it and
 * which CPython 3.13.0 does not always show, and for a weak reference. */
static int try_instance(core_state_t *state, const py_type_info_t *info, PyObject *value,
                        PyObject *part) {
    bool is_right = sees_reference(state, info, value, part);
    PyObject *dict = PyObject_GenericGetDict(value, NULL); /* owned, then the instance's */
    if (dict == NULL)
        return -1;
    is_right = is_right && answers(state, info, value, false);
    Py_DECREF(dict);
    is_right = is_right && sees_reference(state, info, value, part) &&
               sees_reference(state, info, value, dict);
    PyObject *weak = PyWeakref_NewRef(value, NULL); /* owned */
    if (weak == NULL)
        return -1;
    is_right = is_right && answers(state, info, value, false);
    Py_DECREF(weak);
    return is_right && answers(state, info, value, true);
}

static int try_instances(core_state_t *state) {
    PyObject *part = PyList_New(0); /* owned, then the instance's */
    PyObject *type =                /* owned */
        part != NULL ? PyObject_CallFunction((PyObject *)&PyType_Type, "s(){}", "_probe") : NULL;
    PyObject *value = type != NULL ? PyObject_CallNoArgs(type) : NULL; /* owned */
    int status = value != NULL ? PyObject_SetAttrString(value, "part", part) : -1;
    Py_XDECREF(part);
    if (status == 0) {
        const py_type_info_t info = {
            .type = (PyTypeObject *)type, .kind = PY_TYPE_PLAIN, .has_dict = true};
        status = try_instance(state, &info, value, part);
    }
    Py_XDECREF(value);
    Py_XDECREF(type);
    return status;
}

/* What may be kept: UNTRIED if there was no memory to find out. */
static int find_keeps(core_state_t *state) {
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    int builtins = try_builtins(state);
    int instances = builtins > 0 ? try_instances(state) : 0;
    PyErr_SetRaisedException(raised); /* drops what the tries raised */
    if (builtins < 0 || instances < 0)
        return UNTRIED;
    return builtins == 0 ? KEEPS_NOTHING : instances == 0 ? KEEPS_BUILTINS : KEEPS_ALL;
}

/* ---- the check ---- */

bool py_isolation_check(core_state_t *state, PyObject *value, Py_ssize_t references) {
    /* relaxed: nothing depends on it; whoever tries it too finds the same. */
    int keeps = atomic_load_explicit(&globals.keeps, memory_order_relaxed);
    if (keeps == UNTRIED) {
        keeps = find_keeps(state);
        atomic_store_explicit(&globals.keeps, keeps, memory_order_relaxed); /* as above */
    }
    if (keeps < KEEPS_BUILTINS)
        return false;
    state->transfer.epoch++; /* code ran since the last value */
    py_walk_t walk;
    py_walk_init(&walk, state, keeps == KEEPS_ALL);
    bool is_alone = py_walk_run(&walk, value, references);
    for (size_t i = 0; is_alone && i < walk.cown_count; i++)
        walk.cowns[i]->is_received = true; /* as handles that are decoded */
    py_walk_deinit(&walk);
    return is_alone;
}

#endif

PyObject *core_is_isolated(PyObject *module, PyObject *value) {
    return PyBool_FromLong(py_isolation_check(PyModule_GetState(module), value, 1));
}
