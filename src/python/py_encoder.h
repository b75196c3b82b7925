/* py_encoder.h - what the files of the encoder and the decoder share.
 *
 * The stream is one value: a tag, then what the tag asks for.  Containers are
 * written from the outside in, so that a cycle meets an object that has a memo
 * number already.  What can only be built from its parts (a tuple, a frozenset, the
 * result of a reduction) gets its number after them; if it was met again inside, it
 * is encoded there as well and the outer copy is given up for the inner one, as
 * pickle does.
 *
 * Nothing recurses in C: a container is a frame on the encoder's own stack.
 */
#ifndef BOC_PY_ENCODER_H
#define BOC_PY_ENCODER_H

#include "python/py_moves.h"
#include "python/py_names.h"
#include "python/py_state.h"
#include "python/py_transfer.h"
#include "python/py_types.h"

/* Without the GIL, threads of one interpreter share the transfer state.  Nothing that can
 * run code or free objects happens while it is locked. */
static inline void py_transfer_lock(py_transfer_state_t *transfer) {
#ifdef Py_GIL_DISABLED
    PyMutex_Lock(&transfer->lock);
#else
    (void)transfer;
#endif
}

static inline void py_transfer_unlock(py_transfer_state_t *transfer) {
#ifdef Py_GIL_DISABLED
    PyMutex_Unlock(&transfer->lock);
#else
    (void)transfer;
#endif
}

#ifdef Py_GIL_DISABLED
#define PY_BEGIN_LOCKED(object) Py_BEGIN_CRITICAL_SECTION(object)
#define PY_END_LOCKED() Py_END_CRITICAL_SECTION()
#else
#define PY_BEGIN_LOCKED(object) {
#define PY_END_LOCKED() }
#endif

/* Fill an empty place of the state with `taken`, unless somebody else was faster. */
void py_transfer_keep(py_transfer_state_t *transfer, PyObject **place, PyObject *taken);

/* A new reference, or NULL with or without an exception. */
static inline PyObject *py_transfer_dict_get(PyObject *dict, PyObject *key) {
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *value = NULL;
    (void)PyDict_GetItemRef(dict, key, &value);
    return value;
#else
    return Py_XNewRef(PyDict_GetItemWithError(dict, key));
#endif
}

/* Numbers are varints: 7 bits a byte, low ones first. */
typedef enum py_tag {
    TAG_END = 0, /* of items whose count was not known */
    TAG_UNSET,   /* an empty slot */
    TAG_NONE,
    TAG_TRUE,
    TAG_FALSE,
    TAG_ELLIPSIS,
    TAG_NOT_IMPLEMENTED,
    TAG_INT8,       /* 1 byte */
    TAG_INT32,      /* 4 bytes */
    TAG_INT64,      /* 8 bytes */
    TAG_INT_BIG,    /* size, bytes */
    TAG_FLOAT,      /* 8 bytes */
    TAG_COMPLEX,    /* 16 bytes */
    TAG_ASCII,      /* length, characters */
    TAG_LATIN1,     /* length, 1 byte each */
    TAG_UCS2,       /* length, 2 bytes each */
    TAG_UCS4,       /* length, 4 bytes each */
    TAG_BYTES,      /* size, bytes */
    TAG_BYTEARRAY,  /* size, bytes */
    TAG_MEMORYVIEW, /* base, start, size, format, dimensions, shape, read-only */
    TAG_ARRAY,      /* typecode, size, bytes */
    TAG_TUPLE,      /* count, items; if shared: memo number */
    TAG_LIST,       /* count, items */
    TAG_INTS,       /* a list: count, 4 bytes each */
    TAG_FLOATS,     /* a list: count, 8 bytes each */
    TAG_DICT,       /* count, keys and values */
    TAG_SET,        /* count, items */
    TAG_FROZENSET,  /* count, items; if shared: memo number */
    TAG_SEEN,       /* memo number */
    TAG_NAME,       /* name number: 4 bytes */
    TAG_COWN,       /* index into the blob's cowns */
    TAG_FOREIGN,    /* index into the blob's moves */
    TAG_DEFINED,    /* index into the blob's definitions, index inside that */
    TAG_DEFINE,     /* index inside this definition; a reduction follows */
    TAG_INSTANCE,   /* class, slot count, slots, attribute count, names and values */
    TAG_REDUCE,     /* callable, arguments; if shared: memo number; parts, see below */
    TAG_SHARED = 0x80, /* flag: the object gets the next memo number */
} py_tag_t;

