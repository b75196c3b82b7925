/* py_encoder.c - the encoder's stream, memo and stack. */
#include "python/py_encoder.h"

#include <assert.h>

/* ---- stream ---- */

int py_encoder_grow(py_encoder_t *e, size_t bytes) {
    if (bytes > SIZE_MAX / 2 - e->capacity) {
        PyErr_NoMemory();
        return -1;
    }
    size_t capacity = e->capacity + e->capacity / 2;
    if (capacity < e->size + bytes)
        capacity = e->size + bytes;
    uint8_t *old = e->data == e->first_data ? NULL : e->data;
    uint8_t *data = PyMem_RawRealloc(old, capacity);
    if (data == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (old == NULL)
        memcpy(data, e->first_data, e->size);
    e->data = data;
    e->capacity = capacity;
    return 0;
}

int py_encoder_write_number(py_encoder_t *e, uint64_t number) {
    if (py_encoder_reserve(e, 10) < 0)
        return -1;
    e->size = (size_t)(py_encoder_number_at(e->data + e->size, number) - e->data);
    return 0;
}

int py_encoder_write_sized(py_encoder_t *e, int tag, const void *bytes, size_t size) {
    return py_encoder_write_units(e, tag, bytes, size, 1);
}

/* ---- memo ---- */

static inline size_t hash_of(PyObject *object) {
    return (size_t)(((uintptr_t)object >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20);
}

/* The entry of `object`, or the empty one where it belongs. */
static py_memo_entry_t *memo_at(py_encoder_t *e, PyObject *object) {
    size_t i = hash_of(object) & e->memo_mask;
    while (e->memo[i].object != NULL && e->memo[i].object != object)
        i = (i + 1) & e->memo_mask;
    return &e->memo[i];
}

static int memo_grow(py_encoder_t *e) {
    if (e->memo == NULL) {
        memset(e->first_memo, 0, sizeof e->first_memo);
        e->memo = e->first_memo;
        e->memo_mask = PY_ENCODER_MEMO - 1;
        return 0;
    }
    if ((e->memo_used + 1) * 3 <= (e->memo_mask + 1) * 2)
        return 0;
    py_memo_entry_t *old = e->memo;
    size_t old_count = e->memo_mask + 1;
    size_t count = old_count * 4;
    py_memo_entry_t *grown = PyMem_RawCalloc(count, sizeof *grown);
    if (grown == NULL || e->memo_next >= PY_MEMO_PENDING - 1) {
        PyMem_RawFree(grown);
        PyErr_NoMemory();
        return -1;
    }
    e->memo = grown;
    e->memo_mask = count - 1;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].object != NULL)
            *memo_at(e, old[i].object) = old[i];
    if (old != e->first_memo)
        PyMem_RawFree(old);
    return 0;
}

int py_encoder_write_seen(py_encoder_t *e, PyObject *object) {
    if (e->memo == NULL)
        return 0;
    py_memo_entry_t *entry = memo_at(e, object);
    if (entry->object == NULL || entry->number >= PY_MEMO_PENDING)
        return 0;
    return py_encoder_write_tagged(e, TAG_SEEN, entry->number) < 0 ? -1 : 1;
}

static int memo_add(py_encoder_t *e, PyObject *object, uint32_t number) {
    if (memo_grow(e) < 0)
        return -1;
    py_memo_entry_t *entry = memo_at(e, object);
    if (entry->object == NULL) {
        entry->object = Py_NewRef(object);
        e->memo_used++;
    }
    entry->number = number;
    return 0;
}

int py_encoder_memoize(py_encoder_t *e, PyObject *object) {
    if (memo_add(e, object, e->memo_next) < 0)
        return -1;
    e->memo_next++;
    return 0;
}

int py_encoder_begin(py_encoder_t *e, PyObject *object) {
    uint32_t number = PY_MEMO_PENDING;
    if (e->memo != NULL) {
        py_memo_entry_t *entry = memo_at(e, object);
        if (entry->object != NULL)
            number = entry->number + 1;
    }
    assert(number >= PY_MEMO_PENDING);
    if (number - PY_MEMO_PENDING >= PY_MEMO_PENDING_MAX) {
        PyErr_SetString(PyExc_RecursionError,
                        "maximum recursion depth exceeded while pickling an object");
        return -1;
    }
    return memo_add(e, object, number);
}

int py_encoder_finish(py_encoder_t *e, PyObject *object) {
    py_memo_entry_t *entry = memo_at(e, object);
    assert(entry->object == object);
    bool is_first = entry->number >= PY_MEMO_PENDING;
    if (is_first)
        entry->number = e->memo_next++;
    return py_encoder_write_number(e, entry->number) < 0 ? -1 : !is_first;
}

/* ---- stack ---- */

py_frame_t *py_encoder_push(py_encoder_t *e, py_frame_kind_t kind, PyObject *object,
                            PyObject *items) {
    if (e->depth == e->frames_capacity) {
        size_t capacity = e->frames_capacity * 2;
        py_frame_t *old = e->frames == e->first_frames ? NULL : e->frames;
        py_frame_t *frames = PyMem_RawRealloc(old, capacity * sizeof *frames);
        if (frames == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        if (old == NULL)
            memcpy(frames, e->first_frames, e->depth * sizeof *frames);
        e->frames = frames;
        e->frames_capacity = capacity;
    }
    py_frame_t *frame = &e->frames[e->depth++];
    *frame = (py_frame_t){.kind = kind, .object = Py_NewRef(object), .items = Py_XNewRef(items)};
    e->reductions += kind == FRAME_REDUCE;
    return frame;
}

void py_encoder_pop(py_encoder_t *e) {
    py_frame_t frame = e->frames[--e->depth];
    if (frame.kind == FRAME_REDUCE) {
        e->reductions--;
        e->transfer->epoch++; /* freeing what it gave may run code */
    }
    Py_XDECREF(frame.value);
    Py_XDECREF(frame.waiting);
    Py_XDECREF(frame.items);
    Py_DECREF(frame.object);
}

int py_encoder_write_name(py_encoder_t *e, uint32_t id) {
    e->runs_code = true; /* what has a name may have to be imported */
    return py_encoder_write_fixed(e, TAG_NAME, &id, sizeof id);
}
