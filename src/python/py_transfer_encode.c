/* py_transfer_encode.c - builtin values to a blob. */
#include "platform/track.h"
#include "python/py_encoder.h"

#include <assert.h>

/* Strings and bytes at least this long are kept once per value. */
#define MEMO_BYTES_MIN 32

/* ---- leaves ---- */

static int put_long(py_encoder_t *e, PyObject *object) {
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) {
        int8_t small = (int8_t)value;
        int32_t medium = (int32_t)value;
        int64_t large = value;
        if (small == value)
            return py_encoder_write_fixed(e, TAG_INT8, &small, sizeof small);
        if (medium == value)
            return py_encoder_write_fixed(e, TAG_INT32, &medium, sizeof medium);
        return py_encoder_write_fixed(e, TAG_INT64, &large, sizeof large);
    }
#if PY_VERSION_HEX >= 0x030D0000
    int flags = Py_ASNATIVEBYTES_LITTLE_ENDIAN;
    Py_ssize_t size = PyLong_AsNativeBytes(object, NULL, 0, flags);
    if (size < 0 || py_encoder_write_tagged(e, TAG_INT_BIG, (uint64_t)size) < 0 ||
        py_encoder_reserve(e, (size_t)size) < 0 ||
        PyLong_AsNativeBytes(object, e->data + e->size, size, flags) < 0)
        return -1;
    e->size += (size_t)size;
    return PUT_DONE;
#else
    /* No public way to the bytes before 3.13; hexadecimal has no digit limit. */
    PyObject *text = PyNumber_ToBase(object, 16);
    if (text == NULL)
        return -1;
    int status = py_encoder_write_units(e, TAG_INT_BIG, PyUnicode_1BYTE_DATA(text),
                                        (size_t)PyUnicode_GET_LENGTH(text), 1);
    Py_DECREF(text);
    return status;
#endif
}

static int put_str(py_encoder_t *e, PyObject *object, Py_ssize_t references) {
    size_t length = (size_t)PyUnicode_GET_LENGTH(object);
    int kind = (int)PyUnicode_KIND(object);
    int tag = PyUnicode_IS_ASCII(object) ? TAG_ASCII
              : kind == 1                ? TAG_LATIN1
              : kind == 2                ? TAG_UCS2
                                         : TAG_UCS4;
    if (length >= MEMO_BYTES_MIN && py_encoder_is_shared(object, references)) {
        int status = py_encoder_write_seen(e, object);
        if (status != 0)
            return status < 0 ? -1 : PUT_DONE;
        if (py_encoder_memoize(e, object) < 0)
            return -1;
        tag |= TAG_SHARED;
    }
    return py_encoder_write_units(e, tag, PyUnicode_DATA(object), length, (size_t)kind);
}

/* Of `object`, whose content may change as soon as other code runs. */
static int put_bytes(py_encoder_t *e, int tag, PyObject *object, const void *bytes, Py_ssize_t size,
                     bool is_shared) {
    if (is_shared) {
        int status = py_encoder_write_seen(e, object);
        if (status != 0)
            return status < 0 ? -1 : PUT_DONE;
        if (py_encoder_memoize(e, object) < 0)
            return -1;
        tag |= TAG_SHARED;
    }
    return py_encoder_write_units(e, tag, bytes, (size_t)size, 1);
}

static int put_bytearray(py_encoder_t *e, PyObject *object) {
    /* Always in the memo: a memoryview's reference of its base counts for all views. */
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0)
        return -1;
    int status = put_bytes(e, TAG_BYTEARRAY, object, view.buf, view.len, true);
    PyBuffer_Release(&view);
    return status;
}

/* ---- containers ---- */

/* The head of a container that exists before its items: the tag, or where it was seen.
 * PUT_FRAME when the items are to follow. */
static int put_head(py_encoder_t *e, int tag, PyObject *object, Py_ssize_t references,
                    Py_ssize_t count) {
    if (py_encoder_is_shared(object, references)) {
        int status = py_encoder_write_seen(e, object);
        if (status != 0)
            return status < 0 ? -1 : PUT_DONE;
        if (py_encoder_memoize(e, object) < 0)
            return -1;
        tag |= TAG_SHARED;
    }
    if (py_encoder_write_tagged(e, tag, (uint64_t)count) < 0)
        return -1;
    return count > 0 ? PUT_FRAME : PUT_DONE;
}