/* After a reduction was called. */
enum {
    PART_ITEMS = 1,  /* items until TAG_END */
    PART_PAIRS = 2,  /* keys and values until TAG_END */
    PART_SETTER = 4, /* callable for the state */
    PART_STATE = 8,
};

/* Indexes of py_transfer_state_t.text. */
enum {
    TEXT_MODULE,
    TEXT_QUALNAME,
    TEXT_NAME,
    TEXT_REDUCE_EX,
    TEXT_REDUCE,
    TEXT_GETSTATE,
    TEXT_SETSTATE,
    TEXT_GETNEWARGS,
    TEXT_GETNEWARGS_EX,
    TEXT_DICT,
    TEXT_ENUM_NAME,
    TEXT_EXTEND,
    TEXT_APPEND,
    TEXT_TYPECODE,
    TEXT_FROMBYTES,
    TEXT_ENUM,
    TEXT_ARRAY,
    TEXT_TYPES,
    TEXT_EMPTY,
    TEXT_COUNT,
};

typedef enum py_frame_kind {
    FRAME_LIST,
    FRAME_TUPLE, /* of a tuple, or the frozen content of a set */
    FRAME_DICT,
    FRAME_SET,
    FRAME_INSTANCE,
    FRAME_REDUCE,
} py_frame_kind_t;

/* A container half encoded. */
typedef struct py_frame {
    py_frame_kind_t kind;
    bool is_shared; /* closes with its memo number */
    uint8_t phase;
    Py_ssize_t index;
    Py_ssize_t count;
    PyObject *object;  /* owned; what is encoded */
    PyObject *items;   /* owned; what is walked */
    PyObject *waiting; /* owned; the value of a key whose frame is on top, or an iterator */
    PyObject *value;   /* owned; as waiting, where that is the iterator */
} py_frame_t;

/* `number` of an object that is being built from its parts: how often it is on the
 * stack, above this. */
#define PY_MEMO_PENDING 0xFFFF0000u
#define PY_MEMO_PENDING_MAX 1000u

typedef struct py_memo_entry {
    PyObject *object; /* owned */
    uint32_t number;
} py_memo_entry_t;

enum {
    PY_PACKED_MIN = 8, /* items from which on a list may be packed */
    PY_ENCODER_BYTES = 1024,
    PY_ENCODER_FRAMES = 12,
    PY_ENCODER_MEMO = 16,
    PY_ENCODER_INFOS = 4,
    PY_REDUCTIONS_MAX = 200000, /* nested in each other, before it is called endless */
};

typedef struct py_encoder {
    core_state_t *state;
    py_transfer_state_t *transfer;
    bool is_definition; /* what has no name is encoded here and now */
    bool runs_code;     /* the blob refers to names or definitions */

    uint8_t *data; /* room for a py_blob_t, then the stream */
    size_t size;
    size_t capacity;

    py_frame_t *frames;
    size_t depth;
    size_t frames_capacity;
    size_t reductions; /* frames that are reductions */

    py_memo_entry_t *memo; /* open addressing; NULL until needed */
    size_t memo_mask;
    size_t memo_used;
    uint32_t memo_next; /* the next memo number */

    void **held; /* cowns, owned */
    uint32_t held_count;
    uint32_t held_capacity;
    py_definition_t **definitions; /* owned */
    uint32_t definition_count;
    uint32_t definition_capacity;
    py_move_t **moved; /* counted; what was taken out of foreign objects */
    uint32_t moved_count;
    uint32_t moved_capacity;
    py_moves_t *moves; /* of the call that encodes */
    PyObject *defined; /* owned; list of what this definition defines */

    PyTypeObject *last_type;   /* of the last instance; good while last_epoch lasts */
    py_type_info_t *last_info; /* owned */
    uint32_t last_id;
    uint64_t last_epoch;
    py_type_info_t *infos[PY_ENCODER_INFOS]; /* owned; of classes without a name */
    PyObject *types[PY_ENCODER_INFOS];       /* owned; those classes */
    unsigned info_next;

    uint8_t first_data[PY_ENCODER_BYTES];
    py_frame_t first_frames[PY_ENCODER_FRAMES];
    py_memo_entry_t first_memo[PY_ENCODER_MEMO];
} py_encoder_t;

/* What put functions return besides -1. */
enum {
    PUT_DONE = 0,
    PUT_FRAME = 1, /* a frame was pushed; its content comes before anything else */
};

/* Encode `object`, to which `references` references come from where it was found and
 * from the caller: with more than these it may occur again. */
int py_encoder_put(py_encoder_t *encoder, PyObject *object, Py_ssize_t references);

