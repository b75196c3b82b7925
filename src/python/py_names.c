/* py_names.c - the process-wide numbers of names, and what they give here. */
#include "python/py_names.h"

#include "platform/thread.h"
#include "python/py_encoder.h"
#include "python/py_pickling.h"

#include <assert.h>

/* ---- numbers: process-wide, grow-only, no PyObject ---- */

typedef struct name_text {
    char *module; /* all end in NUL, in one allocation */
    char *path;
    char *file; /* of the module, empty if it has none */
    size_t module_size;
    size_t path_size;
    uint64_t hash;
} name_text_t;

static struct {
    boc__mutex_t mutex;
    name_text_t *texts; /* guarded by mutex; by number */
    uint32_t count;     /* guarded by mutex */
    uint32_t *slots;    /* guarded by mutex; number + 1, 0 is empty */
    uint32_t capacity;  /* guarded by mutex; of both, slots has twice as many */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

static uint64_t hash_text(uint64_t hash, const char *text, size_t size) {
    for (size_t i = 0; i <= size; i++)
        hash = (hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001B3);
    return hash;
}

static uint32_t *slot_of(uint64_t hash, const char *module, const char *path) {
    uint32_t mask = globals.capacity * 2 - 1;
    for (uint32_t i = (uint32_t)(hash ^ hash >> 32) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &globals.slots[i];
        if (*slot == 0)
            return slot;
        const name_text_t *text = &globals.texts[*slot - 1];
        if (text->hash == hash && strcmp(text->module, module) == 0 &&
            strcmp(text->path, path) == 0)
            return slot;
    }
}

static bool grow(void) {
    if (globals.count < globals.capacity)
        return true;
    uint32_t capacity = globals.capacity == 0 ? 256 : globals.capacity * 2;
    name_text_t *texts = PyMem_RawRealloc(globals.texts, capacity * sizeof *texts);
    if (texts == NULL)
        return false;
    globals.texts = texts;
    uint32_t *slots = PyMem_RawCalloc((size_t)capacity * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    PyMem_RawFree(globals.slots);
    globals.slots = slots;
    globals.capacity = capacity;
    for (uint32_t i = 0; i < globals.count; i++)
        *slot_of(texts[i].hash, texts[i].module, texts[i].path) = i + 1;
    return true;
}

/* Append what `name` says as text number `globals.count`. */
static bool append_text(const name_text_t *name) {
    size_t file_size = strlen(name->file);
    char *text = PyMem_RawMalloc(name->module_size + name->path_size + file_size + 3);
    if (text == NULL)
        return false;
    name_text_t *added = &globals.texts[globals.count];
    *added = *name;
    added->module = text;
    added->path = text + name->module_size + 1;
    added->file = added->path + name->path_size + 1;
    memcpy(added->module, name->module, name->module_size + 1);
    memcpy(added->path, name->path, name->path_size + 1);
    memcpy(added->file, name->file, file_size + 1);
    globals.count++;
    return true;
}

/* The number of a name; false without memory. */
static bool number_of(name_text_t *name, uint32_t *p_id) {
    uint64_t hash = hash_text(UINT64_C(0xCBF29CE484222325), name->module, name->module_size);
    name->hash = hash_text(hash, name->path, name->path_size);
    bool is_done = false;
    boc__mutex_lock(&globals.mutex);
    if (grow()) {
        uint32_t *slot = slot_of(name->hash, name->module, name->path);
        is_done = *slot != 0 || append_text(name);
        if (is_done && *slot == 0)
            *slot = globals.count;
        *p_id = *slot - 1;
    }
    boc__mutex_unlock(&globals.mutex);
    return is_done;
}

static name_text_t text_of(uint32_t id) {
    boc__mutex_lock(&globals.mutex);
    assert(id < globals.count);
    name_text_t text = globals.texts[id]; /* its strings are never freed */
    boc__mutex_unlock(&globals.mutex);
    return text;
}

/* ---- looking up ---- */

/* An error that only says that there is no such name. */
static int forgive(void) {
    if (!PyErr_Occurred())
        return 0;
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyErr_Clear();
    return 0;
}

/* What `path` gives from `module` on: a new reference, NULL with an exception. */
static PyObject *follow(PyObject *module, PyObject *path, bool is_dotted) {
    if (PyUnicode_GET_LENGTH(path) == 0)
        return Py_NewRef(module);
    if (!is_dotted)
        return PyObject_GetAttr(module, path);
    PyObject *dot = PyUnicode_FromOrdinal('.');            /* owned */
    PyObject *parts = dot ? PyUnicode_Split(path, dot, -1) : NULL; /* owned */
    PyObject *object = parts ? Py_NewRef(module) : NULL;   /* owned */
    for (Py_ssize_t i = 0; object != NULL && i < PyList_GET_SIZE(parts); i++)
        Py_SETREF(object, PyObject_GetAttr(object, PyList_GET_ITEM(parts, i)));
    Py_XDECREF(parts);
    Py_XDECREF(dot);
    return object;
}

/* What the names of `seen` give now is what they gave; errors mean no. */
static bool gives_same(const py_name_t *seen) {
    PyObject *module =
        py_transfer_dict_get(PyImport_GetModuleDict(), seen->module_name); /* owned */
    PyObject *object = NULL; /* owned */
    if (module != NULL && module == seen->module) {
        if (!seen->is_dotted && PyModule_CheckExact(module) && PyUnicode_GET_LENGTH(seen->path) > 0)
            object = py_transfer_dict_get(PyModule_GetDict(module), seen->path);
        if (object == NULL && !PyErr_Occurred())
            object = follow(module, seen->path, seen->is_dotted);
    }
    bool is_same = object != NULL && object == seen->object;
    PyErr_Clear();
    Py_XDECREF(object);
    Py_XDECREF(module);
    return is_same;
}

/* What the name gives, if that was looked up and is so still: a new reference, else NULL
 * without an exception. */
static PyObject *current_object(py_transfer_state_t *transfer, py_name_t *entry) {
    py_transfer_lock(transfer);
    py_name_t seen = *entry; /* owned, once the references are taken */
    bool is_fresh = seen.object != NULL && seen.epoch == transfer->epoch;
    Py_XINCREF(seen.object);
    if (!is_fresh) {
        Py_XINCREF(seen.module_name);
        Py_XINCREF(seen.path);
        Py_XINCREF(seen.module);
    }
    py_transfer_unlock(transfer);
    if (is_fresh || seen.object == NULL)
        return seen.object;
    if (gives_same(&seen)) {
        py_transfer_lock(transfer);
        if (entry->object == seen.object)
            entry->epoch = transfer->epoch;
        py_transfer_unlock(transfer);
    } else {
        Py_CLEAR(seen.object);
    }
    Py_DECREF(seen.module_name);
    Py_DECREF(seen.path);
    Py_DECREF(seen.module);
    return seen.object;
}

/* The place of `object` in the table, or the empty one where it belongs. */
static py_found_t *found_at(const py_transfer_state_t *transfer, PyObject *object) {
    size_t i = (size_t)(((uintptr_t)object >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32);
    for (;; i++) {
        py_found_t *found = &transfer->found[i & transfer->found_mask];
        if (found->object == object || found->object == NULL)
            return found;
    }
}

/* Whether the name did not give something else since then. */
static bool is_current(const py_transfer_state_t *transfer, const py_found_t *found) {
    return found->object != NULL && transfer->names[found->id]->object == found->object;
}

static bool find_cached(py_transfer_state_t *transfer, PyObject *object, uint32_t *p_id) {
    bool is_found = false;
    py_transfer_lock(transfer);
    if (transfer->found != NULL) {
        const py_found_t *found = found_at(transfer, object);
        is_found = is_current(transfer, found);
        *p_id = found->id;
    }
    py_transfer_unlock(transfer);
    return is_found;
}

/* Make room for one more, and leave out what is not current; false without memory. */
static bool grow_found(py_transfer_state_t *transfer) {
    py_found_t *old = transfer->found;
    size_t old_capacity = old == NULL ? 0 : transfer->found_mask + 1;
    if ((transfer->found_used + 1) * 3 <= old_capacity * 2)
        return true;
    size_t kept = 0;
    for (size_t i = 0; i < old_capacity; i++)
        kept += is_current(transfer, &old[i]);
    size_t capacity = PY_TRANSFER_FOUND;
    while (capacity < (kept + 1) * 2)
        capacity *= 2;
    py_found_t *found = PyMem_RawCalloc(capacity, sizeof *found);
    if (found == NULL)
        return false;
    transfer->found = found;
    transfer->found_mask = capacity - 1;
    transfer->found_used = kept;
    for (size_t i = 0; i < old_capacity; i++)
        if (is_current(transfer, &old[i]))
            *found_at(transfer, old[i].object) = old[i];
    PyMem_RawFree(old);
    return true;
}

/* The entry of `id`, made if need be; NULL with an exception. */
static py_name_t *entry_of(py_transfer_state_t *transfer, uint32_t id) {
    py_name_t *entry = NULL;
    py_transfer_lock(transfer);
    if (id >= transfer->names_capacity) {
        uint32_t capacity = id + id / 2 + 64;
        py_name_t **names = PyMem_RawRealloc(transfer->names, capacity * sizeof *names);
        if (names == NULL)
            goto done;
        memset(names + transfer->names_capacity, 0,
               (capacity - transfer->names_capacity) * sizeof *names);
        transfer->names = names;
        transfer->names_capacity = capacity;
    }
    if (transfer->names[id] == NULL)
        transfer->names[id] = PyMem_RawCalloc(1, sizeof(py_name_t));
    entry = transfer->names[id];
done:
    py_transfer_unlock(transfer);
    if (entry == NULL)
        PyErr_NoMemory();
    return entry;
}

py_name_t *py_names_entry(py_transfer_state_t *transfer, uint32_t id) {
    py_transfer_lock(transfer);
    py_name_t *entry = transfer->names[id];
    py_transfer_unlock(transfer);
    return entry;
}

/* Write down what was just looked up; -1 with an exception. */
static int remember(py_transfer_state_t *transfer, uint32_t id, PyObject *module_name,
                    PyObject *path, PyObject *module, PyObject *object) {
    py_transfer_lock(transfer);
    if (!grow_found(transfer)) {
        py_transfer_unlock(transfer);
        PyErr_NoMemory();
        return -1;
    }
    py_name_t *entry = transfer->names[id];
    py_name_t old = *entry;
    *entry = (py_name_t){.object = Py_NewRef(object),
                         .module_name = Py_NewRef(module_name),
                         .path = Py_NewRef(path),
                         .module = Py_NewRef(module),
                         .is_dotted =
                             PyUnicode_FindChar(path, '.', 0, PyUnicode_GET_LENGTH(path), 1) >= 0,
                         .epoch = transfer->epoch};
    if (old.object == object) {
        entry->info = old.info;
        old.info = NULL;
    }
    py_found_t *found = found_at(transfer, object);
    transfer->found_used += found->object == NULL;
    *found = (py_found_t){object, id};
    py_transfer_unlock(transfer);
    py_type_info_unref(old.info);
    Py_XDECREF(old.object);
    Py_XDECREF(old.module_name);
    Py_XDECREF(old.path);
    Py_XDECREF(old.module);
    return 0;
}

/* `module` and `path` are known and give `object` here: get the number. */
static int number_and_remember(py_transfer_state_t *transfer, PyObject *module_name, PyObject *path,
                               PyObject *module, PyObject *object, uint32_t *p_id) {
    Py_ssize_t module_size, path_size = 0;
    const char *module_text = PyUnicode_AsUTF8AndSize(module_name, &module_size);
    const char *path_text = module_text ? PyUnicode_AsUTF8AndSize(path, &path_size) : NULL;
    if (path_text == NULL || memchr(path_text, 0, (size_t)path_size) != NULL ||
        memchr(module_text, 0, (size_t)module_size) != NULL)
        return forgive();
    PyObject *file = PyModule_Check(module) ? PyModule_GetFilenameObject(module) : NULL; /* owned */
    const char *file_text = file != NULL ? PyUnicode_AsUTF8(file) : NULL;
    if (file_text == NULL)
        PyErr_Clear();
    name_text_t name = {.module = (char *)(uintptr_t)module_text,
                        .path = (char *)(uintptr_t)path_text,
                        .file = (char *)(uintptr_t)(file_text != NULL ? file_text : ""),
                        .module_size = (size_t)module_size,
                        .path_size = (size_t)path_size};
    bool is_done = number_of(&name, p_id);
    Py_XDECREF(file);
    if (!is_done) {
        PyErr_NoMemory();
        return -1;
    }
    if (entry_of(transfer, *p_id) == NULL ||
        remember(transfer, *p_id, module_name, path, module, object) < 0)
        return -1;
    return 1;
}

static PyObject *optional_attribute(PyObject *object, PyObject *name) {
    PyObject *value = PyObject_GetAttr(object, name);
    if (value == NULL && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    return value;
}

/* The qualified name that `object` claims; NULL with or without an exception. */
static PyObject *path_of(py_transfer_state_t *transfer, PyObject *object) {
    PyObject *path = optional_attribute(object, transfer->text[TEXT_QUALNAME]);
    if (path == NULL && !PyErr_Occurred())
        path = optional_attribute(object, transfer->text[TEXT_NAME]);
    if (path != NULL && !PyUnicode_CheckExact(path))
        Py_CLEAR(path);
    return path;
}

static PyObject *module_name_of(core_state_t *state, PyObject *object, PyObject *path) {
    py_transfer_state_t *transfer = &state->transfer;
    if (object == (PyObject *)Py_TYPE(Py_None) || object == (PyObject *)Py_TYPE(Py_Ellipsis) ||
        object == (PyObject *)Py_TYPE(Py_NotImplemented))
        return Py_NewRef(transfer->text[TEXT_TYPES]); /* builtins does not have them */
    PyObject *name = optional_attribute(object, transfer->text[TEXT_MODULE]);
    if (name == Py_None)
        Py_CLEAR(name);
    if (name == NULL && !PyErr_Occurred())
        name = py_pickling_call(state, "module_of", object, path);
    if (name != NULL && !PyUnicode_CheckExact(name))
        Py_CLEAR(name);
    return name;
}

/* sys.modules[name], imported if need be; NULL with an exception. */
static PyObject *module_of(PyObject *name) {
    PyObject *module = PyImport_GetModule(name);
    if (module != NULL || PyErr_Occurred())
        return module;
    PyObject *imported = PyImport_Import(name); /* owned; may be what a package put there */
    if (imported == NULL)
        return NULL;
    module = PyImport_GetModule(name);
    if (module == NULL && !PyErr_Occurred())
        return imported;
    Py_DECREF(imported);
    return module;
}

static int find_slowly(core_state_t *state, PyObject *object, PyObject *given, uint32_t *p_id) {
    py_transfer_state_t *transfer = &state->transfer;
    PyObject *path = NULL; /* owned */
    PyObject *module_name = NULL; /* owned */
    PyObject *module = NULL; /* owned */
    PyObject *there = NULL; /* owned */
    int status = -1;

    transfer->epoch++; /* attributes of objects and modules can be code */
    path = given != NULL ? Py_NewRef(given) : path_of(transfer, object);
    if (path == NULL)
        goto forgive;
    module_name = module_name_of(state, object, path);
    if (module_name == NULL)
        goto forgive;
    module = module_of(module_name);
    if (module == NULL)
        goto forgive;
    there =
        follow(module, path, PyUnicode_FindChar(path, '.', 0, PyUnicode_GET_LENGTH(path), 1) >= 0);
    if (there == NULL)
        goto forgive;
    status = there == object ? py_pickling_travels(state, object, module, path) : 0;
    if (status > 0)
        status = number_and_remember(transfer, module_name, path, module, object, p_id);
    goto done;
forgive:
    status = forgive();
done:
    Py_XDECREF(there);
    Py_XDECREF(module);
    Py_XDECREF(module_name);
    Py_XDECREF(path);
    return status;
}

int py_names_find_known(core_state_t *state, PyObject *object, uint32_t *p_id) {
    py_transfer_state_t *transfer = &state->transfer;
    if (!find_cached(transfer, object, p_id))
        return 0;
    PyObject *current = current_object(transfer, py_names_entry(transfer, *p_id)); /* owned */
    Py_XDECREF(current);
    return current == object;
}

/* What `name` gives in a module or class itself, if nothing but a dict needs to be asked; a
 * new reference. */
static PyObject *get_own(PyObject *place, PyObject *name) {
    if (PyModule_CheckExact(place))
        return py_transfer_dict_get(PyModule_GetDict(place), name);
    PyObject *dict = PyType_Check(place) ? PyType_GetDict((PyTypeObject *)place) : NULL; /* owned */
    PyObject *value = dict != NULL ? py_transfer_dict_get(dict, name) : NULL;
    Py_XDECREF(dict);
    return value;
}

/* As gives_same, where dicts are enough to tell. */
static bool gives_same_at_once(const py_name_t *seen) {
    PyObject *object =
        py_transfer_dict_get(PyImport_GetModuleDict(), seen->module_name); /* owned */
    Py_ssize_t size = PyUnicode_GET_LENGTH(seen->path), start = 0;
    if (object != seen->module)
        Py_CLEAR(object);
    if (object != NULL && size > 0 && !seen->is_dotted) {
        Py_SETREF(object, get_own(object, seen->path));
        start = size;
    }
    while (object != NULL && start < size) {
        Py_ssize_t end = PyUnicode_FindChar(seen->path, '.', start, size, 1);
        end = end < 0 ? size : end;
        PyObject *name = PyUnicode_Substring(seen->path, start, end); /* owned */
        Py_SETREF(object, name != NULL ? get_own(object, name) : NULL);
        Py_XDECREF(name);
        start = end + 1;
    }
    Py_XDECREF(object);
    return object != NULL && object == seen->object;
}

bool py_names_is_known(core_state_t *state, PyObject *object, uint32_t *p_id) {
    py_transfer_state_t *transfer = &state->transfer;
    if (!find_cached(transfer, object, p_id))
        return false;
    py_name_t *entry = py_names_entry(transfer, *p_id);
    if (entry->epoch == transfer->epoch)
        return true;
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    bool is_same = gives_same_at_once(entry);
    PyErr_SetRaisedException(raised);
    if (is_same)
        entry->epoch = transfer->epoch;
    return is_same;
}

int py_names_find(core_state_t *state, PyObject *object, PyObject *path, uint32_t *p_id) {
    return py_names_find_known(state, object, p_id) ? 1 : find_slowly(state, object, path, p_id);
}

int py_names_find_module(core_state_t *state, PyObject *module, uint32_t *p_id) {
    py_transfer_state_t *transfer = &state->transfer;
    if (py_names_find_known(state, module, p_id))
        return 1;
    PyObject *name = PyModule_GetNameObject(module); /* owned */
    PyObject *there = NULL; /* owned */
    int status = 0;
    if (name != NULL && PyUnicode_CheckExact(name))
        there = py_transfer_dict_get(PyImport_GetModuleDict(), name);
    if (there == module)
        status =
            number_and_remember(transfer, name, transfer->text[TEXT_EMPTY], module, module, p_id);
    else
        status = forgive();
    Py_XDECREF(there);
    Py_XDECREF(name);
    return status;
}

PyObject *py_names_load(core_state_t *state, uint32_t id) {
    py_transfer_state_t *transfer = &state->transfer;
    py_name_t *entry = entry_of(transfer, id);
    if (entry == NULL)
        return NULL;
    PyObject *object = current_object(transfer, entry); /* owned */
    if (object != NULL)
        return object;
    name_text_t text = text_of(id);
    PyObject *path = NULL; /* owned */
    PyObject *file = NULL; /* owned */
    PyObject *module = NULL; /* owned */
    transfer->epoch++; /* an import or a module's __getattr__ runs code */
    PyObject *module_name = /* owned */
        PyUnicode_FromStringAndSize(text.module, (Py_ssize_t)text.module_size);
    if (module_name != NULL)
        path = PyUnicode_FromStringAndSize(text.path, (Py_ssize_t)text.path_size);
    if (path != NULL) {
        PyUnicode_InternInPlace(&path);
        module = PyImport_GetModule(module_name);
    }
    if (path != NULL && module == NULL && !PyErr_Occurred()) {
        file = PyUnicode_FromString(text.file);
        module = file ? py_pickling_call(state, "load_module", module_name, file) : NULL;
    }
    if (module != NULL)
        object = follow(module, path, memchr(text.path, '.', text.path_size) != NULL);
    if (object != NULL && remember(transfer, id, module_name, path, module, object) < 0)
        Py_CLEAR(object);
    Py_XDECREF(module);
    Py_XDECREF(file);
    Py_XDECREF(path);
    Py_XDECREF(module_name);
    return object;
}

int py_names_traverse(py_transfer_state_t *transfer, visitproc visit, void *arg) {
    for (uint32_t i = 0; i < transfer->names_capacity; i++) {
        py_name_t *entry = transfer->names[i];
        if (entry == NULL)
            continue;
        Py_VISIT(entry->object);
        Py_VISIT(entry->module);
    }
    return 0;
}

void py_names_clear(py_transfer_state_t *transfer) {
    py_name_t **names = transfer->names;
    uint32_t count = transfer->names_capacity;
    PyMem_RawFree(transfer->found);
    transfer->found = NULL;
    transfer->found_used = 0;
    transfer->names = NULL;
    transfer->names_capacity = 0;
    for (uint32_t i = 0; i < count; i++) {
        py_name_t *entry = names[i];
        if (entry == NULL)
            continue;
        py_type_info_unref(entry->info);
        Py_XDECREF(entry->object);
        Py_XDECREF(entry->module_name);
        Py_XDECREF(entry->path);
        Py_XDECREF(entry->module);
        PyMem_RawFree(entry);
    }
    PyMem_RawFree(names);
}