static int open_container(py_encoder_t *e, int tag, PyObject *object, Py_ssize_t references,
                          Py_ssize_t count, py_frame_kind_t kind, PyObject *items) {
    int status = put_head(e, tag, object, references, count);
    if (status != PUT_FRAME)
        return status;
    py_frame_t *frame = py_encoder_push(e, kind, object, items);
    if (frame == NULL)
        return -1;
    frame->count = count;
    return PUT_FRAME;
}

#ifndef Py_GIL_DISABLED
static bool is_small_int(PyObject *object, int32_t *p_value) {
    if (!PyLong_CheckExact(object) || !PyUnstable_Long_IsCompact((PyLongObject *)object))
        return false;
    Py_ssize_t value = PyUnstable_Long_CompactValue((PyLongObject *)object);
    *p_value = (int32_t)value;
    return *p_value == value;
}

/* The items, if they are all small ints or all floats, as an array.  Runs no user code,
 * so the list stays as it is.  Returns the tag, or TAG_END when they are not. */
static int pack_items(PyObject *list, uint8_t *array) {
    Py_ssize_t count = PyList_GET_SIZE(list);
    bool are_floats = PyFloat_CheckExact(PyList_GET_ITEM(list, 0));
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyList_GET_ITEM(list, i); /* borrowed */
        int32_t integer;
        if (are_floats ? !PyFloat_CheckExact(item) : !is_small_int(item, &integer))
            return TAG_END;
        if (are_floats)
            memcpy(array + (size_t)i * sizeof(double), &((PyFloatObject *)item)->ob_fval,
                   sizeof(double));
        else
            memcpy(array + (size_t)i * sizeof integer, &integer, sizeof integer);
    }
    return are_floats ? TAG_FLOATS : TAG_INTS;
}

/* A list of nothing but small ints or floats, without a look at each as a value of its
 * own: PUT_DONE, -1, or PUT_FRAME when the list is not one. */
static int put_packed(py_encoder_t *e, PyObject *list, Py_ssize_t references) {
    Py_ssize_t count = PyList_GET_SIZE(list);
    if (count < PY_PACKED_MIN || (size_t)count > PY_SSIZE_T_MAX / sizeof(double) / 2)
        return PUT_FRAME;
    PyObject *first = PyList_GET_ITEM(list, 0), *last = PyList_GET_ITEM(list, count - 1);
    if (Py_TYPE(first) != Py_TYPE(last) || !(PyLong_CheckExact(first) || PyFloat_CheckExact(first)))
        return PUT_FRAME;
    /* Packed behind the room for the head, then moved next to it. */
    size_t head_max = 16, bytes_max = (size_t)count * sizeof(double);
    if (py_encoder_reserve(e, head_max + bytes_max) < 0)
        return -1;
    uint8_t *array = e->data + e->size + head_max;
    int tag = pack_items(list, array);
    if (tag == TAG_END)
        return PUT_FRAME;
    size_t start = e->size;
    int status = put_head(e, tag, list, references, count);
    if (status != PUT_FRAME)
        return status; /* seen before, or no memory for the memo */
    size_t bytes = (size_t)count * (tag == TAG_INTS ? sizeof(int32_t) : sizeof(double));
    assert(e->size - start <= head_max);
    memmove(e->data + e->size, e->data + start + head_max, bytes);
    e->size += bytes;
    return PUT_DONE;
}
#endif

static int put_list(py_encoder_t *e, PyObject *object, Py_ssize_t references) {
#ifdef Py_GIL_DISABLED
    PyObject *items = PyList_AsTuple(object); /* owned; other threads may change the list */
    if (items == NULL)
        return -1;
    int status = open_container(e, TAG_LIST, object, references, PyTuple_GET_SIZE(items),
                                FRAME_TUPLE, items);
    Py_DECREF(items);
    return status;
#else
    int status = put_packed(e, object, references);
    if (status != PUT_FRAME)
        return status;
    return open_container(e, TAG_LIST, object, references, PyList_GET_SIZE(object), FRAME_LIST,
                          NULL);
#endif
}

static int put_dict(py_encoder_t *e, PyObject *object, Py_ssize_t references) {
#ifdef Py_GIL_DISABLED
    PyObject *items = PyDict_Copy(object); /* owned; other threads may change the dict */
#else
    PyObject *items = Py_NewRef(object); /* owned */
#endif
    if (items == NULL)
        return -1;
    int status =
        open_container(e, TAG_DICT, object, references, PyDict_GET_SIZE(items), FRAME_DICT, items);
    Py_DECREF(items);
    return status;
}

