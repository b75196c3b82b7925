/* py_walk.c - counts the references inside a value against those that there are.
 *
 * An object with one reference has only the one it was found by.  Of the others, what is
 * mutable goes to a table that must balance in the end.  Tuples and frozensets count only
 * if something mutable is in them.  Immortal objects never balance.  Nothing recurses. */
#include "python/py_walk.h"

#include "python/py_encoder.h"

#include <assert.h>

#ifndef Py_GIL_DISABLED

/* What visiting returns: whether the parts of the object are to be looked at. */
typedef enum visit { REFUSED = -1, DONE = 0, NEW = 1 } visit_t;

/* ---- the table ---- */

static py_walk_entry_t *place_of(const py_walk_t *w, PyObject *object) {
    size_t at = (size_t)(((uintptr_t)object >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32);
    for (;; at++) {
        py_walk_entry_t *entry = &w->table[at & w->table_mask];
        if (entry->object == object || entry->object == NULL)
            return entry;
    }
}

static bool grow_table(py_walk_t *w) {
    size_t capacity = w->table == NULL ? PY_WALK_TABLE : (w->table_mask + 1) * 2;
    if (capacity > PY_WALK_TABLE_MAX)
        return false;
    py_walk_entry_t *old = w->table;
    size_t old_capacity = old == NULL ? 0 : w->table_mask + 1;
    py_walk_entry_t *table =
        old == NULL ? w->first_table : PyMem_RawMalloc(capacity * sizeof *table);
    if (table == NULL)
        return false;
    memset(table, 0, capacity * sizeof *table);
    w->table = table;
    w->table_mask = capacity - 1;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].object != NULL)
            *place_of(w, old[i].object) = old[i];
    if (old != w->first_table)
        PyMem_RawFree(old);
    return true;
}

/* The entry of `object`, with `references` more seen; NULL without memory. */
static py_walk_entry_t *count(py_walk_t *w, PyObject *object, Py_ssize_t references) {
    if ((w->table == NULL || w->table_used * 3 > w->table_mask * 2) && !grow_table(w))
        return NULL;
    py_walk_entry_t *entry = place_of(w, object);
    if (entry->object == NULL) {
        entry->object = object;
        w->table_used++;
    }
    entry->seen += references;
    return entry;
}

static bool is_balanced(const py_walk_t *w) {
    if (w->table == NULL)
        return true;
    for (size_t i = 0; i <= w->table_mask; i++) {
        const py_walk_entry_t *entry = &w->table[i];
        if (entry->is_mutable && Py_REFCNT(entry->object) != entry->seen)
            return false;
    }
    return true;
}

/* ---- the stack ---- */

static bool push(py_walk_t *w, py_walk_kind_t kind, PyObject *object, uint32_t parent) {
    if (w->depth == w->capacity) {
        uint32_t capacity = w->capacity * 2;
        bool is_first = w->frames == w->first_frames;
        if (capacity > PY_WALK_FRAMES_MAX)
            return false;
        py_walk_frame_t *frames =
            PyMem_RawRealloc(is_first ? NULL : w->frames, capacity * sizeof *frames);
        if (frames == NULL)
            return false;
        if (is_first)
            memcpy(frames, w->first_frames, sizeof w->first_frames);
        w->frames = frames;
        w->capacity = capacity;
    }
    w->frames[w->depth++] =
        (py_walk_frame_t){.object = object, .parent = parent, .kind = (uint8_t)kind};
    return true;
}

/* Something mutable is in the tuple or frozenset at `parent`. */
static void taint(py_walk_t *w, uint32_t parent) {
    if (parent != PY_WALK_ROOT)
        w->frames[parent].is_tainted = true;
}

/* The top frame is done. */
static void pop(py_walk_t *w) {
    const py_walk_frame_t *frame = &w->frames[--w->depth];
    if (frame->is_tainted)
        taint(w, frame->parent);
    if (!frame->is_counted)
        return;
    py_walk_entry_t *entry = place_of(w, frame->object);
    entry->is_open = false;
    entry->is_mutable = frame->is_tainted;
}

