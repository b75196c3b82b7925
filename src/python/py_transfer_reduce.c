/* py_transfer_reduce.c - encoding what __reduce_ex__ gives. */
#include "python/py_encoder.h"
#include "python/py_pickling.h"

static int refuse_reduction(core_state_t *state, PyObject *object, const char *problem) {
    PyObject *text = /* owned */
        PyUnicode_FromFormat("reducing %.200s object gave no usable result: %s",
                             Py_TYPE(object)->tp_name, problem);
    PyObject *error = text == NULL ? NULL : py_pickling_call(state, "pickling_error", text, NULL);
    if (error != NULL)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    Py_XDECREF(text);
    return -1;
}

/* The tuple or string that pickle would get; a new reference. */
static PyObject *reduce(py_encoder_t *e, PyObject *object, const py_type_info_t *info) {
    py_transfer_state_t *transfer = e->transfer;
    PyObject *function = NULL; /* owned */
    PyObject *result = NULL;   /* owned */
    if (info->has_reducer) {
        function = py_transfer_dict_get(transfer->dispatch_table, (PyObject *)Py_TYPE(object));
        if (function != NULL) {
            result = PyObject_CallOneArg(function, object);
            goto done;
        }
        if (PyErr_Occurred())
            return NULL;
    }
    function = PyObject_GetAttr(object, transfer->text[TEXT_REDUCE_EX]);
    if (function != NULL) {
        PyObject *protocol = PyLong_FromLong(5); /* owned */
        if (protocol != NULL)
            result = PyObject_CallOneArg(function, protocol);
        Py_XDECREF(protocol);
        goto done;
    }
    if (!PyErr_ExceptionMatches(PyExc_AttributeError))
        return NULL;
    PyErr_Clear();
    result = PyObject_CallMethodNoArgs(object, transfer->text[TEXT_REDUCE]);
done:
    Py_XDECREF(function);
    transfer->epoch++; /* code has run */
    return result;
}

/* Check `value`, a tuple, and push its frame. */
int py_encoder_push_reduction(py_encoder_t *e, PyObject *object, bool is_shared, PyObject *value) {
    Py_ssize_t size = PyTuple_GET_SIZE(value);
    if (size < 2 || size > 6)
        return refuse_reduction(e->state, object, "a tuple must have two to six items");
    if (!PyCallable_Check(PyTuple_GET_ITEM(value, 0)))
        return refuse_reduction(e->state, object, "the first item must be callable");
    if (!PyTuple_Check(PyTuple_GET_ITEM(value, 1)))
        return refuse_reduction(e->state, object, "the second item must be a tuple");
    for (Py_ssize_t i = 3; i < size && i < 5; i++) {
        PyObject *item = PyTuple_GET_ITEM(value, i);
        if (item != Py_None && !PyIter_Check(item))
            return refuse_reduction(e->state, object, "the items must come from an iterator");
    }
    if (size > 5 && PyTuple_GET_ITEM(value, 5) != Py_None &&
        !PyCallable_Check(PyTuple_GET_ITEM(value, 5)))
        return refuse_reduction(e->state, object, "the state setter must be callable");
    if (e->reductions >= PY_REDUCTIONS_MAX) {
        PyErr_SetString(PyExc_RecursionError,
                        "maximum recursion depth exceeded while pickling an object");
        return -1;
    }
    if (py_encoder_write_byte(e, is_shared ? TAG_REDUCE | TAG_SHARED : TAG_REDUCE) < 0 ||
        (is_shared && py_encoder_begin(e, object) < 0))
        return -1;
    py_frame_t *frame = py_encoder_push(e, FRAME_REDUCE, object, value);
    if (frame == NULL)
        return -1;
    frame->count = is_shared;
    return PUT_FRAME;
}

static int put_string_reduction(py_encoder_t *e, PyObject *object, PyObject *path) {
    uint32_t id;
    int status = py_names_find(e->state, object, path, &id);
    if (status > 0)
        return py_encoder_write_name(e, id);
    return status < 0 ? -1 : py_pickling_refuse(e->state, object);
}

int py_encoder_put_reduced(py_encoder_t *e, PyObject *object, bool is_shared,
                           const py_type_info_t *info) {
    if (is_shared) {
        int status = py_encoder_write_seen(e, object);
        if (status != 0)
            return status < 0 ? -1 : PUT_DONE;
    }
    PyObject *value = reduce(e, object, info); /* owned */
    int status = -1;
    if (value == NULL)
        return -1;
    if (PyTuple_Check(value))
        status = py_encoder_push_reduction(e, object, is_shared, value);
    else if (PyUnicode_Check(value))
        status = put_string_reduction(e, object, value);
    else
        status = refuse_reduction(e->state, object, "it must be a string or a tuple");
    Py_DECREF(value);
    return status;
}

