/* py_transfer_decode.c - blobs back to objects: stream, memo, leaves. */
#include "python/py_cown.h"
#include "python/py_decoder.h"
#include "python/py_pickling.h"

/* Longer keys are not worth a look into the cache. */
#define KEY_BYTES_MAX 64

/* ---- memo ---- */

static int memoize(py_decoder_t *d, PyObject *object) {
    if (d->memo_count == d->memo_capacity) {
        size_t capacity = d->memo_capacity * 4;
        PyObject **old = d->memo == d->first_memo ? NULL : d->memo;
        PyObject **memo = PyMem_RawRealloc(old, capacity * sizeof *memo);
        if (memo == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        if (old == NULL)
            memcpy(memo, d->first_memo, d->memo_count * sizeof *memo);
        d->memo = memo;
        d->memo_capacity = capacity;
    }
    d->memo[d->memo_count++] = Py_NewRef(object);
    return 0;
}

int py_decoder_close_shared(py_decoder_t *d, PyObject **p_object) {
    uint64_t number = py_decoder_number(d);
    if (number == d->memo_count)
        return memoize(d, *p_object);
    assert(number < d->memo_count);
    Py_SETREF(*p_object, Py_NewRef(d->memo[number]));
    return 0;
}

/* ---- leaves ---- */

static PyObject *read_text(py_decoder_t *d, int kind, Py_UCS4 largest) {
    size_t length = py_decoder_number(d);
    size_t size = length * (size_t)kind;
    const uint8_t *bytes = py_decoder_bytes(d, size);
    if (length < 2) { /* these exist once per interpreter */
        Py_UCS4 aligned = 0;
        memcpy(&aligned, bytes, size);
        return PyUnicode_FromKindAndData(kind, &aligned, (Py_ssize_t)length);
    }
    PyObject *text = PyUnicode_New((Py_ssize_t)length, largest);
    if (text != NULL)
        memcpy(PyUnicode_DATA(text), bytes, size);
    return text;
}

static PyObject *read_big(py_decoder_t *d) {
    size_t size = py_decoder_number(d);
    const uint8_t *bytes = py_decoder_bytes(d, size);
#if PY_VERSION_HEX >= 0x030D0000
    return PyLong_FromNativeBytes(bytes, size, Py_ASNATIVEBYTES_LITTLE_ENDIAN);
#else
    char *text = PyMem_RawMalloc(size + 1);
    if (text == NULL)
        return PyErr_NoMemory();
    memcpy(text, bytes, size);
    text[size] = 0;
    PyObject *number = PyLong_FromString(text, NULL, 16);
    PyMem_RawFree(text);
    return number;
#endif
}

static PyObject *read_array(py_decoder_t *d) {
    char typecode[2] = {(char)*d->at++, 0};
    size_t size = py_decoder_number(d);
    const uint8_t *bytes = py_decoder_bytes(d, size);
    PyObject *done = NULL;  /* owned */
    PyObject *bytes_view = NULL; /* owned */
    PyObject *array = NULL; /* owned */
    py_transfer_state_t *transfer = d->transfer;
    if (transfer->array_type == NULL) {
        PyObject *module = PyImport_Import(transfer->text[TEXT_ARRAY]); /* owned */
        PyObject *type = module ? PyObject_GetAttr(module, transfer->text[TEXT_ARRAY]) : NULL;
        Py_XDECREF(module);
        if (type == NULL)
            return NULL;
        py_transfer_keep(transfer, &transfer->array_type, type);
    }
    array = PyObject_CallFunction(transfer->array_type, "s", typecode);
    if (array == NULL || size == 0)
        return array;
    bytes_view = PyMemoryView_FromMemory((char *)(uintptr_t)bytes, (Py_ssize_t)size, PyBUF_READ);
    if (bytes_view != NULL)
        done = PyObject_CallMethodOneArg(array, transfer->text[TEXT_FROMBYTES], bytes_view);
    if (done == NULL)
        Py_CLEAR(array);
    Py_XDECREF(done);
    Py_XDECREF(bytes_view);
    return array;
}

static PyObject *read_memoryview(py_decoder_t *d) {
    PyObject *base = NULL; /* owned */
    PyObject *view = NULL; /* owned */
    PyObject *shape = NULL; /* owned */
    PyObject *spec = NULL;  /* owned */
    int got = py_decoder_read(d, &base); /* always a leaf */
    if (got < 0)
        return NULL;
    assert(got == GOT_VALUE);
    Py_ssize_t start = (Py_ssize_t)py_decoder_number(d);
    Py_ssize_t size = (Py_ssize_t)py_decoder_number(d);
    bool is_readonly = *d->at++ != 0;
    size_t format_size = py_decoder_number(d);
    const char *format = (const char *)py_decoder_bytes(d, format_size);
    Py_ssize_t dimensions = (Py_ssize_t)py_decoder_number(d);
    shape = PyTuple_New(dimensions);
    for (Py_ssize_t i = 0; i < dimensions; i++) {
        PyObject *extent = PyLong_FromUnsignedLongLong(py_decoder_number(d));
        if (shape != NULL && extent != NULL)
            PyTuple_SET_ITEM(shape, i, extent);
        else
            Py_CLEAR(shape);
    }
    if (shape != NULL)
        spec = Py_BuildValue("nns#Oi", start, size, format, (Py_ssize_t)format_size, shape,
                             is_readonly);
    if (spec != NULL)
        view = py_pickling_call(d->state, "make_view", base, spec);
    Py_XDECREF(spec);
    Py_XDECREF(shape);
    Py_DECREF(base);
    return view;
}

static PyObject *read_name(py_decoder_t *d) {
    uint32_t id;
    memcpy(&id, py_decoder_bytes(d, sizeof id), sizeof id);
    return py_names_load(d->state, id);
}

static PyObject *read_cown(py_decoder_t *d) {
    boc_cown_t *cown = py_blob_cowns(d->blob)[py_decoder_number(d)];
    boc_cown_ref(cown);
    return py_cown_wrap(d->state, cown);
}

static PyObject *read_foreign(py_decoder_t *d) {
    uint64_t index = py_decoder_number(d);
    py_move_t *move = py_blob_moves(d->blob)[index];
    if (d->takes && d->taken == NULL) {
        d->taken = PyMem_Calloc(d->blob->move_count, sizeof *d->taken);
        if (d->taken == NULL)
            return PyErr_NoMemory();
    }
    PyObject *object = py_move_in(d->state, move, d->takes);
    d->transfer->epoch++;
    if (d->takes)
        d->taken[index] = Py_XNewRef(object);
    return object;
}

/* Forget what has moved; when the value cannot be decoded, move it back. */
static void end_taken(py_decoder_t *d, bool succeeded) {
    for (uint32_t i = 0; d->taken != NULL && i < d->blob->move_count; i++) {
        if (d->taken[i] != NULL && !succeeded)
            py_move_back(d->state, d->taken[i], py_blob_moves(d->blob)[i]);
        Py_XDECREF(d->taken[i]);
    }
    PyMem_Free(d->taken);
}

static PyObject *decode_blob(core_state_t *state, py_blob_t *blob, bool takes,
                             py_definition_t *definition, PyObject **p_kept);

/* A class or function by value: the one that is here, or a new one from its definition. */
static PyObject *read_defined(py_decoder_t *d) {
    py_definition_t *definition = py_blob_definitions(d->blob)[py_decoder_number(d)];
    uint64_t place = py_decoder_number(d);
    PyObject *kept = NULL;   /* owned */
    PyObject *root = NULL;   /* owned */
    PyObject *object = NULL; /* owned */
    PyObject *number = PyLong_FromUnsignedLongLong(definition->first_number + place); /* owned */
    if (number == NULL)
        return NULL;
    object = py_pickling_call(d->state, "get_definition", number, NULL);
    if (object != Py_None)
        goto done;
    Py_CLEAR(object);
    if (Py_EnterRecursiveCall(" while decoding a definition"))
        goto done;
    root = decode_blob(d->state, definition->body, false, definition, &kept);
    Py_LeaveRecursiveCall();
    if (root == NULL || (d->kept == NULL && (d->kept = PyList_New(0)) == NULL) ||
        PyList_Append(d->kept, kept) < 0)
        goto done;
    object = py_pickling_call(d->state, "get_definition", number, NULL);
    assert(object != Py_None);
done:
    Py_XDECREF(root);
    Py_XDECREF(kept);
    Py_DECREF(number);
    return object;
}

/* ---- keys ---- */

static inline size_t key_slot(const uint8_t *bytes, size_t size) {
    uint64_t hash = size * UINT64_C(0x9E3779B97F4A7C15);
    uint64_t word = 0;
    size_t step = size < 8 ? size : 8;
    for (size_t i = 0; i + step <= size && step > 0; i += step) {
        memcpy(&word, bytes + i, step);
        hash = (hash ^ word) * UINT64_C(0xD6E8FEB86659FD93);
        hash ^= hash >> 32;
    }
    if (size > 8) {
        memcpy(&word, bytes + size - 8, 8);
        hash = (hash ^ word) * UINT64_C(0xD6E8FEB86659FD93);
        hash ^= hash >> 32;
    }
    return (size_t)hash % PY_TRANSFER_KEYS;
}

/* A key: usually a short string that was a key before. */
int py_decoder_read_key(py_decoder_t *d, PyObject **p_key) {
#ifndef Py_GIL_DISABLED
    if (*d->at == TAG_ASCII && d->at[1] <= KEY_BYTES_MAX) {
        size_t size = d->at[1];
        const uint8_t *bytes = d->at + 2;
        PyObject **slot = &d->transfer->keys[key_slot(bytes, size)];
        d->at += 2 + size;
        PyObject *key = *slot;
        if (key != NULL && (size_t)PyUnicode_GET_LENGTH(key) == size &&
            memcmp(PyUnicode_1BYTE_DATA(key), bytes, size) == 0) {
            *p_key = Py_NewRef(key);
            return GOT_VALUE;
        }
        key = PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, bytes, (Py_ssize_t)size);
        if (key == NULL)
            return -1;
        PyUnicode_InternInPlace(&key);
        Py_XSETREF(*slot, Py_NewRef(key));
        *p_key = key;
        return GOT_VALUE;
    }
#endif
    return py_decoder_read(d, p_key);
}