/* ---- counting ---- */

static visit_t count_mutable(py_walk_t *w, PyObject *object, Py_ssize_t references,
                             uint32_t parent) {
    taint(w, parent);
    if (Py_REFCNT(object) == references)
        return NEW;
    py_walk_entry_t *entry = count(w, object, references);
    if (entry == NULL)
        return REFUSED;
    bool is_new = !entry->is_mutable;
    entry->is_mutable = true;
    return is_new ? NEW : DONE;
}

/* A tuple or frozenset; a new one goes on top of the stack. */
static visit_t push_frozen(py_walk_t *w, py_walk_kind_t kind, PyObject *object,
                           Py_ssize_t references, uint32_t parent) {
    bool is_counted = Py_REFCNT(object) != references;
    if (is_counted) {
        py_walk_entry_t *entry = count(w, object, references);
        if (entry == NULL)
            return REFUSED;
        if (entry->seen > references) {
            /* Met inside itself: only something mutable closes such a circle. */
            if (entry->is_mutable || entry->is_open)
                taint(w, parent);
            return DONE;
        }
        entry->is_open = true;
    }
    if (!push(w, kind, object, parent))
        return REFUSED;
    w->frames[w->depth - 1].is_counted = is_counted;
    return NEW;
}

/* ---- builtins ---- */

static bool is_rare_atom(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    return type == &PyFloat_Type || object == Py_None || type == &PyBool_Type ||
           type == &PyBytes_Type || type == &PyComplex_Type || object == Py_Ellipsis ||
           object == Py_NotImplemented;
}

static inline bool is_atom(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    return type == &PyLong_Type || type == &PyUnicode_Type || is_rare_atom(object);
}

/* Where the atoms from `i` on end. */
static Py_ssize_t skip_atoms(PyObject *const *items, Py_ssize_t i, Py_ssize_t size) {
    const PyTypeObject *last = NULL;
    for (; i < size; i++) {
        const PyTypeObject *type = Py_TYPE(items[i]);
        if (type == last)
            continue;
        if (!is_atom(items[i]))
            break;
        last = type;
    }
    return i;
}

static bool has_weak_references(PyObject *object) {
    Py_ssize_t offset = Py_TYPE(object)->tp_weaklistoffset; /* negative: before the object */
    return offset != 0 && *(PyObject **)(void *)((char *)object + offset) != NULL;
}

typedef struct parts {
    py_walk_t *walk;
    uint32_t parent;
    Py_ssize_t seen;
    const PyTypeObject *last; /* of the last atom: most have the type of the one before */
} parts_t;

/* visitproc: what is not an atom is looked at later. */
static int push_part(PyObject *object, void *arg) {
    parts_t *parts = arg;
    if (Py_TYPE(object) == parts->last)
        return 0;
    if (!is_atom(object))
        return push(parts->walk, PY_WALK_UNOPENED, object, parts->parent) ? 0 : -1;
    parts->last = Py_TYPE(object);
    return 0;
}

static visit_t visit_list(py_walk_t *w, PyObject *list, Py_ssize_t references, uint32_t parent) {
    visit_t status = count_mutable(w, list, references, parent);
    if (status != NEW)
        return status;
    Py_ssize_t size = PyList_GET_SIZE(list);
    Py_ssize_t i = skip_atoms(((PyListObject *)list)->ob_item, 0, size);
    if (i == size)
        return DONE;
    if (!push(w, PY_WALK_LIST, list, PY_WALK_ROOT))
        return REFUSED;
    w->frames[w->depth - 1].index = i;
    return NEW;
}

/* visitproc: stops at what is not an atom. */
static int count_atom(PyObject *object, void *arg) {
    parts_t *parts = arg;
    parts->seen++;
    if (Py_TYPE(object) == parts->last)
        return 0;
    parts->last = Py_TYPE(object);
    return is_atom(object) ? 0 : -1;
}

