/* py_pickling.c - calls into bocpy._pickling. */
#include "python/py_pickling.h"

#include "python/py_encoder.h"

static const char capsule_name[] = "bocpy.definition";

PyObject *py_pickling_call(core_state_t *state, const char *name, PyObject *first,
                           PyObject *second) {
    py_transfer_state_t *transfer = &state->transfer;
    if (transfer->pickling == NULL) {
        PyObject *module = PyImport_ImportModule("bocpy._pickling");
        if (module == NULL)
            return NULL;
        py_transfer_keep(transfer, &transfer->pickling, module);
    }
    PyObject *function = PyObject_GetAttrString(transfer->pickling, name); /* owned */
    if (function == NULL)
        return NULL;
    PyObject *result = PyObject_CallFunctionObjArgs(function, first, second, NULL);
    Py_DECREF(function);
    transfer->epoch++; /* code has run */
    return result;
}

int py_pickling_travels(core_state_t *state, PyObject *object, PyObject *module, PyObject *path) {
    PyObject *place = PyTuple_Pack(2, module, path); /* owned */
    if (place == NULL)
        return -1;
    PyObject *answer = py_pickling_call(state, "travels_by_name", object, place); /* owned */
    Py_DECREF(place);
    if (answer == NULL)
        return -1;
    int is_true = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return is_true;
}

int py_pickling_refuse(core_state_t *state, PyObject *object) {
    PyObject *result = py_pickling_call(state, "refuse", object, NULL);
    if (result != NULL) {
        Py_DECREF(result);
        PyErr_Format(PyExc_TypeError, "cannot pickle '%.200s' object", Py_TYPE(object)->tp_name);
    }
    return -1;
}

static void capsule_free(PyObject *capsule) {
    py_definition_unref(PyCapsule_GetPointer(capsule, capsule_name));
}

PyObject *py_pickling_capsule(py_definition_t *taken) {
    PyObject *capsule = PyCapsule_New(taken, capsule_name, capsule_free);
    if (capsule == NULL)
        py_definition_unref(taken);
    return capsule;
}

py_definition_t *py_pickling_definition(PyObject *capsule) {
    return PyCapsule_GetPointer(capsule, capsule_name);
}