static int put_set(py_encoder_t *e, PyObject *object, Py_ssize_t references) {
    PyObject *items = PySequence_List(object); /* owned */
    if (items == NULL)
        return -1;
    int status =
        open_container(e, TAG_SET, object, references, PyList_GET_SIZE(items), FRAME_SET, items);
    Py_DECREF(items);
    return status;
}

/* A tuple or frozenset: `items` is walked. */
static int put_frozen(py_encoder_t *e, int tag, PyObject *object, Py_ssize_t references,
                      PyObject *items, Py_ssize_t count) {
    if (count == 0 && tag == TAG_TUPLE)
        return py_encoder_write_tagged(e, tag, 0);
    py_frame_kind_t kind = tag == TAG_TUPLE ? FRAME_TUPLE : FRAME_SET;
    bool is_shared = py_encoder_is_shared(object, references);
    if (is_shared) {
        int status = py_encoder_write_seen(e, object);
        if (status == 0)
            status = count == 0 ? py_encoder_memoize(e, object) : py_encoder_begin(e, object);
        if (status != 0)
            return status < 0 ? -1 : PUT_DONE;
        tag |= TAG_SHARED;
    }
    if (py_encoder_write_tagged(e, tag, (uint64_t)count) < 0)
        return -1;
    if (count == 0)
        return PUT_DONE;
    py_frame_t *frame = py_encoder_push(e, kind, object, items);
    if (frame == NULL)
        return -1;
    frame->count = count;
    frame->is_shared = is_shared;
    return PUT_FRAME;
}

static int put_frozenset(py_encoder_t *e, PyObject *object, Py_ssize_t references) {
    PyObject *items = PySequence_List(object); /* owned */
    if (items == NULL)
        return -1;
    int status = put_frozen(e, TAG_FROZENSET, object, references, items, PyList_GET_SIZE(items));
    Py_DECREF(items);
    return status;
}

int py_encoder_put(py_encoder_t *e, PyObject *object, Py_ssize_t references) {
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyUnicode_Type)
        return put_str(e, object, references);
    if (type == &PyLong_Type)
        return put_long(e, object);
    if (object == Py_None)
        return py_encoder_write_byte(e, TAG_NONE);
    if (type == &PyDict_Type)
        return put_dict(e, object, references);
    if (type == &PyList_Type)
        return put_list(e, object, references);
    if (type == &PyTuple_Type)
        return put_frozen(e, TAG_TUPLE, object, references, object, PyTuple_GET_SIZE(object));
    if (type == &PyFloat_Type) {
        double value = PyFloat_AS_DOUBLE(object);
        return py_encoder_write_fixed(e, TAG_FLOAT, &value, sizeof value);
    }
    if (type == &PyBool_Type)
        return py_encoder_write_byte(e, object == Py_True ? TAG_TRUE : TAG_FALSE);
    if (type == &PyBytes_Type) {
        Py_ssize_t size = PyBytes_GET_SIZE(object);
        bool is_shared = size >= MEMO_BYTES_MIN && py_encoder_is_shared(object, references);
        return put_bytes(e, TAG_BYTES, object, PyBytes_AS_STRING(object), size, is_shared);
    }
    if (type == &PySet_Type)
        return put_set(e, object, references);
    if (type == &PyFrozenSet_Type)
        return put_frozenset(e, object, references);
    if (type == &PyByteArray_Type)
        return put_bytearray(e, object);
    if (type == &PyComplex_Type) {
        Py_complex value = PyComplex_AsCComplex(object);
        return py_encoder_write_fixed(e, TAG_COMPLEX, &value, sizeof value);
    }
    if (object == Py_Ellipsis)
        return py_encoder_write_byte(e, TAG_ELLIPSIS);
    if (object == Py_NotImplemented)
        return py_encoder_write_byte(e, TAG_NOT_IMPLEMENTED);
    return py_encoder_put_object(e, object, references);
}

/* ---- walking: each step returns PUT_DONE when the frame is complete ---- */

static int changed(const char *what) {
    PyErr_Format(PyExc_RuntimeError, "%s changed size during iteration", what);
    return -1;
}

static int step_list(py_encoder_t *e, py_frame_t *frame) {
    PyObject *list = frame->object;
    while (frame->index < frame->count) {
        if (PyList_GET_SIZE(list) != frame->count)
            return changed("list");
        int status = py_encoder_put(e, PyList_GET_ITEM(list, frame->index++), 1);
        if (status != PUT_DONE)
            return status;
    }
    return PyList_GET_SIZE(list) == frame->count ? PUT_DONE : changed("list");
}

