/* py_transfer_objects.c - encoding objects that the encoder tells by their class: instances,
 * cowns, buffers, and classes and functions by name or by value. */
#include "python/py_cown.h"
#include "python/py_encoder.h"
#include "python/py_pickling.h"

#include <assert.h>

/* Append `item`, a counted reference that is taken on failure too, to a table. */
static int table_add(void ***p_table, uint32_t *p_count, uint32_t *p_capacity, void *item) {
    if (*p_count == *p_capacity) {
        uint32_t capacity = *p_capacity == 0 ? 4 : *p_capacity * 2;
        void **table = PyMem_RawRealloc(*p_table, capacity * sizeof *table);
        if (table == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        *p_table = table;
        *p_capacity = capacity;
    }
    (*p_table)[(*p_count)++] = item;
    return 0;
}

/* The common beginning of what exists before its parts: 1 if it was written as seen,
 * else the tag's flag is set if it may occur again. */
static int open_shared(py_encoder_t *e, PyObject *object, bool is_shared, int *p_tag) {
    if (!is_shared)
        return 0;
    int status = py_encoder_write_seen(e, object);
    if (status == 0) {
        status = py_encoder_memoize(e, object);
        *p_tag |= TAG_SHARED;
    }
    return status;
}

/* ---- classes and functions ---- */

/* The place of `object` among what this definition defines, appended if it is new. */
static Py_ssize_t place_of(py_encoder_t *e, PyObject *object) {
    Py_ssize_t count = PyList_GET_SIZE(e->defined);
    for (Py_ssize_t i = 0; i < count; i++)
        if (PyList_GET_ITEM(e->defined, i) == object)
            return i;
    return PyList_Append(e->defined, object) < 0 ? -1 : count;
}

static int put_defined(py_encoder_t *e, PyObject *object, PyObject *capsule, Py_ssize_t place) {
    py_definition_t *definition = py_pickling_definition(capsule);
    uint32_t index = 0;
    while (index < e->definition_count && e->definitions[index] != definition)
        index++;
    if (index == e->definition_count) {
        if (table_add((void ***)(void *)&e->definitions, &e->definition_count,
                      &e->definition_capacity, definition) < 0)
            return -1;
        (void)py_definition_ref(definition);
    }
    if (py_encoder_memoize(e, object) < 0 ||
        py_encoder_write_tagged(e, TAG_DEFINED | TAG_SHARED, index) < 0)
        return -1;
    return py_encoder_write_number(e, (uint64_t)place);
}

static bool is_same_body(py_blob_t *a, py_blob_t *b) {
    return a->size == b->size && a->cown_count == b->cown_count &&
           a->definition_count == b->definition_count && a->move_count + b->move_count == 0 &&
           memcmp(py_blob_bytes(a), py_blob_bytes(b), a->size) == 0 &&
           memcmp(py_blob_cowns(a), py_blob_cowns(b), a->cown_count * sizeof(void *)) == 0 &&
           memcmp(py_blob_definitions(a), py_blob_definitions(b),
                  a->definition_count * sizeof(void *)) == 0;
}

/* Encode `object` as a definition of its own, unless `known` says the same already. */
static int define(py_encoder_t *e, PyObject *object, PyObject *known, Py_ssize_t known_place) {
    PyObject *defined = NULL; /* owned */
    PyObject *capsule = NULL; /* owned */
    PyObject *number = NULL;  /* owned */
    PyObject *done = NULL;    /* owned */
    int status = -1;
    py_blob_t *body = py_encoder_run(e->state, object, e->moves, &defined);
    if (body == NULL)
        return -1;
    if (known != NULL && known_place == 0 &&
        is_same_body(body, py_pickling_definition(known)->body)) {
        py_blob_unref(body);
        status = put_defined(e, object, known, 0);
        goto done;
    }
    uint64_t first = py_definition_numbers((uint64_t)PyList_GET_SIZE(defined));
    py_definition_t *definition = py_definition_new(body, first);
    if (definition == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    capsule = py_pickling_capsule(definition);
    number = capsule == NULL ? NULL : PyLong_FromUnsignedLongLong(first);
    done = number == NULL ? NULL : PyTuple_Pack(2, capsule, number);
    if (done == NULL)
        goto done;
    Py_SETREF(done, py_pickling_call(e->state, "add_definition", defined, done));
    if (done != NULL)
        status = put_defined(e, object, capsule, 0);
done:
    Py_XDECREF(done);
    Py_XDECREF(number);
    Py_XDECREF(capsule);
    Py_XDECREF(defined);
    return status;
}

/* A class or function that no name gives. */
static int put_by_value(py_encoder_t *e, PyObject *object) {
    PyObject *reduction = NULL; /* owned */
    PyObject *known = py_pickling_call(e->state, "find_definition", object, NULL); /* owned */
    if (known == NULL)
        return -1;
    int status = -1;
    PyObject *capsule = NULL; /* borrowed */
    Py_ssize_t place = 0;
    bool is_final = false;
    if (known != Py_None) {
        capsule = PyTuple_GET_ITEM(known, 0);
        place = PyLong_AsSsize_t(PyTuple_GET_ITEM(known, 1));
        is_final = PyTuple_GET_ITEM(known, 2) == Py_True;
    }
    bool is_root = e->is_definition && PyList_GET_SIZE(e->defined) == 0;
    if (capsule != NULL && !is_root && is_final) {
        status = put_defined(e, object, capsule, place);
        goto done;
    }
    if (!e->is_definition) {
        status = define(e, object, capsule, place);
        goto done;
    }
    reduction = py_pickling_call(e->state, "reduce_by_value", object, NULL);
    if (reduction == NULL)
        goto done;
    place = place_of(e, object);
    if (place < 0 || py_encoder_write_tagged(e, TAG_DEFINE, (uint64_t)place) < 0)
        goto done;
    status = py_encoder_push_reduction(e, object, true, reduction);
done:
    Py_XDECREF(reduction);
    Py_DECREF(known);
    return status;
}

static int put_named(py_encoder_t *e, PyObject *object) {
    uint32_t id;
    int status = py_encoder_write_seen(e, object); /* by value, earlier in this value */
    if (status != 0)
        return status < 0 ? -1 : PUT_DONE;
    status = py_names_find(e->state, object, NULL, &id);
    if (status == 0)
        return put_by_value(e, object);
    return status < 0 ? -1 : py_encoder_write_name(e, id);
}

/* ---- instances ---- */

#define NO_ID UINT32_MAX

/* The info of a class without a name that occurred in this value before; a new reference,
 * NULL without an exception if there is none. */
static py_type_info_t *known_info(py_encoder_t *e, PyTypeObject *type) {
    for (unsigned i = 0; i < PY_ENCODER_INFOS; i++)
        if (e->infos[i] != NULL && py_type_info_is_current(e->state, e->infos[i], type))
            return py_type_info_ref(e->infos[i]);
    return NULL;
}

/* The first time: look, and keep the info for the rest of the value. */
static py_type_info_t *new_info(py_encoder_t *e, PyTypeObject *type) {
    py_type_info_t *info = py_type_info_new(e->state, type);
    if (info == NULL)
        return NULL;
    unsigned i = e->info_next++ % PY_ENCODER_INFOS;
    py_type_info_unref(e->infos[i]);
    e->infos[i] = py_type_info_ref(info);
    Py_XSETREF(e->types[i], Py_NewRef(type));
    return info;
}

/* The info of the class of `object`, a new reference; its name's number or NO_ID. */
static py_type_info_t *info_of(py_encoder_t *e, PyObject *object, uint32_t *p_id) {
    PyTypeObject *type = Py_TYPE(object);
    if (e->last_type == type && e->last_epoch == e->transfer->epoch) {
        *p_id = e->last_id;
        return py_type_info_ref(e->last_info);
    }
    py_type_info_t *info = known_info(e, type);
    *p_id = NO_ID;
    if (info == NULL) {
        int status = py_names_find(e->state, (PyObject *)type, NULL, p_id);
        if (status < 0)
            return NULL;
        if (status == 0)
            *p_id = NO_ID;
        info = status > 0 ? py_type_info_of_name(e->state, *p_id, type) : new_info(e, type);
    }
    if (info != NULL) {
        e->last_type = type;
        py_type_info_unref(e->last_info);
        e->last_info = py_type_info_ref(info);
        e->last_id = *p_id;
        e->last_epoch = e->transfer->epoch;
    }
    return info;
}

/* The values of the slots, NULL where empty: a tuple that nobody else can see. */
static PyObject *slot_values(PyObject *object, const py_type_info_t *info) {
    PyObject *values = PyTuple_New(info->slot_count);
    if (values == NULL)
        return NULL;
    PyObject_GC_UnTrack(values);
    for (Py_ssize_t i = 0; i < info->slot_count; i++)
        PyTuple_SET_ITEM(values, i, py_type_slot_get(object, info->slots[i]));
    return values;
}

static int put_instance(py_encoder_t *e, PyObject *object, bool is_shared,
                        const py_type_info_t *info, uint32_t id) {
    if (is_shared) {
        int status = py_encoder_write_seen(e, object);
        if (status != 0)
            return status < 0 ? -1 : PUT_DONE;
        if (py_encoder_begin(e, object) < 0)
            return -1;
    }
    PyObject *dict = NULL;   /* owned */
    PyObject *values = NULL; /* owned */
    py_frame_t *frame = NULL;
    if (info->slot_count > 0 && (values = slot_values(object, info)) == NULL)
        goto done;
    if (info->has_dict && (dict = PyObject_GenericGetDict(object, NULL)) == NULL)
        goto done;
#ifdef Py_GIL_DISABLED
    if (dict != NULL) {
        Py_SETREF(dict, PyDict_Copy(dict)); /* other threads may change the object */
        if (dict == NULL)
            goto done;
    }
#endif
    if (py_encoder_write_byte(e, is_shared ? TAG_INSTANCE | TAG_SHARED : TAG_INSTANCE) < 0)
        goto done;
    frame = py_encoder_push(e, FRAME_INSTANCE, object, dict);
    if (frame == NULL)
        goto done;
    frame->value = Py_XNewRef(values);
    frame->count = is_shared;
done:
    Py_XDECREF(values);
    Py_XDECREF(dict);
    if (frame == NULL)
        return -1;
    /* A class by value goes on top of the instance's frame. */
    int status =
        id != NO_ID ? py_encoder_write_name(e, id) : put_named(e, (PyObject *)Py_TYPE(object));
    return status < 0 ? -1 : PUT_FRAME;
}

static int put_enum(py_encoder_t *e, PyObject *object, bool is_shared, const py_type_info_t *info,
                    uint32_t class_id) {
    uint32_t id;
    int status = py_names_find_known(e->state, object, &id);
    if (status == 0 && class_id != NO_ID) {
        PyObject *path = NULL; /* owned */
        PyObject *name = PyObject_GetAttr(object, e->transfer->text[TEXT_ENUM_NAME]); /* owned */
        if (name != NULL && PyUnicode_Check(name))
            path = PyUnicode_FromFormat("%U.%U", py_names_entry(e->transfer, class_id)->path, name);
        Py_XDECREF(name);
        if (path == NULL)
            PyErr_Clear(); /* a combination of flags has no name */
        else
            status = py_names_find(e->state, object, path, &id);
        Py_XDECREF(path);
    }
    if (status > 0)
        return py_encoder_write_name(e, id);
    return status < 0 ? -1 : py_encoder_put_reduced(e, object, is_shared, info);
}

static int put_cown(py_encoder_t *e, PyObject *object, bool is_shared) {
    int tag = TAG_COWN;
    int status = open_shared(e, object, is_shared, &tag);
    if (status != 0)
        return status < 0 ? -1 : PUT_DONE;
    boc_cown_t *cown = py_cown_native(object);
    uint32_t index = e->held_count;
    if (table_add(&e->held, &e->held_count, &e->held_capacity, cown) < 0)
        return -1;
    boc_cown_ref(cown);
    return py_encoder_write_tagged(e, tag, index);
}

/* ---- foreign objects ---- */

static int put_foreign(py_encoder_t *e, PyObject *object, const py_foreign_t *foreign) {
    int tag = TAG_FOREIGN;
    /* Always in the memo: it can move only once. */
    int status = open_shared(e, object, true, &tag);
    if (status != 0)
        return status < 0 ? -1 : PUT_DONE;
    /* A definition is decoded in every interpreter. */
    py_move_t *move = py_moves_out(e->state, e->moves, foreign, object, e->is_definition);
    e->transfer->epoch++;
    if (move == NULL)
        return -1;
    uint32_t index = e->moved_count;
    if (table_add((void ***)(void *)&e->moved, &e->moved_count, &e->moved_capacity, move) < 0) {
        py_move_unref(move);
        return -1;
    }
    return py_encoder_write_tagged(e, tag, index);
}

/* ---- buffers ---- */

static int put_array(py_encoder_t *e, PyObject *object) {
    int tag = TAG_ARRAY;
    /* Always in the memo: a memoryview's reference of its base counts for all views. */
    int status = open_shared(e, object, true, &tag);
    if (status != 0)
        return status < 0 ? -1 : PUT_DONE;
    Py_buffer view;
    PyObject *typecode = PyObject_GetAttr(object, e->transfer->text[TEXT_TYPECODE]); /* owned */
    if (typecode == NULL)
        return -1;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0) {
        Py_DECREF(typecode);
        return -1;
    }
    status = py_encoder_write_byte(e, tag);
    if (status == 0) /* the type code is where a tag would be */
        status = py_encoder_write_sized(e, (int)PyUnicode_READ_CHAR(typecode, 0), view.buf,
                                        (size_t)view.len);
    PyBuffer_Release(&view);
    Py_DECREF(typecode);
    return status;
}

/* The content of `view` as an object of its own. */
static int put_content(py_encoder_t *e, const Py_buffer *view, int tag) {
    if (PyBuffer_IsContiguous(view, 'C'))
        return py_encoder_write_sized(e, tag, view->buf, (size_t)view->len);
    void *content = PyMem_RawMalloc(view->len > 0 ? (size_t)view->len : 1);
    if (content == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int status = PyBuffer_ToContiguous(content, view, view->len, 'C');
    if (status == 0)
        status = py_encoder_write_sized(e, tag, content, (size_t)view->len);
    PyMem_RawFree(content);
    return status;
}

/* The object that a view shows, if that can be encoded with it, so that other views of
 * it and itself stay connected: the start of `view` in it, else -1. */
static Py_ssize_t start_in_base(py_encoder_t *e, PyObject *base, const Py_buffer *view) {
    Py_buffer whole;
    if (base == NULL || !PyBuffer_IsContiguous(view, 'C'))
        return -1;
    if (!PyByteArray_CheckExact(base) && !PyBytes_CheckExact(base) &&
        (PyObject *)Py_TYPE(base) != e->transfer->array_type)
        return -1;
    if (PyObject_GetBuffer(base, &whole, PyBUF_SIMPLE) < 0) {
        PyErr_Clear();
        return -1;
    }
    Py_ssize_t start = (const char *)view->buf - (const char *)whole.buf;
    bool is_part = PyBytes_CheckExact(base) && view->len != whole.len;
    PyBuffer_Release(&whole);
    return is_part ? -1 : view->len == 0 ? 0 : start;
}

static int put_view(py_encoder_t *e, PyObject *object, const Py_buffer *view, int tag) {
    const char *format = view->format == NULL ? "B" : view->format;
    PyObject *base = PyMemoryView_GET_BASE(object); /* borrowed */
    Py_ssize_t start = start_in_base(e, base, view);
    int status = py_encoder_write_byte(e, tag);
    if (status == 0)
        status = start >= 0 ? py_encoder_put(e, base, 1)
                            : put_content(e, view, view->readonly ? TAG_BYTES : TAG_BYTEARRAY);
    assert(status != PUT_FRAME);
    /* Whether it is read-only is where a tag would be. */
    if (status < 0 || py_encoder_write_number(e, start < 0 ? 0 : (uint64_t)start) < 0 ||
        py_encoder_write_number(e, (uint64_t)view->len) < 0 ||
        py_encoder_write_sized(e, (int)view->readonly, format, strlen(format)) < 0 ||
        py_encoder_write_number(e, (uint64_t)view->ndim) < 0)
        return -1;
    for (int i = 0; i < view->ndim; i++)
        if (py_encoder_write_number(e, (uint64_t)view->shape[i]) < 0)
            return -1;
    return PUT_DONE;
}

/* Whether memoryview.cast can make `format` again. */
static bool is_native_format(const char *format) {
    if (format == NULL)
        return true;
    if (*format == '@')
        format++;
    return *format != 0 && format[1] == 0 && strchr("cbB?hHiIlLqQnNfdePuw", *format) != NULL;
}

static int put_memoryview(py_encoder_t *e, PyObject *object, bool is_shared) {
    const int tag = is_shared ? TAG_MEMORYVIEW | TAG_SHARED : TAG_MEMORYVIEW;
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) < 0)
        return -1;
    int status = -1;
    if (!is_native_format(view.format))
        status = py_pickling_refuse(e->state, object);
    else if (!is_shared || (status = py_encoder_write_seen(e, object)) == 0)
        status = put_view(e, object, &view, tag);
    if (status == PUT_DONE && is_shared)
        status = py_encoder_memoize(e, object); /* as it is decoded: after what it shows */
    PyBuffer_Release(&view);
    return status < 0 ? -1 : PUT_DONE;
}