/* ---- stack ---- */

static py_build_t *push(py_decoder_t *d, py_build_kind_t kind, PyObject *taken, uint64_t count) {
    if (d->depth == d->builds_capacity) {
        size_t capacity = d->builds_capacity * 2;
        py_build_t *old = d->builds == d->first_builds ? NULL : d->builds;
        py_build_t *builds = PyMem_RawRealloc(old, capacity * sizeof *builds);
        if (builds == NULL) {
            Py_XDECREF(taken);
            PyErr_NoMemory();
            return NULL;
        }
        if (old == NULL)
            memcpy(builds, d->first_builds, d->depth * sizeof *builds);
        d->builds = builds;
        d->builds_capacity = capacity;
    }
    py_build_t *build = &d->builds[d->depth++];
    *build = (py_build_t){.kind = kind, .object = taken, .count = count};
    return build;
}

/* Free the top frame but for its object, which is returned. */
static PyObject *pop(py_decoder_t *d) {
    py_build_t build = d->builds[--d->depth];
    py_type_info_unref(build.info);
    Py_XDECREF(build.key);
    Py_XDECREF(build.items);
    return build.object;
}

/* `object` (taken, NULL after an error) exists before its `count` parts. */
static int open_container(py_decoder_t *d, py_build_kind_t kind, PyObject *object, uint64_t count,
                          bool is_shared, PyObject **p_value) {
    if (object == NULL)
        return -1;
    if (is_shared && memoize(d, object) < 0) {
        Py_DECREF(object);
        return -1;
    }
    if (count == 0) {
        *p_value = object;
        return GOT_VALUE;
    }
    return push(d, kind, object, count) == NULL ? -1 : GOT_FRAME;
}

