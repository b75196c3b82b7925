/* py_transfer_decode.c - blobs back to objects.  Nothing recurses in C: a container half
 * built is a frame on the decoder's own stack. */
#include "python/py_cown.h"
#include "python/py_encoder.h"
#include "python/py_pickling.h"

#include <assert.h>

/* Longer keys are not worth a look into the cache. */
#define KEY_BYTES_MAX 64

typedef enum build_kind {
    BUILD_LIST,   /* nobody can see it yet: items go into place */
    BUILD_APPEND, /* a list that something inside may refer to */
    BUILD_TUPLE,
    BUILD_DICT,
    BUILD_SET,
    BUILD_FROZENSET, /* `object` is a list until the end */
    BUILD_INSTANCE,
    BUILD_REDUCE,
} build_kind_t;

typedef struct build {
    build_kind_t kind;
    bool is_shared;
    bool is_definition;
    bool is_discarded; /* the object was there before: read its state, do not set it */
    uint8_t phase;
    uint8_t parts;
    uint64_t count;
    uint64_t index;
    PyObject *object;     /* owned; NULL until it can be made */
    PyObject *key;        /* owned; of a pair, or callable, or setter */
    PyObject *items;      /* owned; gathered for extend */
    py_type_info_t *info; /* owned; of an instance */
} build_t;

enum { DECODER_BUILDS = 12, DECODER_MEMO = 16 };

typedef struct decoder {
    core_state_t *state;
    py_transfer_state_t *transfer;
    py_blob_t *blob;
    const uint8_t *at;
    py_definition_t *definition; /* whose body this is, or NULL */
    PyObject *kept;              /* owned; list of what was defined, so that it stays alive */
    PyObject *result;            /* owned; a value that was built for the frame below */
    uint64_t place;              /* of the definition that the next reduction makes */
    bool has_place;
    py_type_info_t *info; /* owned; of the last instance */

    build_t *builds;
    size_t depth;
    size_t builds_capacity;
    PyObject **memo; /* owned */
    size_t memo_count;
    size_t memo_capacity;

    build_t first_builds[DECODER_BUILDS];
    PyObject *first_memo[DECODER_MEMO];
} decoder_t;

/* What reading returns besides -1. */
enum { GOT_FRAME = 0, GOT_VALUE = 1 };
/* What building returns besides -1. */
enum { BUILD_MORE = 0, BUILD_DONE = 1 };

/* ---- stream ---- */

static inline uint64_t read_number(decoder_t *d) {
    uint64_t number = *d->at++;
    if (number < 0x80)
        return number;
    number &= 0x7F;
    for (int shift = 7;; shift += 7) {
        uint8_t byte = *d->at++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return number;
    }
}

static inline const uint8_t *read_bytes(decoder_t *d, size_t size) {
    const uint8_t *bytes = d->at;
    d->at += size;
    assert(d->at <= py_blob_bytes(d->blob) + d->blob->size);
    return bytes;
}

/* ---- memo ---- */