/* pickle.PickleBuffer, out of a protocol 5 reduction: its content, as a bytearray if it
 * can be written to. */
static int put_pickle_buffer(py_encoder_t *e, PyObject *object, bool is_shared) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) < 0)
        return -1;
    int tag = view.readonly ? TAG_BYTES : TAG_BYTEARRAY;
    int status;
    if (!PyBuffer_IsContiguous(&view, 'A'))
        status = py_pickling_refuse(e->state, object);
    else if ((status = open_shared(e, object, is_shared, &tag)) == 0)
        status = py_encoder_write_sized(e, tag, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return status < 0 ? -1 : PUT_DONE;
}

/* ---- dispatch ---- */

static int put_module(py_encoder_t *e, PyObject *object, bool is_shared) {
    uint32_t id;
    int status = py_names_find_module(e->state, object, &id);
    if (status > 0)
        return py_encoder_write_name(e, id);
    py_type_info_t *info = status < 0 ? NULL : py_type_info_new(e->state, Py_TYPE(object));
    if (info == NULL)
        return -1;
    status = py_encoder_put_reduced(e, object, is_shared, info);
    py_type_info_unref(info);
    return status;
}

/* What occurs in classes and functions only, a property for one: 0 if it is something else. */
static int put_definition_part(py_encoder_t *e, PyObject *object, bool is_shared, int *p_status) {
    PyObject *value = py_pickling_call(e->state, "reduce_in_definition", object, NULL); /* owned */
    if (value == NULL)
        return -1;
    if (value == Py_None) {
        Py_DECREF(value);
        return 0;
    }
    *p_status = is_shared ? py_encoder_write_seen(e, object) : 0;
    if (*p_status == 0)
        *p_status = py_encoder_push_reduction(e, object, is_shared, value);
    else if (*p_status > 0)
        *p_status = PUT_DONE;
    Py_DECREF(value);
    return 1;
}

