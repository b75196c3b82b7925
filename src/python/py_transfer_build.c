/* py_transfer_build.c - containers, instances and reductions from the values inside them. */
#include "python/py_decoder.h"
#include "python/py_pickling.h"

/* The next part of the top frame: the one that was just built, or the next in the stream. */
static inline int next(py_decoder_t *d, PyObject **p_value) {
    if (d->result != NULL) {
        *p_value = d->result;
        d->result = NULL;
        return GOT_VALUE;
    }
    return py_decoder_read(d, p_value);
}

static int build_list(py_decoder_t *d, py_build_t *build) {
    PyObject *value;
    while (build->index < build->count) {
        int got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        PyList_SET_ITEM(build->object, (Py_ssize_t)build->index++, value);
    }
    return BUILD_DONE;
}

static int build_append(py_decoder_t *d, py_build_t *build) {
    PyObject *value; /* owned */
    for (; build->index < build->count; build->index++) {
        int got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        int status = PyList_Append(build->object, value);
        Py_DECREF(value);
        if (status < 0)
            return -1;
    }
    return BUILD_DONE;
}

static int build_tuple(py_decoder_t *d, py_build_t *build) {
    PyObject *value;
    while (build->index < build->count) {
        int got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        PyTuple_SET_ITEM(build->object, (Py_ssize_t)build->index++, value);
    }
    return build->is_shared && py_decoder_close_shared(d, &build->object) < 0 ? -1 : BUILD_DONE;
}

static int build_set(py_decoder_t *d, py_build_t *build) {
    PyObject *value; /* owned */
    for (; build->index < build->count; build->index++) {
        int got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        int status = PySet_Add(build->object, value);
        Py_DECREF(value);
        if (status < 0)
            return -1;
    }
    return BUILD_DONE;
}

static int build_frozenset(py_decoder_t *d, py_build_t *build) {
    int status = build_list(d, build);
    if (status != BUILD_DONE)
        return status;
    PyObject *set = PyFrozenSet_New(build->object);
    if (set == NULL)
        return -1;
    Py_SETREF(build->object, set);
    return build->is_shared && py_decoder_close_shared(d, &build->object) < 0 ? -1 : BUILD_DONE;
}

static int build_dict(py_decoder_t *d, py_build_t *build) {
    PyObject *value; /* owned */
    for (; build->index < build->count; build->index++) {
        int got;
        if (build->key == NULL) {
            got = d->result != NULL ? next(d, &build->key) : py_decoder_read_key(d, &build->key);
            if (got != GOT_VALUE)
                return got < 0 ? -1 : BUILD_MORE;
        }
        got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        int status = PyDict_SetItem(build->object, build->key, value);
        Py_DECREF(value);
        Py_CLEAR(build->key);
        if (status < 0)
            return -1;
    }
    return BUILD_DONE;
}

/* ---- instances ---- */

static int unusable(const char *what, PyObject *object) {
    PyErr_Format(PyExc_TypeError, "cannot decode an instance: %s %R differs between interpreters",
                 what, object);
    return -1;
}

/* The class was read: make the empty instance. */
static int make_instance(py_decoder_t *d, py_build_t *build, PyObject *class) {
    if (!PyType_Check(class))
        return unusable("what should be a class", class);
    PyTypeObject *type = (PyTypeObject *)class;
    uint32_t id;
    if (d->info == NULL || !py_type_info_is_current(d->state, d->info, type)) {
        py_type_info_unref(d->info);
        d->info = py_names_find_known(d->state, class, &id)
                      ? py_type_info_of_name(d->state, id, type)
                      : py_type_info_new(d->state, type);
        if (d->info == NULL)
            return -1;
    }
    build->info = d->info;
    build->info->refs++;
    if (build->info->kind != PY_TYPE_PLAIN)
        return unusable("class", class);
    build->object = type->tp_alloc(type, 0);
    if (build->object == NULL ||
        (build->is_shared && py_decoder_close_shared(d, &build->object) < 0))
        return -1;
    return 0;
}

static int set_attribute(py_build_t *build, PyObject *value) {
    PyObject *key = build->key;
    if (!build->info->has_setters && PyUnicode_CheckExact(key))
        return PyObject_GenericSetAttr(build->object, key, value);
    PyObject *dict = PyObject_GenericGetDict(build->object, NULL); /* owned */
    if (dict == NULL)
        return -1;
    int status = PyDict_SetItem(dict, key, value);
    Py_DECREF(dict);
    return status;
}

static int build_slots(py_decoder_t *d, py_build_t *build) {
    PyObject *value; /* owned */
    for (; build->index < build->count; build->index++) {
        if (d->result == NULL && *d->at == TAG_UNSET) {
            d->at++;
            continue;
        }
        int got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        int status = py_type_slot_set(build->object, build->info->slots[build->index], value);
        Py_DECREF(value);
        if (status < 0)
            return -1;
    }
    return BUILD_DONE;
}