/* What can only be made from its `count` parts; `taken` collects them. */
static int open_frozen(py_decoder_t *d, py_build_kind_t kind, PyObject *taken, uint64_t count,
                       bool is_shared) {
    py_build_t *build = kind == BUILD_REDUCE || kind == BUILD_INSTANCE || taken != NULL
                            ? push(d, kind, taken, count)
                            : NULL;
    if (build == NULL)
        return -1;
    build->is_shared = is_shared;
    return GOT_FRAME;
}

static inline PyObject *read_number_object(py_decoder_t *d, int tag) {
    int32_t medium;
    int64_t large;
    double real;
    Py_complex complex_number;
    switch (tag) {
    case TAG_INT8:
        return PyLong_FromLong((int8_t)*d->at++);
    case TAG_INT32:
        memcpy(&medium, py_decoder_bytes(d, sizeof medium), sizeof medium);
        return PyLong_FromLong(medium);
    case TAG_INT64:
        memcpy(&large, py_decoder_bytes(d, sizeof large), sizeof large);
        return PyLong_FromLongLong(large);
    case TAG_INT_BIG:
        return read_big(d);
    case TAG_FLOAT:
        memcpy(&real, py_decoder_bytes(d, sizeof real), sizeof real);
        return PyFloat_FromDouble(real);
    default:
        assert(tag == TAG_COMPLEX);
        memcpy(&complex_number, py_decoder_bytes(d, sizeof complex_number), sizeof complex_number);
        return PyComplex_FromCComplex(complex_number);
    }
}