static int memoize(decoder_t *d, PyObject *object) {
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

/* Replace an object built from its parts by the one that was built inside them, if there
 * is one; else give it the next number. */
static int close_shared(decoder_t *d, PyObject **p_object) {
    uint64_t number = read_number(d);
    if (number == d->memo_count)
        return memoize(d, *p_object);
    assert(number < d->memo_count);
    Py_SETREF(*p_object, Py_NewRef(d->memo[number]));
    return 0;
}

/* ---- leaves ---- */

static PyObject *read_text(decoder_t *d, int kind, Py_UCS4 largest) {
    size_t length = read_number(d);
    size_t size = length * (size_t)kind;
    const uint8_t *bytes = read_bytes(d, size);
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

static PyObject *read_big(decoder_t *d) {
    size_t size = read_number(d);
    const uint8_t *bytes = read_bytes(d, size);
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

static PyObject *read_array(decoder_t *d) {
    char typecode[2] = {(char)*d->at++, 0};
    size_t size = read_number(d);
    const uint8_t *bytes = read_bytes(d, size);
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
        Py_XSETREF(transfer->array_type, type);
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

static int read_value(decoder_t *d, PyObject **p_value);

static PyObject *read_memoryview(decoder_t *d) {
    PyObject *base = NULL; /* owned */
    PyObject *view = NULL; /* owned */
    PyObject *shape = NULL; /* owned */
    PyObject *spec = NULL;  /* owned */
    int got = read_value(d, &base); /* always a leaf */
    if (got < 0)
        return NULL;
    assert(got == GOT_VALUE);
    Py_ssize_t start = (Py_ssize_t)read_number(d);
    Py_ssize_t size = (Py_ssize_t)read_number(d);
    bool is_readonly = *d->at++ != 0;
    size_t format_size = read_number(d);
    const char *format = (const char *)read_bytes(d, format_size);
    Py_ssize_t dimensions = (Py_ssize_t)read_number(d);
    shape = PyTuple_New(dimensions);
    for (Py_ssize_t i = 0; i < dimensions; i++) {
        PyObject *extent = PyLong_FromUnsignedLongLong(read_number(d));
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

static PyObject *read_name(decoder_t *d) {
    uint32_t id;
    memcpy(&id, read_bytes(d, sizeof id), sizeof id);
    py_name_t *entry = py_names_load(d->state, id);
    return entry == NULL ? NULL : Py_NewRef(entry->object);
}

static PyObject *read_cown(decoder_t *d) {
    boc_cown_t *cown = py_blob_cowns(d->blob)[read_number(d)];
    boc_cown_ref(cown);
    return py_cown_wrap(d->state, cown);
}

static PyObject *decode_blob(core_state_t *state, py_blob_t *blob, py_definition_t *definition,
                             PyObject **p_kept);

/* A class or function by value: the one that is here, or a new one from its definition. */
static PyObject *read_defined(decoder_t *d) {
    py_definition_t *definition = py_blob_definitions(d->blob)[read_number(d)];
    uint64_t place = read_number(d);
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
    root = decode_blob(d->state, definition->body, definition, &kept);
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
static int read_key(decoder_t *d, PyObject **p_key) {
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
    return read_value(d, p_key);
}

/* ---- stack ---- */

static build_t *push(decoder_t *d, build_kind_t kind, PyObject *taken, uint64_t count) {
    if (d->depth == d->builds_capacity) {
        size_t capacity = d->builds_capacity * 2;
        build_t *old = d->builds == d->first_builds ? NULL : d->builds;
        build_t *builds = PyMem_RawRealloc(old, capacity * sizeof *builds);
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
    build_t *build = &d->builds[d->depth++];
    *build = (build_t){.kind = kind, .object = taken, .count = count};
    return build;
}

/* Free the top frame but for its object, which is returned. */
static PyObject *pop(decoder_t *d) {
    build_t build = d->builds[--d->depth];
    py_type_info_unref(build.info);
    Py_XDECREF(build.key);
    Py_XDECREF(build.items);
    return build.object;
}

/* `object` (taken) exists before its `count` parts. */
static int open_container(decoder_t *d, build_kind_t kind, PyObject *object, uint64_t count,
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
static int open_frozen(decoder_t *d, build_kind_t kind, PyObject *taken, uint64_t count,
                       bool is_shared) {
    build_t *build = kind == BUILD_REDUCE || kind == BUILD_INSTANCE || taken != NULL
                         ? push(d, kind, taken, count)
                         : NULL;
    if (build == NULL)
        return -1;
    build->is_shared = is_shared;
    return GOT_FRAME;
}

/* Read one value, or push the frame of one. */
static int read_value(decoder_t *d, PyObject **p_value) {
    int tag = *d->at++;
    bool is_shared = (tag & TAG_SHARED) != 0;
    PyObject *value = NULL; /* owned */
    uint64_t count;
    switch (tag & ~TAG_SHARED) {
    case TAG_NONE:
        value = Py_None;
        break;
    case TAG_TRUE:
        value = Py_True;
        break;
    case TAG_FALSE:
        value = Py_False;
        break;
    case TAG_ELLIPSIS:
        value = Py_NewRef(Py_Ellipsis);
        break;
    case TAG_NOT_IMPLEMENTED:
        value = Py_NewRef(Py_NotImplemented);
        break;
    case TAG_INT8:
        value = PyLong_FromLong((int8_t)*d->at++);
        break;
    case TAG_INT32: {
        int32_t number;
        memcpy(&number, read_bytes(d, sizeof number), sizeof number);
        value = PyLong_FromLong(number);
        break;
    }
    case TAG_INT64: {
        int64_t number;
        memcpy(&number, read_bytes(d, sizeof number), sizeof number);
        value = PyLong_FromLongLong(number);
        break;
    }
    case TAG_INT_BIG:
        value = read_big(d);
        break;
    case TAG_FLOAT: {
        double number;
        memcpy(&number, read_bytes(d, sizeof number), sizeof number);
        value = PyFloat_FromDouble(number);
        break;
    }
    case TAG_COMPLEX: {
        Py_complex number;
        memcpy(&number, read_bytes(d, sizeof number), sizeof number);
        value = PyComplex_FromCComplex(number);
        break;
    }
    case TAG_ASCII:
        value = read_text(d, 1, 0x7F);
        break;
    case TAG_LATIN1:
        value = read_text(d, 1, 0xFF);
        break;
    case TAG_UCS2:
        value = read_text(d, 2, 0xFFFF);
        break;
    case TAG_UCS4:
        value = read_text(d, 4, 0x10FFFF);
        break;
    case TAG_BYTES:
        count = read_number(d);
        value = PyBytes_FromStringAndSize((const char *)read_bytes(d, count), (Py_ssize_t)count);
        break;
    case TAG_BYTEARRAY:
        count = read_number(d);
        value =
            PyByteArray_FromStringAndSize((const char *)read_bytes(d, count), (Py_ssize_t)count);
        break;
    case TAG_MEMORYVIEW:
        value = read_memoryview(d);
        break;
    case TAG_ARRAY:
        value = read_array(d);
        break;
    case TAG_SEEN:
        *p_value = Py_NewRef(d->memo[read_number(d)]);
        return GOT_VALUE;
    case TAG_NAME:
        value = read_name(d);
        break;
    case TAG_COWN:
        value = read_cown(d);
        break;
    case TAG_DEFINED:
        value = read_defined(d);
        break;
    case TAG_LIST:
        count = read_number(d);
        return is_shared ? open_container(d, BUILD_APPEND, PyList_New(0), count, true, p_value)
                         : open_container(d, BUILD_LIST, PyList_New((Py_ssize_t)count), count,
                                          false, p_value);
    case TAG_DICT:
        count = read_number(d);
        return open_container(d, BUILD_DICT, PyDict_New(), count, is_shared, p_value);
    case TAG_SET:
        count = read_number(d);
        return open_container(d, BUILD_SET, PySet_New(NULL), count, is_shared, p_value);
    case TAG_TUPLE:
        count = read_number(d);
        value = PyTuple_New((Py_ssize_t)count);
        if (count > 0)
            return open_frozen(d, BUILD_TUPLE, value, count, is_shared);
        break;
    case TAG_FROZENSET:
        count = read_number(d);
        if (count > 0)
            return open_frozen(d, BUILD_FROZENSET, PyList_New((Py_ssize_t)count), count,
                               is_shared);
        value = PyFrozenSet_New(NULL);
        break;
    case TAG_INSTANCE:
        return open_frozen(d, BUILD_INSTANCE, NULL, 0, is_shared);
    case TAG_DEFINE:
        d->place = read_number(d);
        d->has_place = true;
        return read_value(d, p_value); /* the reduction */
    case TAG_REDUCE:
        if (open_frozen(d, BUILD_REDUCE, NULL, 0, is_shared) < 0)
            return -1;
        d->builds[d->depth - 1].is_definition = d->has_place;
        d->builds[d->depth - 1].index = d->place;
        d->has_place = false;
        return GOT_FRAME;
    default:
        PyErr_Format(PyExc_SystemError, "bocpy: value stream has tag %d", tag);
        return -1;
    }
    if (value == NULL)
        return -1;
    if (is_shared && memoize(d, value) < 0) {
        Py_DECREF(value);
        return -1;
    }
    *p_value = value;
    return GOT_VALUE;
}

/* The next part of the top frame: the one that was just built, or the next in the stream. */
static inline int next(decoder_t *d, PyObject **p_value) {
    if (d->result != NULL) {
        *p_value = d->result;
        d->result = NULL;
        return GOT_VALUE;
    }
    return read_value(d, p_value);
}

/* ---- building: BUILD_DONE when the frame's object is complete ---- */

static int build_list(decoder_t *d, build_t *build) {
    PyObject *value;
    while (build->index < build->count) {
        int got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        PyList_SET_ITEM(build->object, (Py_ssize_t)build->index++, value);
    }
    return BUILD_DONE;
}

static int build_append(decoder_t *d, build_t *build) {
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

static int build_tuple(decoder_t *d, build_t *build) {
    PyObject *value;
    while (build->index < build->count) {
        int got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        PyTuple_SET_ITEM(build->object, (Py_ssize_t)build->index++, value);
    }
    return build->is_shared && close_shared(d, &build->object) < 0 ? -1 : BUILD_DONE;
}

static int build_set(decoder_t *d, build_t *build) {
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

static int build_frozenset(decoder_t *d, build_t *build) {
    int status = build_list(d, build);
    if (status != BUILD_DONE)
        return status;
    PyObject *set = PyFrozenSet_New(build->object);
    if (set == NULL)
        return -1;
    Py_SETREF(build->object, set);
    return build->is_shared && close_shared(d, &build->object) < 0 ? -1 : BUILD_DONE;
}

static int build_dict(decoder_t *d, build_t *build) {
    PyObject *value; /* owned */
    for (; build->index < build->count; build->index++) {
        int got;
        if (build->key == NULL) {
            got = d->result != NULL ? next(d, &build->key) : read_key(d, &build->key);
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
static int make_instance(decoder_t *d, build_t *build, PyObject *class) {
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
    if (build->object == NULL || (build->is_shared && close_shared(d, &build->object) < 0))
        return -1;
    return 0;
}

static int set_attribute(build_t *build, PyObject *value) {
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

static int build_slots(decoder_t *d, build_t *build) {
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

static int build_attributes(decoder_t *d, build_t *build) {
    PyObject *value; /* owned */
    for (; build->index < build->count; build->index++) {
        int got;
        if (build->key == NULL) {
            got = d->result != NULL ? next(d, &build->key) : read_key(d, &build->key);
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

static int build_instance(decoder_t *d, build_t *build) {
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
        build->count = read_number(d);
        if (build->count != (uint64_t)build->info->slot_count)
            return unusable("class", (PyObject *)Py_TYPE(build->object));
        build->phase = 1;
    }
    if (build->phase == 1) {
        int status = build_slots(d, build);
        if (status != BUILD_DONE)
            return status;
        build->index = 0;
        build->count = read_number(d);
        build->phase = 2;
    }
    return build_attributes(d, build);
}

/* ---- reductions ---- */

/* As a definition: the object that is here under its number already, if there is one. */
static int define(decoder_t *d, build_t *build) {
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

static int call_reduction(decoder_t *d, build_t *build, PyObject *arguments) {
    build->object = PyObject_Call(build->key, arguments, NULL);
    d->transfer->epoch++;
    Py_CLEAR(build->key);
    if (build->object == NULL)
        return -1;
    size_t number = d->memo_count;
    if (build->is_definition) {
        const uint8_t *at = d->at;
        if (!build->is_shared || read_number(d) == number) {
            if (define(d, build) < 0)
                return -1;
        }
        d->at = at;
    }
    if (build->is_shared && close_shared(d, &build->object) < 0)
        return -1;
    build->parts = *d->at++;
    return 0;
}

/* obj.extend(items), or append where there is no extend. */
static int add_items(decoder_t *d, PyObject *object, PyObject *items) {
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

static int build_items(decoder_t *d, build_t *build) {
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

static int build_pairs(decoder_t *d, build_t *build) {
    PyObject *value; /* owned */
    while (build->key != NULL || d->result != NULL || *d->at != TAG_END) {
        int got;
        if (build->key == NULL) {
            got = d->result != NULL ? next(d, &build->key) : read_key(d, &build->key);
            if (got != GOT_VALUE)
                return got < 0 ? -1 : BUILD_MORE;
        }
        got = next(d, &value);
        if (got != GOT_VALUE)
            return got < 0 ? -1 : BUILD_MORE;
        int status =
            build->is_discarded ? 0 : PyObject_SetItem(build->object, build->key, value);
        d->transfer->epoch++;
        Py_DECREF(value);
        Py_CLEAR(build->key);
        if (status < 0)
            return -1;
    }
    d->at++;
    return BUILD_DONE;
}

static int update_dict(decoder_t *d, PyObject *object, PyObject *state) {
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
static int set_state(decoder_t *d, PyObject *object, PyObject *set, PyObject *state) {
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

static int build_reduce(decoder_t *d, build_t *build) {
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

static int build_part(decoder_t *d, build_t *build) {
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

/* ---- whole values ---- */

static PyObject *run(decoder_t *d) {
    PyObject *value;
    int got = read_value(d, &value);
    if (got != GOT_FRAME)
        return got < 0 ? NULL : value;
    while (d->depth > 0) {
        int status = build_part(d, &d->builds[d->depth - 1]);
        if (status < 0)
            return NULL;
        if (status == BUILD_DONE)
            d->result = pop(d);
    }
    value = d->result;
    d->result = NULL;
    return value;
}

static PyObject *decode_blob(core_state_t *state, py_blob_t *blob, py_definition_t *definition,
                             PyObject **p_kept) {
    decoder_t d;
    memset(&d, 0, offsetof(decoder_t, first_builds));
    d.state = state;
    d.transfer = &state->transfer;
    d.blob = blob;
    d.at = py_blob_bytes(blob);
    d.definition = definition;
    d.builds = d.first_builds;
    d.builds_capacity = DECODER_BUILDS;
    d.memo = d.first_memo;
    d.memo_capacity = DECODER_MEMO;
    d.transfer->epoch++;
    PyObject *value = run(&d);
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

PyObject *py_transfer_decode(core_state_t *state, const boc_payload_t *payload) {
    const boc_payload_ops_t *ops = payload->ops;
    if (ops == &py_payload_blob)
        return decode_blob(state, payload->data, NULL, NULL);
    if (ops == &py_payload_integer)
        return PyLong_FromLongLong(py_payload_as_integer(payload));
    if (ops == &py_payload_none)
        return Py_None;
    if (ops == &py_payload_real)
        return PyFloat_FromDouble(py_payload_as_real(payload));
    assert(ops == &py_payload_true || ops == &py_payload_false);
    return ops == &py_payload_true ? Py_True : Py_False;
}