static int step_tuple(py_encoder_t *e, py_frame_t *frame) {
    while (frame->index < frame->count) {
        int status = py_encoder_put(e, PyTuple_GET_ITEM(frame->items, frame->index++), 1);
        if (status != PUT_DONE)
            return status;
    }
    return PUT_DONE;
}

/* The items are a list of ours: each has one reference more. */
static int step_set(py_encoder_t *e, py_frame_t *frame) {
    while (frame->index < frame->count) {
        int status = py_encoder_put(e, PyList_GET_ITEM(frame->items, frame->index++), 2);
        if (status != PUT_DONE)
            return status;
    }
    return PUT_DONE;
}

static int put_waiting(py_encoder_t *e, py_frame_t *frame) {
    PyObject *value = frame->waiting; /* owned */
    frame->waiting = NULL;
    int status = py_encoder_put(e, value, 2);
    Py_DECREF(value);
    return status;
}

static int step_dict(py_encoder_t *e, py_frame_t *frame) {
    if (frame->waiting != NULL) {
        int status = put_waiting(e, frame);
        if (status != PUT_DONE)
            return status;
    }
    PyObject *key, *value; /* borrowed */
    while (PyDict_GET_SIZE(frame->items) == frame->count &&
           PyDict_Next(frame->items, &frame->index, &key, &value)) {
        if (PyUnicode_CheckExact(key)) {
            if (put_str(e, key, 1) < 0)
                return -1;
            int status = py_encoder_put(e, value, 1);
            if (status != PUT_DONE)
                return status;
            continue;
        }
        /* Encoding the key may run code that changes the dict. */
        frame->waiting = Py_NewRef(value);
        Py_INCREF(key);
        int status = py_encoder_put(e, key, 2);
        Py_DECREF(key);
        if (status == PUT_DONE)
            status = put_waiting(e, frame);
        if (status != PUT_DONE)
            return status;
    }
    return PyDict_GET_SIZE(frame->items) == frame->count ? PUT_DONE : changed("dictionary");
}

/* The class is written; slots are in a tuple of ours; then the __dict__. */
static int step_instance(py_encoder_t *e, py_frame_t *frame) {
    PyObject *slots = frame->value;
    Py_ssize_t slot_count = slots == NULL ? 0 : PyTuple_GET_SIZE(slots);
    if (frame->phase == 0) {
        int status = frame->count ? py_encoder_finish(e, frame->object) : 0;
        if (status != 0)
            return status < 0 ? -1 : PUT_DONE; /* met and completed inside its own class */
        if (py_encoder_write_number(e, (uint64_t)slot_count) < 0)
            return -1;
        frame->phase = 1;
    }
    if (frame->phase == 1) {
        while (frame->index < slot_count) {
            PyObject *value = PyTuple_GET_ITEM(slots, frame->index++);
            int status =
                value == NULL ? py_encoder_write_byte(e, TAG_UNSET) : py_encoder_put(e, value, 2);
            if (status != PUT_DONE)
                return status;
        }
        frame->phase = 2;
        frame->index = 0;
        frame->count = frame->items == NULL ? 0 : PyDict_GET_SIZE(frame->items);
        if (py_encoder_write_number(e, (uint64_t)frame->count) < 0)
            return -1;
    }
    return frame->items == NULL ? PUT_DONE : step_dict(e, frame);
}

static int step(py_encoder_t *e, py_frame_t *frame) {
    switch (frame->kind) {
    case FRAME_LIST:
        return step_list(e, frame);
    case FRAME_TUPLE:
        return step_tuple(e, frame);
    case FRAME_SET:
        return step_set(e, frame);
    case FRAME_DICT:
        return step_dict(e, frame);
    case FRAME_INSTANCE:
        return step_instance(e, frame);
    case FRAME_REDUCE:
        return py_encoder_step_reduce(e, frame);
    }
    Py_UNREACHABLE();
}

/* Encode everything that is on the stack. */
static int walk(py_encoder_t *e) {
    while (e->depth > 0) {
        py_frame_t *frame = &e->frames[e->depth - 1];
        int status = step(e, frame);
        if (status < 0)
            return -1;
        if (status == PUT_FRAME)
            continue;
        frame = &e->frames[e->depth - 1];
        if (frame->is_shared && py_encoder_finish(e, frame->object) < 0)
            return -1;
        py_encoder_pop(e);
    }
    return 0;
}

/* ---- whole values ---- */

