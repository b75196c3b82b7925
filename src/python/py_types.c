/* py_types.c - tells plain classes from those that pickle has to be asked about. */
#include "python/py_types.h"

#include "python/py_encoder.h"

#include <structmember.h>

/* What `name` is on `type`, as an instance would find it; borrowed, NULL without an
 * exception if nothing.  The class that defines it goes to `*p_owner`. */
static PyObject *look_up(PyTypeObject *type, PyObject *name, PyTypeObject **p_owner) {
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *dict = PyType_GetDict(base); /* owned */
        PyObject *value = dict ? PyDict_GetItemWithError(dict, name) : NULL; /* borrowed */
        Py_XDECREF(dict); /* the class keeps it */
        if (value != NULL) {
            *p_owner = base;
            return value;
        }
        PyErr_Clear();
    }
    *p_owner = NULL;
    return NULL;
}

static bool is_objects(PyTypeObject *type, PyObject *name) {
    PyTypeObject *owner;
    (void)look_up(type, name, &owner);
    return owner == &PyBaseObject_Type;
}

static bool is_absent(PyTypeObject *type, PyObject *name) {
    PyTypeObject *owner;
    return look_up(type, name, &owner) == NULL;
}

/* Whether what pickle would do by default is all there is to do. */
static bool is_default(py_transfer_state_t *transfer, PyTypeObject *type) {
    PyObject **text = transfer->text;
    return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && type->tp_itemsize == 0 &&
           type->tp_new == PyBaseObject_Type.tp_new && type->tp_alloc == PyType_GenericAlloc &&
           type->tp_getattro == PyObject_GenericGetAttr && is_objects(type, text[TEXT_REDUCE_EX]) &&
           is_objects(type, text[TEXT_REDUCE]) && is_objects(type, text[TEXT_GETSTATE]) &&
           is_absent(type, text[TEXT_SETSTATE]) && is_absent(type, text[TEXT_GETNEWARGS]) &&
           is_absent(type, text[TEXT_GETNEWARGS_EX]);
}

/* Whether there is room for slots, __dict__ and weak references, and nothing else. */
static bool has_no_c_state(PyTypeObject *type, Py_ssize_t slot_count) {
    Py_ssize_t size = PyBaseObject_Type.tp_basicsize + slot_count * (Py_ssize_t)sizeof(PyObject *);
    if (type->tp_dictoffset > 0)
        size += (Py_ssize_t)sizeof(PyObject *);
    if (type->tp_weaklistoffset > 0)
        size += (Py_ssize_t)sizeof(PyObject *);
    return type->tp_basicsize == size;
}

/* Whether setting some attribute could run a descriptor instead of filling __dict__. */
static bool has_setters(py_transfer_state_t *transfer, PyTypeObject *type) {
    PyObject *mro = type->tp_mro;
    (void)transfer;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (base == &PyBaseObject_Type)
            continue;
        PyObject *dict = PyType_GetDict(base); /* owned */
        PyObject *value;                       /* borrowed */
        Py_ssize_t position = 0;
        bool is_found = false;
        while (dict != NULL && !is_found && PyDict_Next(dict, &position, NULL, &value))
            is_found =
                Py_TYPE(value)->tp_descr_set != NULL && Py_TYPE(value) != &PyGetSetDescr_Type;
        Py_XDECREF(dict);
        if (is_found)
            return true;
    }
    return false;
}

/* The member descriptors of all slots, or NULL with or without an exception (then the
 * class is not plain). */
static PyObject *slots_of(py_transfer_state_t *transfer, PyTypeObject *type) {
    PyObject *names = PyObject_CallOneArg(transfer->slot_names, (PyObject *)type); /* owned */
    PyObject *slots = names == NULL || !PyList_CheckExact(names)
                          ? NULL
                          : PyTuple_New(PyList_GET_SIZE(names)); /* owned */
    for (Py_ssize_t i = 0; slots != NULL && i < PyTuple_GET_SIZE(slots); i++) {
        PyTypeObject *owner;
        PyObject *slot = look_up(type, PyList_GET_ITEM(names, i), &owner); /* borrowed */
        if (slot == NULL || !Py_IS_TYPE(slot, &PyMemberDescr_Type) ||
            ((PyMemberDescrObject *)slot)->d_member->type != Py_T_OBJECT_EX)
            Py_CLEAR(slots);
        else
            PyTuple_SET_ITEM(slots, i, Py_NewRef(slot));
    }
    Py_XDECREF(names);
    return slots;
}

/* array.array and enum.EnumType, once somebody imported them; they stay where they are. */
static int notice_types(py_transfer_state_t *transfer, PyTypeObject *type) {
    struct {
        PyObject **known;
        PyObject *module;
        const char *name;
    } wanted[] = {
        {&transfer->enum_type, transfer->text[TEXT_ENUM], "EnumType"},
        {&transfer->array_type, transfer->text[TEXT_ARRAY], "array"},
    };
    (void)type;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (*wanted[i].known != NULL)
            continue;
        PyObject *module = PyImport_GetModule(wanted[i].module); /* owned */
        if (module != NULL)
            *wanted[i].known = PyObject_GetAttrString(module, wanted[i].name);
        Py_XDECREF(module);
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_AttributeError))
            return -1;
        PyErr_Clear();
    }
    return 0;
}