static int put_by_kind(py_encoder_t *e, PyObject *object, bool is_shared) {
    if (e->is_definition) {
        int status = PUT_DONE;
        int is_part = put_definition_part(e, object, is_shared, &status);
        if (is_part != 0)
            return is_part < 0 ? -1 : status;
    }
    uint32_t id;
    py_type_info_t *info = info_of(e, object, &id); /* owned */
    if (info == NULL)
        return -1;
    int status = -1;
    switch (info->kind) {
    case PY_TYPE_PLAIN:
        status = put_instance(e, object, is_shared, info, id);
        break;
    case PY_TYPE_ENUM:
        status = put_enum(e, object, is_shared, info, id);
        break;
    case PY_TYPE_CLASS:
        status = put_named(e, object);
        break;
    case PY_TYPE_ARRAY:
        status = put_array(e, object);
        break;
    case PY_TYPE_REDUCE:
        status = py_encoder_put_reduced(e, object, is_shared, info);
        break;
    }
    py_type_info_unref(info);
    return status;
}

int py_encoder_put_object(py_encoder_t *e, PyObject *object, Py_ssize_t references) {
    bool is_shared = py_encoder_is_shared(object, references);
    const py_foreign_t *foreign = py_foreign_find_in(&e->state->foreign, Py_TYPE(object));
    Py_INCREF(object); /* code that runs may remove it from where it was found */
    int status;
    if (foreign != NULL)
        status = put_foreign(e, object, foreign);
    else if (PyFunction_Check(object) || Py_IS_TYPE(object, &PyType_Type))
        status = put_named(e, object);
    else if (py_cown_check(e->state, object))
        status = put_cown(e, object, is_shared);
    else if (PyMemoryView_Check(object))
        status = put_memoryview(e, object, is_shared);
    else if (PyPickleBuffer_Check(object))
        status = put_pickle_buffer(e, object, is_shared);
    else if (PyModule_CheckExact(object))
        status = put_module(e, object, is_shared);
    else
        status = put_by_kind(e, object, is_shared);
    Py_DECREF(object);
    return status;
}