static PyObject *read_content(py_decoder_t *d, int tag) {
    size_t size = py_decoder_number(d);
    const char *bytes = (const char *)py_decoder_bytes(d, size);
    return tag == TAG_BYTES ? PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size)
                            : PyByteArray_FromStringAndSize(bytes, (Py_ssize_t)size);
}

/* What has no parts, or only leaves as parts. */
static inline PyObject *read_leaf(py_decoder_t *d, int tag) {
    switch (tag) {
    case TAG_NONE:
        return Py_NewRef(Py_None);
    case TAG_TRUE:
        return Py_NewRef(Py_True);
    case TAG_FALSE:
        return Py_NewRef(Py_False);
    case TAG_ELLIPSIS:
        return Py_NewRef(Py_Ellipsis);
    case TAG_NOT_IMPLEMENTED:
        return Py_NewRef(Py_NotImplemented);
    case TAG_ASCII:
        return read_text(d, 1, 0x7F);
    case TAG_LATIN1:
        return read_text(d, 1, 0xFF);
    case TAG_UCS2:
        return read_text(d, 2, 0xFFFF);
    case TAG_UCS4:
        return read_text(d, 4, 0x10FFFF);
    case TAG_BYTES:
    case TAG_BYTEARRAY:
        return read_content(d, tag);
    case TAG_MEMORYVIEW:
        return read_memoryview(d);
    case TAG_ARRAY:
        return read_array(d);
    case TAG_NAME:
        return read_name(d);
    case TAG_COWN:
        return read_cown(d);
    case TAG_FOREIGN:
        return read_foreign(d);
    case TAG_DEFINED:
        return read_defined(d);
    default:
        return read_number_object(d, tag);
    }
}

/* A tuple or frozenset; the empty ones have no parts. */
static int read_frozen(py_decoder_t *d, int tag, bool is_shared, PyObject **p_value) {
    uint64_t count = py_decoder_number(d);
    if (count > 0) {
        bool is_tuple = tag == TAG_TUPLE;
        PyObject *parts = is_tuple ? PyTuple_New((Py_ssize_t)count) : PyList_New((Py_ssize_t)count);
        return open_frozen(d, is_tuple ? BUILD_TUPLE : BUILD_FROZENSET, parts, count, is_shared);
    }
    PyObject *value = tag == TAG_TUPLE ? PyTuple_New(0) : PyFrozenSet_New(NULL);
    return open_container(d, BUILD_FROZENSET, value, 0, is_shared, p_value);
}

/* A list of ints or floats that was packed into an array. */
static int read_packed(py_decoder_t *d, int tag, bool is_shared, PyObject **p_value) {
    Py_ssize_t count = (Py_ssize_t)py_decoder_number(d);
    size_t unit = tag == TAG_INTS ? sizeof(int32_t) : sizeof(double);
    const uint8_t *at = py_decoder_bytes(d, (size_t)count * unit);
    PyObject *list = PyList_New(count); /* owned */
    for (Py_ssize_t i = 0; list != NULL && i < count; i++, at += unit) {
        int32_t integer;
        double real;
        PyObject *item; /* owned */
        if (tag == TAG_INTS) {
            memcpy(&integer, at, sizeof integer);
            item = PyLong_FromLong(integer);
        } else {
            memcpy(&real, at, sizeof real);
            item = PyFloat_FromDouble(real);
        }
        if (item == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, item);
    }
    return open_container(d, BUILD_LIST, list, 0, is_shared, p_value);
}

static int read_list(py_decoder_t *d, bool is_shared, PyObject **p_value) {
    uint64_t count = py_decoder_number(d);
    PyObject *list = PyList_New(is_shared ? 0 : (Py_ssize_t)count);
    return open_container(d, is_shared ? BUILD_APPEND : BUILD_LIST, list, count, is_shared,
                          p_value);
}

static int read_reduction(py_decoder_t *d, bool is_shared) {
    if (open_frozen(d, BUILD_REDUCE, NULL, 0, is_shared) < 0)
        return -1;
    d->builds[d->depth - 1].is_definition = d->has_place;
    d->builds[d->depth - 1].index = d->place;
    d->has_place = false;
    return GOT_FRAME;
}