static void encoder_init(py_encoder_t *e, core_state_t *state, py_transfer_state_t *transfer,
                         py_moves_t *moves) {
    /* Everything before the arrays. */
    memset(e, 0, offsetof(py_encoder_t, first_data));
    e->state = state;
    e->transfer = transfer;
    e->moves = moves;
    e->data = e->first_data;
    e->size = sizeof(py_blob_t);
    e->capacity = sizeof e->first_data;
    e->frames = e->first_frames;
    e->frames_capacity = PY_ENCODER_FRAMES;
    transfer->epoch++;
}

/* Give back whatever the encoder still holds. */
static void encoder_deinit(py_encoder_t *e) {
    while (e->depth > 0)
        py_encoder_pop(e);
    if (e->frames != e->first_frames)
        PyMem_RawFree(e->frames);
    if (e->data != e->first_data)
        PyMem_RawFree(e->data);
    for (uint32_t i = 0; i < e->held_count; i++)
        boc_cown_unref(e->held[i]);
    PyMem_RawFree(e->held);
    for (uint32_t i = 0; i < e->definition_count; i++)
        py_definition_unref(e->definitions[i]);
    PyMem_RawFree(e->definitions);
    for (uint32_t i = 0; i < e->moved_count; i++)
        py_move_unref(e->moved[i]);
    PyMem_RawFree(e->moved);
    if (e->memo != NULL)
        for (size_t i = 0; i <= e->memo_mask; i++)
            Py_XDECREF(e->memo[i].object);
    if (e->memo != e->first_memo)
        PyMem_RawFree(e->memo);
    py_type_info_unref(e->last_info);
    for (unsigned i = 0; i < PY_ENCODER_INFOS; i++) {
        py_type_info_unref(e->infos[i]);
        Py_XDECREF(e->types[i]);
    }
    Py_XDECREF(e->defined);
}