static visit_t visit_dict(py_walk_t *w, PyObject *dict, Py_ssize_t references, uint32_t parent) {
    visit_t status = count_mutable(w, dict, references, parent);
    if (status != NEW)
        return status;
    /* Traversing is fastest, but leaves out values that are in an instance's memory. */
    parts_t parts = {.walk = w};
    if (PyDict_Type.tp_traverse(dict, count_atom, &parts) == 0 &&
        parts.seen >= PyDict_GET_SIZE(dict))
        return DONE;
    return push(w, PY_WALK_DICT, dict, PY_WALK_ROOT) ? NEW : REFUSED;
}

static visit_t visit_set(py_walk_t *w, PyObject *set, Py_ssize_t references, uint32_t parent) {
    visit_t status = count_mutable(w, set, references, parent);
    if (status != NEW)
        return status;
    parts_t parts = {.walk = w, .parent = PY_WALK_ROOT};
    bool is_done = !has_weak_references(set) && PySet_Type.tp_traverse(set, push_part, &parts) == 0;
    return is_done ? DONE : REFUSED;
}

static visit_t visit_frozenset(py_walk_t *w, PyObject *set, Py_ssize_t references,
                               uint32_t parent) {
    visit_t status = push_frozen(w, PY_WALK_OPENED, set, references, parent);
    if (status != NEW)
        return status;
    parts_t parts = {.walk = w, .parent = w->depth - 1};
    return PyFrozenSet_Type.tp_traverse(set, push_part, &parts) == 0 ? NEW : REFUSED;
}

static visit_t visit_tuple(py_walk_t *w, PyObject *tuple, Py_ssize_t references, uint32_t parent) {
    Py_ssize_t size = PyTuple_GET_SIZE(tuple);
    /* A long one that is met often is looked at once, thanks to the table. */
    bool is_cheap = Py_REFCNT(tuple) == references || size <= PY_WALK_SHORT;
    if (is_cheap && skip_atoms(((PyTupleObject *)tuple)->ob_item, 0, size) == size)
        return DONE;
    return push_frozen(w, PY_WALK_TUPLE, tuple, references, parent);
}

static visit_t visit_bytearray(py_walk_t *w, PyObject *array, Py_ssize_t references,
                               uint32_t parent) {
    if (((PyByteArrayObject *)array)->ob_exports != 0)
        return REFUSED;
    return count_mutable(w, array, references, parent) != REFUSED ? DONE : REFUSED;
}

/* ---- cowns ---- */

static bool keep_cown(py_walk_t *w, py_cown_t *cown) {
    if (w->cown_count == w->cown_capacity) {
        size_t capacity = w->cown_capacity == 0 ? 8 : w->cown_capacity * 2;
        py_cown_t **cowns = PyMem_RawRealloc(w->cowns, capacity * sizeof *cowns);
        if (cowns == NULL)
            return false;
        w->cowns = cowns;
        w->cown_capacity = capacity;
    }
    w->cowns[w->cown_count++] = cown;
    return true;
}

static visit_t visit_cown(py_walk_t *w, PyObject *object, Py_ssize_t references, uint32_t parent) {
    py_cown_t *cown = (py_cown_t *)object;
    if (cown->access != PY_NOT_OWNED || cown->value != NULL || cown->lease != NULL ||
        cown->weak_list != NULL)
        return REFUSED;
    visit_t status = count_mutable(w, object, references, parent);
    if (status == NEW)
        status = keep_cown(w, cown) ? DONE : REFUSED;
    return status;
}

/* ---- instances ---- */

static Py_ssize_t slot_offset(const py_type_info_t *info, Py_ssize_t i) {
    return ((PyMemberDescrObject *)info->slots[i])->d_member->offset;
}

/* A slot that a subclass declares again hides the other, whose value we would miss. */
static bool has_hidden_slot(const py_type_info_t *info) {
    for (Py_ssize_t i = 1; i < info->slot_count; i++)
        for (Py_ssize_t k = 0; k < i; k++)
            if (slot_offset(info, i) == slot_offset(info, k))
                return true;
    return false;
}

