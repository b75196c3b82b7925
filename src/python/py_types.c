/* py_types.c - tells plain classes from those that pickle has to be asked about. */
#include "python/py_types.h"

#include "python/py_encoder.h"

/* What `name` is on `type`, as an instance would find it: a new reference, NULL without an
 * exception if nothing.  The class that defines it goes to `*p_owner`, borrowed. */
static PyObject *look_up(PyTypeObject *type, PyObject *name, PyTypeObject **p_owner) {
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro); i++) {
        *p_owner = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *dict = PyType_GetDict(*p_owner); /* owned */
        PyObject *value = dict != NULL ? py_transfer_dict_get(dict, name) : NULL;
        Py_XDECREF(dict);
        if (value != NULL)
            return value;
        PyErr_Clear();
    }
    *p_owner = NULL;
    return NULL;
}

static PyTypeObject *owner_of(PyTypeObject *type, PyObject *name) {
    PyTypeObject *owner;
    Py_XDECREF(look_up(type, name, &owner));
    return owner;
}

static bool is_objects(PyTypeObject *type, PyObject *name) {
    return owner_of(type, name) == &PyBaseObject_Type;
}

static bool is_absent(PyTypeObject *type, PyObject *name) { return owner_of(type, name) == NULL; }

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

/* Whether an attribute of this one class stands before the __dict__ of its instances. */
static bool has_setter(PyObject *dict) {
    PyObject *value; /* borrowed */
    Py_ssize_t position = 0;
    bool is_found = false;
    PY_BEGIN_LOCKED(dict);
    while (!is_found && PyDict_Next(dict, &position, NULL, &value))
        is_found = Py_TYPE(value)->tp_descr_set != NULL && !Py_IS_TYPE(value, &PyGetSetDescr_Type);
    PY_END_LOCKED();
    return is_found;
}

/* Whether setting some attribute could run a descriptor instead of filling __dict__. */
static bool has_setters(PyTypeObject *type) {
    PyObject *mro = type->tp_mro;
    bool is_found = false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro) && !is_found; i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *dict = base == &PyBaseObject_Type ? NULL : PyType_GetDict(base); /* owned */
        is_found = dict != NULL && has_setter(dict);
        Py_XDECREF(dict);
    }
    return is_found;
}

/* The names of all slots, those of bases too; NULL with an exception.  copyreg._slotnames would
 * leave them in the class, and a class that changes makes the infos of its children stale. */
static PyObject *slot_names_of(PyTypeObject *type) {
    PyObject *mro = type->tp_mro;
    PyObject *names = PyTuple_New(0); /* owned */
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(mro); i++) {
        PyObject *base = PyTuple_GET_ITEM(mro, i); /* borrowed */
        PyObject *added = PyType_HasFeature((PyTypeObject *)base, Py_TPFLAGS_HEAPTYPE)
                              ? ((PyHeapTypeObject *)base)->ht_slots
                              : NULL; /* borrowed */
        if (added != NULL)
            Py_SETREF(names, PySequence_Concat(names, added));
    }
    return names;
}

/* The member descriptors of all slots, or NULL with or without an exception (then the
 * class is not plain). */
static PyObject *slots_of(PyTypeObject *type) {
    PyObject *names = slot_names_of(type); /* owned */
    PyObject *slots = names != NULL ? PyTuple_New(PyTuple_GET_SIZE(names)) : NULL; /* owned */
    for (Py_ssize_t i = 0; slots != NULL && i < PyTuple_GET_SIZE(slots); i++) {
        PyTypeObject *owner;
        PyObject *slot = look_up(type, PyTuple_GET_ITEM(names, i), &owner); /* owned */
        /* One of another class, put there later, says nothing about our instances. */
        bool is_slot = slot != NULL && Py_IS_TYPE(slot, &PyMemberDescr_Type) &&
                       PyType_IsSubtype(type, PyDescr_TYPE(slot)) &&
                       ((PyMemberDescrObject *)slot)->d_member->type == Py_T_OBJECT_EX;
        if (is_slot)
            PyTuple_SET_ITEM(slots, i, Py_NewRef(slot));
        else
            Py_CLEAR(slots);
        Py_XDECREF(slot);
    }
    Py_XDECREF(names);
    return slots;
}

/* `type` in the module `module_name`, once somebody imported that; -1 with an exception. */
static int notice(py_transfer_state_t *transfer, PyObject **known, PyObject *module_name,
                  const char *type) {
    if (*known != NULL)
        return 0;
    PyObject *module = PyImport_GetModule(module_name); /* owned */
    PyObject *found = module != NULL ? PyObject_GetAttrString(module, type) : NULL;
    Py_XDECREF(module);
    if (found != NULL)
        py_transfer_keep(transfer, known, found);
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_AttributeError))
        return -1;
    PyErr_Clear();
    return 0;
}

/* Enum members reduce as Enum says, unless the class has its own idea. */
static bool is_enum(py_transfer_state_t *transfer, PyTypeObject *type) {
    if (transfer->enum_type == NULL ||
        !PyObject_TypeCheck((PyObject *)type, (PyTypeObject *)transfer->enum_type))
        return false;
    PyTypeObject *owner;
    PyObject *name = transfer->text[TEXT_REDUCE_EX];
    PyObject *own = look_up(type, name, &owner); /* owned */
    PyObject *enums = NULL;                      /* owned */
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = PyTuple_GET_SIZE(mro); i-- > 0 && enums == NULL;) {
        /* Enum comes last among those that the metaclass made. */
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (PyObject_TypeCheck((PyObject *)base, (PyTypeObject *)transfer->enum_type))
            enums = look_up(base, name, &owner);
    }
    bool is_same = own == enums;
    Py_XDECREF(enums);
    Py_XDECREF(own);
    return is_same;
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
    if (has_reducer < 0 ||
        notice(transfer, &transfer->enum_type, transfer->text[TEXT_ENUM], "EnumType") < 0 ||
        notice(transfer, &transfer->array_type, transfer->text[TEXT_ARRAY], "array") < 0)
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
        slots = slots_of(type);
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
    info->has_setters = kind == PY_TYPE_PLAIN && has_setters(type);
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
    py_transfer_state_t *transfer = &state->transfer;
    py_name_t *entry = py_names_entry(transfer, id);
    py_transfer_lock(transfer);
    py_type_info_t *info = entry->info;
    if (info != NULL && py_type_info_is_current(state, info, type))
        info = py_type_info_ref(info);
    else
        info = NULL;
    py_transfer_unlock(transfer);
    if (info != NULL)
        return info;
    info = py_type_info_new(state, type);
    if (info == NULL)
        return NULL;
    py_transfer_lock(transfer);
    py_type_info_t *old = entry->info;
    entry->info = py_type_info_ref(info);
    py_transfer_unlock(transfer);
    py_type_info_unref(old);
    return info;
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
