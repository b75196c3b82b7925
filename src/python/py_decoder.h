/* py_decoder.h - what the two files of the decoder share: reading the stream, and building
 * containers from what was read.
 *
 * Nothing recurses in C: a container half built is a frame on the decoder's own stack.
 */
#ifndef BOC_PY_DECODER_H
#define BOC_PY_DECODER_H

#include "python/py_encoder.h"

#include <assert.h>

/* What a frame is building. */
typedef enum py_build_kind {
    BUILD_LIST,   /* nobody can see it yet: items go into place */
    BUILD_APPEND, /* a list that something inside may refer to */
    BUILD_TUPLE,
    BUILD_DICT,
    BUILD_SET,
    BUILD_FROZENSET, /* `object` is a list until the end */
    BUILD_INSTANCE,
    BUILD_REDUCE,
} py_build_kind_t;

/* A container half built. */
typedef struct py_build {
    py_build_kind_t kind;
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
} py_build_t;

enum { PY_DECODER_BUILDS = 12, PY_DECODER_MEMO = 16 };

typedef struct py_decoder {
    core_state_t *state;
    py_transfer_state_t *transfer;
    py_blob_t *blob;
    const uint8_t *at;
    bool takes;                  /* foreign objects move into this interpreter */
    PyObject **taken;            /* owned; by index of the move, NULL until it has moved */
    py_definition_t *definition; /* whose body this is, or NULL */
    PyObject *kept;              /* owned; list of what was defined, so that it stays alive */
    PyObject *result;            /* owned; a value that was built for the frame below */
    uint64_t place;              /* of the definition that the next reduction makes */
    bool has_place;
    py_type_info_t *info; /* owned; of the last instance */

    py_build_t *builds;
    size_t depth;
    size_t builds_capacity;
    PyObject **memo; /* owned */
    size_t memo_count;
    size_t memo_capacity;

    py_build_t first_builds[PY_DECODER_BUILDS];
    PyObject *first_memo[PY_DECODER_MEMO];
} py_decoder_t;

/* What reading returns besides -1. */
enum { GOT_FRAME = 0, GOT_VALUE = 1 };
/* What building returns besides -1. */
enum { BUILD_MORE = 0, BUILD_DONE = 1 };

static inline uint64_t py_decoder_number(py_decoder_t *d) {
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

static inline const uint8_t *py_decoder_bytes(py_decoder_t *d, size_t size) {
    const uint8_t *bytes = d->at;
    d->at += size;
    assert(d->at <= py_blob_bytes(d->blob) + d->blob->size);
    return bytes;
}

/* Read one value: GOT_VALUE, or GOT_FRAME when the frame of one was pushed, or -1. */
int py_decoder_read(py_decoder_t *decoder, PyObject **p_value);

/* The same where a key of a dict or the name of an attribute is expected. */
int py_decoder_read_key(py_decoder_t *decoder, PyObject **p_key);

/* Replace an object built from its parts by the one that was built inside them, if there
 * is one; else give it the next memo number. */
int py_decoder_close_shared(py_decoder_t *decoder, PyObject **p_object);

/* One step of the top frame: BUILD_DONE when its object is complete, BUILD_MORE when
 * another frame was pushed, or -1. */
int py_decoder_build(py_decoder_t *decoder, py_build_t *build);

#endif