/* Whether instances of a class that the encoder sends by value may be kept. */
static bool may_keep(PyTypeObject *type, const py_type_info_t *info) {
    return type->tp_finalize == NULL && type->tp_del == NULL &&
           (type->tp_hash == PyBaseObject_Type.tp_hash ||
            type->tp_hash == PyObject_HashNotImplemented) &&
           (type->tp_dictoffset == 0 || PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT)) &&
           !has_hidden_slot(info);
}

/* Find out about the class of an object, as the encoder did; false if it did not. */
static bool look_at(py_walk_t *w, PyTypeObject *type) {
    if (w->type == type)
        return true;
    uint32_t id;
    if (py_foreign_find_in(&w->state->foreign, type) != NULL ||
        !py_names_is_known(w->state, (PyObject *)type, &id))
        return false;
    const py_type_info_t *info = py_names_entry(&w->state->transfer, id)->info;
    if (info == NULL || !py_type_info_is_current(w->state, info, type))
        return false;
    if (info->kind == PY_TYPE_PLAIN && !may_keep(type, info))
        return false;
    w->type = type;
    w->info = info;
    return true;
}

#if PY_VERSION_HEX < 0x030D0000
/* The attributes, in the __dict__ if there is one. */
static bool push_attributes(PyObject *object, parts_t *parts) {
    return _PyObject_VisitManagedDict(object, push_part, parts) == 0;
}
#else
/* The attributes.  Visiting gives either the values in the instance, or the __dict__, or
 * both for the same values, depending on the version: so the __dict__ is read from its place,
 * and what it holds is walked as its own.  A test at the first use makes sure of the place. */
static bool push_attributes(PyObject *object, parts_t *parts) {
    PyObject *dict = ((PyObject **)object)[-3]; /* borrowed */
    if (dict != NULL)
        return push_part(dict, parts) == 0;
    return PyObject_VisitManagedDict(object, push_part, parts) == 0;
}
#endif

static visit_t visit_instance(py_walk_t *w, PyObject *object, Py_ssize_t references,
                              uint32_t parent) {
    if (!w->keeps_instances || has_weak_references(object))
        return REFUSED;
    visit_t status = count_mutable(w, object, references, parent);
    if (status != NEW)
        return status;
    parts_t parts = {.walk = w, .parent = PY_WALK_ROOT};
    const py_type_info_t *info = w->info;
    for (Py_ssize_t i = 0; i < info->slot_count; i++) {
        char *place = (char *)object + slot_offset(info, i);
        PyObject *value = *(PyObject **)(void *)place; /* borrowed */
        if (value != NULL && push_part(value, &parts) != 0)
            return REFUSED;
    }
    return !info->has_dict || push_attributes(object, &parts) ? DONE : REFUSED;
}

/* Whatever travels by name is shared. */
static visit_t visit_named(py_walk_t *w, PyObject *object) {
    uint32_t id;
    return py_names_is_known(w->state, object, &id) ? DONE : REFUSED;
}

static visit_t visit_object(py_walk_t *w, PyObject *object, Py_ssize_t references,
                            uint32_t parent) {
    PyTypeObject *type = Py_TYPE(object);
    if (type == w->state->cown_type)
        return visit_cown(w, object, references, parent);
    if (type == &PyFunction_Type || type == &PyType_Type)
        return visit_named(w, object);
    if (!look_at(w, type))
        return REFUSED;
    switch (w->info->kind) {
    case PY_TYPE_PLAIN:
        return visit_instance(w, object, references, parent);
    case PY_TYPE_ENUM:
    case PY_TYPE_CLASS:
        return visit_named(w, object);
    case PY_TYPE_REDUCE:
    case PY_TYPE_ARRAY:
        break;
    }
    return REFUSED;
}

/* ---- walking ---- */

