/* py_transfer_state.c - the unit's part of the module state. */
#include "python/py_encoder.h"

#include <assert.h>

static const char *const texts[TEXT_COUNT] = {
    [TEXT_MODULE] = "__module__",
    [TEXT_QUALNAME] = "__qualname__",
    [TEXT_NAME] = "__name__",
    [TEXT_REDUCE_EX] = "__reduce_ex__",
    [TEXT_REDUCE] = "__reduce__",
    [TEXT_GETSTATE] = "__getstate__",
    [TEXT_SETSTATE] = "__setstate__",
    [TEXT_GETNEWARGS] = "__getnewargs__",
    [TEXT_GETNEWARGS_EX] = "__getnewargs_ex__",
    [TEXT_DICT] = "__dict__",
    [TEXT_ENUM_NAME] = "_name_",
    [TEXT_EXTEND] = "extend",
    [TEXT_APPEND] = "append",
    [TEXT_TYPECODE] = "typecode",
    [TEXT_FROMBYTES] = "frombytes",
    [TEXT_ENUM] = "enum",
    [TEXT_ARRAY] = "array",
    [TEXT_TYPES] = "types",
    [TEXT_EMPTY] = "",
};

static_assert((int)TEXT_COUNT <= (int)PY_TRANSFER_TEXTS, "every text needs a place in the state");

int py_transfer_state_init(PyObject *module, py_transfer_state_t *transfer) {
    (void)module;
    for (int i = 0; i < TEXT_COUNT; i++) {
        transfer->text[i] = PyUnicode_InternFromString(texts[i]);
        if (transfer->text[i] == NULL)
            return -1;
    }
    PyObject *copyreg = PyImport_ImportModule("copyreg"); /* owned */
    if (copyreg == NULL)
        return -1;
    transfer->dispatch_table = PyObject_GetAttrString(copyreg, "dispatch_table");
    Py_DECREF(copyreg);
    if (transfer->dispatch_table == NULL)
        return -1;
    if (!PyDict_CheckExact(transfer->dispatch_table)) {
        PyErr_SetString(PyExc_ImportError, "copyreg.dispatch_table is not a dict");
        return -1;
    }
    return 0;
}

void py_transfer_keep(py_transfer_state_t *transfer, PyObject **place, PyObject *taken) {
    py_transfer_lock(transfer);
    bool is_first = *place == NULL;
    if (is_first)
        *place = taken;
    py_transfer_unlock(transfer);
    if (!is_first)
        Py_DECREF(taken);
}

int py_transfer_state_traverse(py_transfer_state_t *transfer, visitproc visit, void *arg) {
    Py_VISIT(transfer->dispatch_table);
    Py_VISIT(transfer->enum_type);
    Py_VISIT(transfer->array_type);
    Py_VISIT(transfer->pickling);
    return py_names_traverse(transfer, visit, arg);
}

void py_transfer_state_clear(py_transfer_state_t *transfer) {
    py_names_clear(transfer);
    for (int i = 0; i < PY_TRANSFER_KEYS; i++)
        Py_CLEAR(transfer->keys[i]);
    for (int i = 0; i < TEXT_COUNT; i++)
        Py_CLEAR(transfer->text[i]);
    Py_CLEAR(transfer->dispatch_table);
    Py_CLEAR(transfer->enum_type);
    Py_CLEAR(transfer->array_type);
    Py_CLEAR(transfer->pickling);
}

PyObject *core_transfer_check(PyObject *module, PyObject *value) {
    boc_payload_t payload = {0};
    if (py_transfer_encode_copies(PyModule_GetState(module), value, &payload) < 0)
        return NULL;
    boc_payload_drop(&payload);
    Py_RETURN_NONE;
}

PyObject *core_transfer_roundtrip(PyObject *module, PyObject *value) {
    core_state_t *state = PyModule_GetState(module);
    boc_payload_t payload = {0};
    if (py_transfer_encode(state, value, &payload) < 0)
        return NULL;
    PyObject *result = py_transfer_take(state, &payload);
    boc_payload_drop(&payload);
    return result;
}