/* Move the stream and the tables into a blob of their own. */
static py_blob_t *take_blob(py_encoder_t *e) {
    size_t size = e->size - sizeof(py_blob_t);
    size_t entries = (size_t)e->held_count + e->definition_count + e->moved_count;
    size_t room = py_blob_room(size, entries);
    py_blob_t *blob;
    if (e->data == e->first_data) {
        blob = PyMem_RawMalloc(room);
        if (blob != NULL)
            memcpy(blob + 1, e->data + sizeof(py_blob_t), size);
    } else {
        blob = PyMem_RawRealloc(e->data, room);
        if (blob != NULL)
            e->data = e->first_data;
    }
    if (blob == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    BOC_TRACK("payload", blob);
    memset(blob, 0, sizeof *blob);
    atomic_init(&blob->refs, 1);
    blob->size = size;
    blob->cown_count = e->held_count;
    blob->definition_count = e->definition_count;
    blob->move_count = e->moved_count;
    blob->runs_code = e->runs_code || e->definition_count > 0;
    if (e->held_count > 0)
        memcpy(py_blob_cowns(blob), e->held, e->held_count * sizeof *e->held);
    if (e->definition_count > 0)
        memcpy(py_blob_definitions(blob), e->definitions,
               e->definition_count * sizeof(py_definition_t *));
    if (e->moved_count > 0)
        memcpy(py_blob_moves(blob), e->moved, e->moved_count * sizeof(py_move_t *));
    e->held_count = 0;
    e->definition_count = 0;
    e->moved_count = 0;
    return blob;
}

py_blob_t *py_encoder_run(core_state_t *state, PyObject *value, py_moves_t *moves,
                          PyObject **p_defined) {
    py_encoder_t encoder;
    size_t moved_before = moves->count;
    encoder_init(&encoder, state, &state->transfer, moves);
    py_blob_t *blob = NULL; /* owned; stays NULL on every error path */
    if (p_defined != NULL) {
        encoder.is_definition = true;
        encoder.defined = PyList_New(0);
        if (encoder.defined == NULL)
            goto done;
    }
    if (py_encoder_put(&encoder, value, 1) < 0 || walk(&encoder) < 0)
        goto done;
    blob = take_blob(&encoder);
    if (blob != NULL && p_defined != NULL)
        *p_defined = Py_NewRef(encoder.defined);
done:
    if (blob == NULL)
        py_moves_undo(moves, moved_before);
    encoder_deinit(&encoder);
    return blob;
}

/* A str or bytes alone needs no encoder: the blob is made in its final size. */
static py_blob_t *single_blob(int tag, const void *units, size_t count, size_t unit) {
    uint8_t head[11];
    head[0] = (uint8_t)tag;
    size_t head_size = (size_t)(py_encoder_number_at(head + 1, count) - head);
    size_t size = head_size + count * unit;
    py_blob_t *blob = py_blob_new(size, 0);
    if (blob == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    memcpy(py_blob_bytes(blob), head, head_size);
    memcpy(py_blob_bytes(blob) + head_size, units, count * unit);
    return blob;
}

/* Nor does a foreign object alone. */
py_blob_t *py_blob_holding(py_move_t *move) {
    static const uint8_t stream[] = {TAG_FOREIGN, 0};
    py_blob_t *blob = py_blob_new(sizeof stream, 1);
    if (blob == NULL)
        return NULL;
    memcpy(py_blob_bytes(blob), stream, sizeof stream);
    blob->move_count = 1;
    blob->is_move = true;
    py_blob_moves(blob)[0] = move;
    return blob;
}

static py_blob_t *move_blob(core_state_t *state, PyObject *value, const py_foreign_t *foreign,
                            py_moves_t *moves) {
    size_t moved_before = moves->count;
    py_move_t *move = py_moves_out(state, moves, foreign, value, false);
    if (move == NULL)
        return NULL;
    state->transfer.epoch++;
    py_blob_t *blob = py_blob_holding(move);
    if (blob == NULL) {
        PyErr_NoMemory();
        py_moves_undo(moves, moved_before);
        py_move_unref(move);
    }
    return blob;
}

static py_blob_t *encode_blob(core_state_t *state, PyObject *value, py_moves_t *moves) {
    if (PyUnicode_CheckExact(value)) {
        int kind = (int)PyUnicode_KIND(value);
        int tag = PyUnicode_IS_ASCII(value) ? TAG_ASCII
                  : kind == 1               ? TAG_LATIN1
                  : kind == 2               ? TAG_UCS2
                                            : TAG_UCS4;
        return single_blob(tag, PyUnicode_DATA(value), (size_t)PyUnicode_GET_LENGTH(value),
                           (size_t)kind);
    }
    if (PyBytes_CheckExact(value))
        return single_blob(TAG_BYTES, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value), 1);
    const py_foreign_t *foreign = py_foreign_find_in(&state->foreign, Py_TYPE(value));
    if (foreign != NULL)
        return move_blob(state, value, foreign, moves);
    return py_encoder_run(state, value, moves, NULL);
}

/* What fits into a payload itself. */
static bool encode_atom(PyObject *value, boc_payload_t *out) {
    assert(value != NULL && !PyErr_Occurred());
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyLong_Type) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow == 0 && py_payload_fits(number)) {
            *out = py_payload_of_integer(number);
            return true;
        }
    } else if (value == Py_None || type == &PyBool_Type) {
        *out = (boc_payload_t){.data = NULL,
                               .ops = value == Py_None   ? &py_payload_none
                                      : value == Py_True ? &py_payload_true
                                                         : &py_payload_false};
        return true;
    } else if (type == &PyFloat_Type && sizeof(void *) == sizeof(double)) {
        *out = py_payload_of_real(PyFloat_AS_DOUBLE(value));
        return true;
    }
    return false;
}

int py_transfer_encode_moving(core_state_t *state, PyObject *value, boc_payload_t *out,
                              py_moves_t *moves) {
    if (encode_atom(value, out))
        return 0;
    py_blob_t *blob = encode_blob(state, value, moves);
    if (blob == NULL)
        return -1;
    *out = py_payload_of_blob(blob);
    return 0;
}

static int encode_alone(core_state_t *state, PyObject *value, boc_payload_t *out, int reason,
                        bool copies) {
    if (encode_atom(value, out))
        return 0;
    py_moves_t moves;
    py_moves_init(&moves, reason);
    moves.copies = copies;
    py_blob_t *blob = encode_blob(state, value, &moves);
    py_moves_end(&moves, blob != NULL);
    if (blob == NULL)
        return -1;
    *out = py_payload_of_blob(blob);
    return 0;
}

int py_transfer_encode(core_state_t *state, PyObject *value, boc_payload_t *out) {
    return encode_alone(state, value, out, BOCPY_INTO_OTHER, false);
}

int py_transfer_encode_for(core_state_t *state, PyObject *value, boc_payload_t *out, int reason) {
    return encode_alone(state, value, out, reason, false);
}

int py_transfer_encode_copies(core_state_t *state, PyObject *value, boc_payload_t *out) {
    return encode_alone(state, value, out, BOCPY_INTO_COPY, true);
}