static visit_t visit(py_walk_t *w, PyObject *object, Py_ssize_t references, uint32_t parent) {
    PyTypeObject *type = Py_TYPE(object);
    if (is_atom(object))
        return DONE;
    if (type == &PyList_Type)
        return visit_list(w, object, references, parent);
    if (type == &PyDict_Type)
        return visit_dict(w, object, references, parent);
    if (type == &PyTuple_Type)
        return visit_tuple(w, object, references, parent);
    if (type == &PySet_Type)
        return visit_set(w, object, references, parent);
    if (type == &PyFrozenSet_Type)
        return visit_frozenset(w, object, references, parent);
    if (type == &PyByteArray_Type)
        return visit_bytearray(w, object, references, parent);
    return visit_object(w, object, references, parent);
}

/* Go on in the items of the top frame until one of them is pushed. */
static visit_t step_items(py_walk_t *w, PyObject *const *items, Py_ssize_t size, uint32_t parent) {
    uint32_t top = w->depth - 1;
    visit_t status = DONE;
    Py_ssize_t i = w->frames[top].index;
    while ((i = skip_atoms(items, i, size)) < size && status == DONE && w->depth == top + 1)
        status = visit(w, items[i++], 1, parent);
    if (status == REFUSED)
        return REFUSED;
    w->frames[top].index = i;
    if (w->depth == top + 1)
        pop(w);
    return DONE;
}

static visit_t step_dict(py_walk_t *w) {
    uint32_t top = w->depth - 1;
    PyObject *dict = w->frames[top].object;
    Py_ssize_t at = w->frames[top].index;
    PyObject *key, *value; /* borrowed */
    bool is_more = true;
    while (w->depth == top + 1 && (is_more = PyDict_Next(dict, &at, &key, &value)))
        if (visit(w, key, 1, PY_WALK_ROOT) == REFUSED ||
            visit(w, value, 1, PY_WALK_ROOT) == REFUSED)
            return REFUSED;
    w->frames[top].index = at;
    if (!is_more)
        pop(w);
    return DONE;
}

static visit_t step(py_walk_t *w) {
    const py_walk_frame_t *frame = &w->frames[w->depth - 1];
    PyObject *object = frame->object;
    switch ((py_walk_kind_t)frame->kind) {
    case PY_WALK_UNOPENED:
        w->depth--;
        return visit(w, object, 1, frame->parent);
    case PY_WALK_OPENED: /* a frozenset */
        if (frame->is_tainted && has_weak_references(object))
            return REFUSED;
        pop(w);
        return DONE;
    case PY_WALK_LIST:
        return step_items(w, ((PyListObject *)object)->ob_item, PyList_GET_SIZE(object),
                          PY_WALK_ROOT);
    case PY_WALK_TUPLE:
        return step_items(w, ((PyTupleObject *)object)->ob_item, PyTuple_GET_SIZE(object),
                          w->depth - 1);
    case PY_WALK_DICT:
        return step_dict(w);
    }
    Py_UNREACHABLE();
}

bool py_walk_run(py_walk_t *w, PyObject *value, Py_ssize_t references) {
    assert(w->depth == 0 && references > 0);
    bool is_alone = visit(w, value, references, PY_WALK_ROOT) != REFUSED;
    while (is_alone && w->depth > 0)
        is_alone = step(w) != REFUSED;
    return is_alone && is_balanced(w);
}

void py_walk_init(py_walk_t *w, core_state_t *state, bool keeps_instances) {
    memset(w, 0, offsetof(py_walk_t, first_frames));
    w->state = state;
    w->keeps_instances = keeps_instances;
    w->frames = w->first_frames;
    w->capacity = PY_WALK_FRAMES;
}

void py_walk_deinit(py_walk_t *w) {
    if (w->frames != w->first_frames)
        PyMem_RawFree(w->frames);
    if (w->table != w->first_table)
        PyMem_RawFree(w->table);
    PyMem_RawFree(w->cowns);
}

#endif