/* Enum members reduce as Enum says, unless the class has its own idea. */
static bool is_enum(py_transfer_state_t *transfer, PyTypeObject *type) {
    if (transfer->enum_type == NULL ||
        !PyObject_TypeCheck((PyObject *)type, (PyTypeObject *)transfer->enum_type))
        return false;
    PyTypeObject *owner;
    PyObject *own = look_up(type, transfer->text[TEXT_REDUCE_EX], &owner);
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = PyTuple_GET_SIZE(mro); i-- > 0;) {
        /* Enum comes last among those that the metaclass made. */
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (PyObject_TypeCheck((PyObject *)base, (PyTypeObject *)transfer->enum_type))
            return own == look_up(base, transfer->text[TEXT_REDUCE_EX], &owner);
    }
    return false;
}

static py_type_info_t *info_with(PyTypeObject *type, py_type_kind_t kind, PyObject *slots) {
    Py_ssize_t count = slots == NULL ? 0 : PyTuple_GET_SIZE(slots);
    py_type_info_t *info = PyMem_RawCalloc(1, sizeof *info + (size_t)count * sizeof(PyObject *));
    if (info == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    info->refs = 1;
    info->type = type;
    info->kind = kind;
    info->slot_count = count;
    for (Py_ssize_t i = 0; i < count; i++)
        info->slots[i] = Py_NewRef(PyTuple_GET_ITEM(slots, i));
    return info;
}

py_type_info_t *py_type_info_new(core_state_t *state, PyTypeObject *type) {
    py_transfer_state_t *transfer = &state->transfer;
    PyObject *slots = NULL;      /* owned */
    py_type_info_t *info = NULL; /* owned; stays NULL on every error path */
    py_type_kind_t kind = PY_TYPE_REDUCE;
    /* The version first: what changes from here on makes the info stale. */
    (void)PyUnstable_Type_AssignVersionTag(type);
    unsigned int version = type->tp_version_tag;
    Py_ssize_t reducer_count = PyDict_GET_SIZE(transfer->dispatch_table);
    int has_reducer = PyDict_Contains(transfer->dispatch_table, (PyObject *)type);
    if (has_reducer < 0 || notice_types(transfer, type) < 0)
        return NULL;
    if (has_reducer)
        kind = PY_TYPE_REDUCE;
    else if (PyType_IsSubtype(type, &PyType_Type))
        kind = PY_TYPE_CLASS;
    else if ((PyObject *)type == transfer->array_type)
        kind = PY_TYPE_ARRAY;
    else if (is_enum(transfer, type))
        kind = PY_TYPE_ENUM;
    else if (is_default(transfer, type)) {
        slots = slots_of(transfer, type);
        if (slots == NULL && PyErr_Occurred())
            return NULL;
        if (slots != NULL && has_no_c_state(type, PyTuple_GET_SIZE(slots)))
            kind = PY_TYPE_PLAIN;
    }
    info = info_with(type, kind, kind == PY_TYPE_PLAIN ? slots : NULL);
    Py_XDECREF(slots);
    if (info == NULL)
        return NULL;
    info->version = version;
    info->has_reducer = has_reducer;
    info->reducer_count = reducer_count;
    info->has_dict = type->tp_dictoffset != 0;
    info->has_setters = kind == PY_TYPE_PLAIN && has_setters(transfer, type);
    return info;
}

void py_type_info_unref(py_type_info_t *info) {
    if (info == NULL || --info->refs > 0)
        return;
    for (Py_ssize_t i = 0; i < info->slot_count; i++)
        Py_DECREF(info->slots[i]);
    PyMem_RawFree(info);
}

bool py_type_info_is_current(core_state_t *state, const py_type_info_t *info, PyTypeObject *type) {
    return info->type == type && info->version != 0 && info->version == type->tp_version_tag &&
           info->reducer_count == PyDict_GET_SIZE(state->transfer.dispatch_table);
}

py_type_info_t *py_type_info_of_name(core_state_t *state, uint32_t id, PyTypeObject *type) {
    py_name_t *entry = state->transfer.names[id];
    py_type_info_t *info = entry->info;
    if (info == NULL || !py_type_info_is_current(state, info, type)) {
        info = py_type_info_new(state, type);
        if (info == NULL)
            return NULL;
        entry = state->transfer.names[id]; /* code may have run */
        py_type_info_unref(entry->info);
        entry->info = info;
    }
    return py_type_info_ref(info);
}

PyObject *py_type_slot_get(PyObject *object, PyObject *slot) {
    PyMemberDef *member = ((PyMemberDescrObject *)slot)->d_member;
#ifdef Py_GIL_DISABLED
    PyObject *value = PyMember_GetOne((const char *)object, member);
    if (value == NULL)
        PyErr_Clear(); /* only that it is empty */
    return value;
#else
    return Py_XNewRef(*(PyObject **)(void *)((char *)object + member->offset));
#endif
}

int py_type_slot_set(PyObject *object, PyObject *slot, PyObject *value) {
    return PyMember_SetOne((char *)object, ((PyMemberDescrObject *)slot)->d_member, value);
}