int py_decoder_read(py_decoder_t *d, PyObject **p_value) {
    int tag = *d->at++;
    bool is_shared = (tag & TAG_SHARED) != 0;
    uint64_t count;
    tag &= ~TAG_SHARED;
    switch (tag) {
    case TAG_SEEN:
        *p_value = Py_NewRef(d->memo[py_decoder_number(d)]);
        return GOT_VALUE;
    case TAG_LIST:
        return read_list(d, is_shared, p_value);
    case TAG_INTS:
    case TAG_FLOATS:
        return read_packed(d, tag, is_shared, p_value);
    case TAG_DICT:
        count = py_decoder_number(d);
        return open_container(d, BUILD_DICT, PyDict_New(), count, is_shared, p_value);
    case TAG_SET:
        count = py_decoder_number(d);
        return open_container(d, BUILD_SET, PySet_New(NULL), count, is_shared, p_value);
    case TAG_TUPLE:
    case TAG_FROZENSET:
        return read_frozen(d, tag, is_shared, p_value);
    case TAG_INSTANCE:
        return open_frozen(d, BUILD_INSTANCE, NULL, 0, is_shared);
    case TAG_DEFINE:
        d->place = py_decoder_number(d);
        d->has_place = true;
        return py_decoder_read(d, p_value); /* the reduction */
    case TAG_REDUCE:
        return read_reduction(d, is_shared);
    default:
        *p_value = read_leaf(d, tag);
        if (*p_value == NULL)
            return -1;
        return is_shared ? open_container(d, BUILD_LIST, *p_value, 0, true, p_value) : GOT_VALUE;
    }
}

/* ---- whole values ---- */

static PyObject *run(py_decoder_t *d) {
    PyObject *value;
    int got = py_decoder_read(d, &value);
    if (got != GOT_FRAME)
        return got < 0 ? NULL : value;
    while (d->depth > 0) {
        int status = py_decoder_build(d, &d->builds[d->depth - 1]);
        if (status < 0)
            return NULL;
        if (status == BUILD_DONE)
            d->result = pop(d);
    }
    value = d->result;
    d->result = NULL;
    return value;
}

static PyObject *decode_blob(core_state_t *state, py_blob_t *blob, bool takes,
                             py_definition_t *definition, PyObject **p_kept) {
    py_decoder_t d;
    memset(&d, 0, offsetof(py_decoder_t, first_builds));
    d.state = state;
    d.transfer = &state->transfer;
    d.blob = blob;
    d.at = py_blob_bytes(blob);
    d.takes = takes;
    d.definition = definition;
    d.builds = d.first_builds;
    d.builds_capacity = PY_DECODER_BUILDS;
    d.memo = d.first_memo;
    d.memo_capacity = PY_DECODER_MEMO;
    d.transfer->epoch++;
    PyObject *value = run(&d);
    end_taken(&d, value != NULL);
    assert(value == NULL || d.at == py_blob_bytes(blob) + blob->size);
    while (d.depth > 0)
        Py_XDECREF(pop(&d));
    if (d.builds != d.first_builds)
        PyMem_RawFree(d.builds);
    py_type_info_unref(d.info);
    Py_XDECREF(d.result);
    for (size_t i = 0; i < d.memo_count; i++)
        Py_DECREF(d.memo[i]);
    if (d.memo != d.first_memo)
        PyMem_RawFree(d.memo);
    if (p_kept != NULL && value != NULL)
        *p_kept = d.kept == NULL ? PyList_New(0) : Py_NewRef(d.kept);
    Py_XDECREF(d.kept);
    if (p_kept != NULL && value != NULL && *p_kept == NULL)
        Py_CLEAR(value);
    return value;
}

PyObject *py_transfer_take(core_state_t *state, const boc_payload_t *payload) {
    py_blob_t *blob = payload->data;
    if (payload->ops != &py_payload_blob || blob->move_count == 0 || !py_blob_is_sole(blob))
        return py_transfer_decode(state, payload);
    if (blob->is_move) {
        PyObject *object = py_move_in(state, py_blob_moves(blob)[0], true);
        state->transfer.epoch++;
        return object;
    }
    return decode_blob(state, blob, true, NULL, NULL);
}

PyObject *py_transfer_decode(core_state_t *state, const boc_payload_t *payload) {
    const boc_payload_ops_t *ops = payload->ops;
    if (ops == &py_payload_blob)
        return decode_blob(state, payload->data, false, NULL, NULL);
    if (ops == &py_payload_integer)
        return PyLong_FromLongLong(py_payload_as_integer(payload));
    if (ops == &py_payload_none)
        return Py_None;
    if (ops == &py_payload_real)
        return PyFloat_FromDouble(py_payload_as_real(payload));
    assert(ops == &py_payload_true || ops == &py_payload_false);
    return ops == &py_payload_true ? Py_True : Py_False;
}