static int build_attributes(py_decoder_t *d, py_build_t *build) {
    PyObject *value; /* owned */
    for (; build->index < build->count; build->index++) {
        int got;
        if (build->key == NULL) {
            got = d->result != NULL ? next(d, &build->key) : py_decoder_read_key(d, &build->key);
            if (got != GOT_VALUE)
                return got < 0 ? -1 : BUILD_MORE;
        }
        got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        int status = set_attribute(build, value);
        Py_DECREF(value);
        Py_CLEAR(build->key);
        if (status < 0)
            return -1;
    }
    return BUILD_DONE;
}

static int build_instance(py_decoder_t *d, py_build_t *build) {
    if (build->phase == 0) {
        PyObject *class; /* owned */
        int got = next(d, &class);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        size_t memo_count = d->memo_count;
        int status = make_instance(d, build, class);
        Py_DECREF(class);
        if (status < 0)
            return -1;
        if (build->is_shared && d->memo_count == memo_count)
            return BUILD_DONE; /* it was built inside its own class */
        build->count = py_decoder_number(d);
        if (build->count != (uint64_t)build->info->slot_count)
            return unusable("class", (PyObject *)Py_TYPE(build->object));
        build->phase = 1;
    }
    if (build->phase == 1) {
        int status = build_slots(d, build);
        if (status != BUILD_DONE)
            return status;
        build->index = 0;
        build->count = py_decoder_number(d);
        build->phase = 2;
    }
    return build_attributes(d, build);
}

/* ---- reductions ---- */

/* As a definition: the object that is here under its number already, if there is one. */
static int define(py_decoder_t *d, py_build_t *build) {
    PyObject *spec = NULL; /* owned */
    PyObject *there = NULL; /* owned */
    PyObject *capsule = py_pickling_capsule(py_definition_ref(d->definition)); /* owned */
    if (capsule == NULL)
        return -1;
    spec = Py_BuildValue("OKK", capsule, (unsigned long long)d->definition->first_number,
                         (unsigned long long)build->index);
    if (spec != NULL)
        there = py_pickling_call(d->state, "settle_definition", build->object, spec);
    Py_XDECREF(spec);
    Py_DECREF(capsule);
    if (there == NULL)
        return -1;
    build->is_discarded = there != build->object;
    Py_SETREF(build->object, there);
    if (d->kept == NULL && (d->kept = PyList_New(0)) == NULL)
        return -1;
    return PyList_Append(d->kept, there);
}

static int call_reduction(py_decoder_t *d, py_build_t *build, PyObject *arguments) {
    build->object = PyObject_Call(build->key, arguments, NULL);
    d->transfer->epoch++;
    Py_CLEAR(build->key);
    if (build->object == NULL)
        return -1;
    size_t number = d->memo_count;
    if (build->is_definition) {
        const uint8_t *at = d->at;
        if (!build->is_shared || py_decoder_number(d) == number) {
            if (define(d, build) < 0)
                return -1;
        }
        d->at = at;
    }
    if (build->is_shared && py_decoder_close_shared(d, &build->object) < 0)
        return -1;
    build->parts = *d->at++;
    return 0;
}

/* obj.extend(items), or append where there is no extend. */
static int add_items(py_decoder_t *d, PyObject *object, PyObject *items) {
    PyObject **text = d->transfer->text;
    d->transfer->epoch++;
    if (PyList_CheckExact(object))
        return PyList_SetSlice(object, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, items);
    PyObject *method = PyObject_GetAttr(object, text[TEXT_EXTEND]); /* owned */
    if (method != NULL) {
        PyObject *done = PyObject_CallOneArg(method, items);
        Py_DECREF(method);
        Py_XDECREF(done);
        return done == NULL ? -1 : 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_AttributeError))
        return -1;
    PyErr_Clear();
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items); i++) {
        PyObject *done =
            PyObject_CallMethodOneArg(object, text[TEXT_APPEND], PyList_GET_ITEM(items, i));
        if (done == NULL)
            return -1;
        Py_DECREF(done);
    }
    return 0;
}

static int build_items(py_decoder_t *d, py_build_t *build) {
    if (build->items == NULL && (build->items = PyList_New(0)) == NULL)
        return -1;
    PyObject *value; /* owned */
    while (d->result != NULL || *d->at != TAG_END) {
        int got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        int status = PyList_Append(build->items, value);
        Py_DECREF(value);
        if (status < 0)
            return -1;
    }
    d->at++;
    return build->is_discarded || add_items(d, build->object, build->items) == 0 ? BUILD_DONE : -1;
}