static PyObject *reduction_item(PyObject *value, Py_ssize_t i) {
    PyObject *item = i < PyTuple_GET_SIZE(value) ? PyTuple_GET_ITEM(value, i) : Py_None;
    return item == Py_None ? NULL : item;
}

/* After callable and arguments: the memo number, and which parts follow. */
static int open_parts(py_encoder_t *e, py_frame_t *frame) {
    PyObject *value = frame->items;
    if (frame->count) {
        int status = py_encoder_finish(e, frame->object);
        if (status < 0)
            return -1;
        if (status > 0) { /* met and completed inside its own arguments */
            frame->phase = UINT8_MAX;
            return py_encoder_write_byte(e, 0);
        }
    }
    int parts = (reduction_item(value, 3) ? PART_ITEMS : 0) |
                (reduction_item(value, 4) ? PART_PAIRS : 0) |
                (reduction_item(value, 2) ? PART_STATE : 0);
    if (parts & PART_STATE && reduction_item(value, 5))
        parts |= PART_SETTER;
    return py_encoder_write_byte(e, parts);
}

/* Items of an iterator; each reference is ours and the container's. */
static int step_items(py_encoder_t *e, py_frame_t *frame) {
    PyObject *iterator = reduction_item(frame->items, 3); /* borrowed */
    while (iterator != NULL) {
        PyObject *item = PyIter_Next(iterator); /* owned */
        e->transfer->epoch++;
        if (item == NULL)
            return PyErr_Occurred() ? -1 : py_encoder_write_byte(e, TAG_END);
        int status = py_encoder_put(e, item, 2);
        Py_DECREF(item);
        if (status != PUT_DONE)
            return status;
    }
    return PUT_DONE;
}

static int step_pairs(py_encoder_t *e, py_frame_t *frame) {
    PyObject *iterator = reduction_item(frame->items, 4); /* borrowed */
    if (iterator == NULL)
        return PUT_DONE;
    for (;;) {
        if (frame->waiting != NULL) {
            PyObject *value = frame->waiting; /* owned */
            frame->waiting = NULL;
            int status = py_encoder_put(e, value, 2);
            Py_DECREF(value);
            if (status != PUT_DONE)
                return status;
        }
        PyObject *pair = PyIter_Next(iterator); /* owned */
        e->transfer->epoch++;
        if (pair == NULL)
            return PyErr_Occurred() ? -1 : py_encoder_write_byte(e, TAG_END);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            Py_DECREF(pair);
            PyErr_SetString(PyExc_TypeError, "dict items iterator must return 2-tuples");
            return -1;
        }
        PyObject *key = Py_NewRef(PyTuple_GET_ITEM(pair, 0)); /* owned */
        frame->waiting = Py_NewRef(PyTuple_GET_ITEM(pair, 1));
        Py_DECREF(pair);
        int status = py_encoder_put(e, key, 2);
        Py_DECREF(key);
        if (status != PUT_DONE)
            return status;
    }
}

int py_encoder_step_reduce(py_encoder_t *e, py_frame_t *frame) {
    PyObject *value = frame->items;
    PyObject *part = NULL; /* borrowed */
    int status;
    for (;;) {
        switch (frame->phase) {
        case 0:
        case 1: /* callable, arguments */
            status = py_encoder_put(e, PyTuple_GET_ITEM(value, frame->phase++), 1);
            break;
        case 2:
            frame->phase++;
            status = open_parts(e, frame);
            break;
        case 3:
            status = step_items(e, frame);
            frame->phase += status == PUT_DONE;
            break;
        case 4:
            status = step_pairs(e, frame);
            frame->phase += status == PUT_DONE;
            break;
        case 5: /* setter */
            frame->phase++;
            part = reduction_item(value, 2) ? reduction_item(value, 5) : NULL;
            status = part == NULL ? PUT_DONE : py_encoder_put(e, part, 1);
            break;
        case 6:
            frame->phase++;
            part = reduction_item(value, 2);
            status = part == NULL ? PUT_DONE : py_encoder_put(e, part, 1);
            break;
        default:
            return PUT_DONE;
        }
        if (status != PUT_DONE)
            return status;
    }
}