/* Of any type that py_encoder_put does not know itself (py_transfer_objects.c). */
int py_encoder_put_object(py_encoder_t *encoder, PyObject *object, Py_ssize_t references);

/* By what its __reduce_ex__ gives; by `value`, such a tuple (py_transfer_reduce.c). */
int py_encoder_put_reduced(py_encoder_t *encoder, PyObject *object, bool is_shared,
                           const py_type_info_t *info);
int py_encoder_push_reduction(py_encoder_t *encoder, PyObject *object, bool is_shared,
                              PyObject *value);

/* One step of a FRAME_REDUCE: PUT_DONE when it is complete. */
int py_encoder_step_reduce(py_encoder_t *encoder, py_frame_t *frame);

/* Encode one value with nothing known; the blob, or NULL with an exception.
 * `p_defined`: encode as a definition, and get the list of what it defines. */
py_blob_t *py_encoder_run(core_state_t *state, PyObject *value, py_moves_t *moves,
                          PyObject **p_defined);

int py_encoder_write_number(py_encoder_t *encoder, uint64_t number);
int py_encoder_write_name(py_encoder_t *encoder, uint32_t id);
int py_encoder_write_sized(py_encoder_t *encoder, int tag, const void *bytes, size_t size);

/* The frame may move when another is pushed.  `pop` also frees what it holds. */
py_frame_t *py_encoder_push(py_encoder_t *encoder, py_frame_kind_t kind, PyObject *object,
                            PyObject *items);
void py_encoder_pop(py_encoder_t *encoder);

/* Write TAG_SEEN if `object` has a memo number: 1 if it did, 0 if the object is new. */
int py_encoder_write_seen(py_encoder_t *encoder, PyObject *object);

/* Give it the next number. */
int py_encoder_memoize(py_encoder_t *encoder, PyObject *object);

/* The same for what is built from its parts: before and after them.  `finish` writes the
 * number, and returns 1 if the object was met and completed inside its own parts. */
int py_encoder_begin(py_encoder_t *encoder, PyObject *object);
int py_encoder_finish(py_encoder_t *encoder, PyObject *object);

static inline bool py_encoder_is_shared(PyObject *object, Py_ssize_t references) {
#ifdef Py_GIL_DISABLED
    (void)object, (void)references; /* a count can be split between threads */
    return true;
#else
    return Py_REFCNT(object) > references;
#endif
}

int py_encoder_grow(py_encoder_t *encoder, size_t bytes);

/* Make room for `bytes` more bytes. */
static inline int py_encoder_reserve(py_encoder_t *encoder, size_t bytes) {
    return bytes <= encoder->capacity - encoder->size ? 0 : py_encoder_grow(encoder, bytes);
}

static inline int py_encoder_write_byte(py_encoder_t *encoder, int byte) {
    if (py_encoder_reserve(encoder, 1) < 0)
        return -1;
    encoder->data[encoder->size++] = (uint8_t)byte;
    return 0;
}

static inline uint8_t *py_encoder_number_at(uint8_t *at, uint64_t number) {
    while (number >= 0x80) {
        *at++ = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    *at++ = (uint8_t)number;
    return at;
}

static inline int py_encoder_write_tagged(py_encoder_t *encoder, int tag, uint64_t number) {
    if (py_encoder_reserve(encoder, 11) < 0)
        return -1;
    uint8_t *at = encoder->data + encoder->size;
    *at++ = (uint8_t)tag;
    encoder->size = (size_t)(py_encoder_number_at(at, number) - encoder->data);
    return 0;
}

static inline int py_encoder_write_fixed(py_encoder_t *encoder, int tag, const void *bytes,
                                         size_t size) {
    if (py_encoder_reserve(encoder, 1 + size) < 0)
        return -1;
    uint8_t *at = encoder->data + encoder->size;
    *at = (uint8_t)tag;
    memcpy(at + 1, bytes, size);
    encoder->size += 1 + size;
    return 0;
}

/* `count` units of `unit` bytes each. */
static inline int py_encoder_write_units(py_encoder_t *encoder, int tag, const void *units,
                                         size_t count, size_t unit) {
    size_t bytes = count * unit;
    if (py_encoder_reserve(encoder, 11 + bytes) < 0)
        return -1;
    uint8_t *at = encoder->data + encoder->size;
    *at++ = (uint8_t)tag;
    at = py_encoder_number_at(at, count);
    memcpy(at, units, bytes);
    encoder->size = (size_t)(at - encoder->data) + bytes;
    return 0;
}

#endif