static int build_pairs(py_decoder_t *d, py_build_t *build) {
    PyObject *value; /* owned */
    while (build->key != NULL || d->result != NULL || *d->at != TAG_END) {
        int got;
        if (build->key == NULL) {
            got = d->result != NULL ? next(d, &build->key) : py_decoder_read_key(d, &build->key);
            if (got != GOT_VALUE)
                return got < 0 ? -1 : BUILD_MORE;
        }
        got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        int status = build->is_discarded ? 0 : PyObject_SetItem(build->object, build->key, value);
        d->transfer->epoch++;
        Py_DECREF(value);
        Py_CLEAR(build->key);
        if (status < 0)
            return -1;
    }
    d->at++;
    return BUILD_DONE;
}

static int update_dict(py_decoder_t *d, PyObject *object, PyObject *state) {
    PyObject *dict = PyObject_GetAttr(object, d->transfer->text[TEXT_DICT]); /* owned */
    PyObject *key, *value;                                                  /* borrowed */
    Py_ssize_t position = 0;
    int status = dict == NULL ? -1 : 0;
    while (status == 0 && PyDict_Next(state, &position, &key, &value)) {
        Py_INCREF(key);
        if (PyUnicode_CheckExact(key))
            PyUnicode_InternInPlace(&key);
        status = PyObject_SetItem(dict, key, value);
        Py_DECREF(key);
    }
    Py_XDECREF(dict);
    return status;
}

/* What pickle does with a state, in the same order. */
static int set_state(py_decoder_t *d, PyObject *object, PyObject *set, PyObject *state) {
    PyObject *done;
    d->transfer->epoch++;
    if (set != NULL) {
        done = PyObject_CallFunctionObjArgs(set, object, state, NULL);
        Py_XDECREF(done);
        return done == NULL ? -1 : 0;
    }
    PyObject *method = PyObject_GetAttr(object, d->transfer->text[TEXT_SETSTATE]); /* owned */
    if (method != NULL) {
        done = PyObject_CallOneArg(method, state);
        Py_DECREF(method);
        Py_XDECREF(done);
        return done == NULL ? -1 : 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_AttributeError))
        return -1;
    PyErr_Clear();
    PyObject *slots = Py_None; /* borrowed */
    if (PyTuple_CheckExact(state) && PyTuple_GET_SIZE(state) == 2) {
        slots = PyTuple_GET_ITEM(state, 1);
        state = PyTuple_GET_ITEM(state, 0);
    }
    if ((state != Py_None && !PyDict_Check(state)) || (slots != Py_None && !PyDict_Check(slots))) {
        PyErr_Format(PyExc_TypeError, "state of %.200s is not a dictionary",
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    if (state != Py_None && update_dict(d, object, state) < 0)
        return -1;
    PyObject *key, *value; /* borrowed */
    Py_ssize_t position = 0;
    while (slots != Py_None && PyDict_Next(slots, &position, &key, &value))
        if (PyObject_SetAttr(object, key, value) < 0)
            return -1;
    return 0;
}

static int build_reduce(py_decoder_t *d, py_build_t *build) {
    PyObject *value = NULL; /* owned */
    int status;
    for (;; build->phase++) {
        bool reads = build->phase < 2 || (build->phase == 4 && build->parts & PART_SETTER) ||
                     (build->phase == 5 && build->parts & PART_STATE);
        if (reads) {
            int got = next(d, &value);
            if (got != GOT_VALUE)
                return got < 0 ? -1 : BUILD_MORE;
        }
        status = BUILD_DONE;
        switch (build->phase) {
        case 0:
        case 4: /* callable, setter */
            if (reads)
                build->key = value;
            break;
        case 1:
            status = call_reduction(d, build, value);
            Py_DECREF(value);
            if (status == 0)
                status = BUILD_DONE;
            break;
        case 2:
            if (build->parts & PART_ITEMS)
                status = build_items(d, build);
            break;
        case 3:
            if (build->parts & PART_PAIRS)
                status = build_pairs(d, build);
            break;
        case 5:
            if (!reads)
                return BUILD_DONE;
            status = build->is_discarded ? 0 : set_state(d, build->object, build->key, value);
            Py_DECREF(value);
            return status < 0 ? -1 : BUILD_DONE;
        }
        if (status != BUILD_DONE)
            return status;
    }
}

int py_decoder_build(py_decoder_t *d, py_build_t *build) {
    switch (build->kind) {
    case BUILD_LIST:
        return build_list(d, build);
    case BUILD_APPEND:
        return build_append(d, build);
    case BUILD_TUPLE:
        return build_tuple(d, build);
    case BUILD_DICT:
        return build_dict(d, build);
    case BUILD_SET:
        return build_set(d, build);
    case BUILD_FROZENSET:
        return build_frozenset(d, build);
    case BUILD_INSTANCE:
        return build_instance(d, build);
    case BUILD_REDUCE:
        return build_reduce(d, build);
    }
    Py_UNREACHABLE();
}
