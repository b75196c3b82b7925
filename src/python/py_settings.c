#include "python/py_settings.h"

enum { PATH, ARGV, MODULES, STDOUT, STDERR, FILTERS, LEVEL, KEY_COUNT };

static const char *const key_names[KEY_COUNT] = {
    "path", "argv", "modules", "stdout", "stderr", "filters", "level",
};

static_assert(KEY_COUNT == sizeof((py_settings_t){0}.keys) / sizeof(PyObject *),
              "one key for each value");

/* Whether a dict that we watch has changed since it was read.  Watchers get no context, so
 * this is the process's; only main watches, and its GIL guards it. */
static bool is_dirty = true;

static int note_change(PyDict_WatchEvent event, PyObject *dict, PyObject *key, PyObject *value) {
    (void)event, (void)dict, (void)key, (void)value;
    is_dirty = true;
    return 0;
}

static PyObject *dict_of_module(const char *name) {
    PyObject *module = PyImport_ImportModule(name); /* owned */
    if (module == NULL)
        return NULL;
    PyObject *dict = Py_NewRef(PyModule_GetDict(module));
    Py_DECREF(module);
    return dict;
}

static bool find_modules(py_settings_t *settings) {
    if (settings->warnings != NULL)
        return true;
    for (int i = 0; i < KEY_COUNT; i++)
        if (settings->keys[i] == NULL &&
            (settings->keys[i] = PyUnicode_InternFromString(key_names[i])) == NULL)
            return false;
    if (settings->sys == NULL && (settings->sys = dict_of_module("sys")) == NULL)
        return false;
    settings->warnings = dict_of_module("warnings");
    if (settings->warnings == NULL)
        return false;
    is_dirty = true;
    settings->watcher = PyDict_AddWatcher(note_change);
    PyErr_Clear(); /* all are taken: then everything is read each time */
    return true;
}

static PyObject *look_up(PyObject *dict, const py_settings_t *settings, int key) {
    PyObject *value = PyDict_GetItemWithError(dict, settings->keys[key]); /* borrowed */
    PyErr_Clear();
    return value;
}

static void watch(const py_settings_t *settings, PyObject *dict) {
    if (settings->watcher >= 0 && PyDict_Watch(settings->watcher, dict) < 0)
        PyErr_Clear();
}

/* The root logger's dict, once somebody has imported logging. */
static void find_logger(py_settings_t *settings) {
    PyObject *modules = look_up(settings->sys, settings, MODULES); /* borrowed */
    if (settings->logger != NULL || modules == NULL || !PyDict_Check(modules))
        return;
    watch(settings, modules);
    PyObject *logging = PyDict_GetItemString(modules, "logging"); /* borrowed */
    PyObject *root = logging != NULL ? PyObject_GetAttrString(logging, "root") : NULL; /* owned */
    if (root != NULL)
        settings->logger = PyObject_GenericGetDict(root, NULL);
    Py_XDECREF(root);
    PyErr_Clear();
}

static uintptr_t mix(uintptr_t digest, const void *word) {
    return (digest ^ (uintptr_t)word) * (uintptr_t)0x9E3779B97F4A7C15u;
}

static void read_list(py_settings_t *settings, int index, PyObject *dict, int key) {
    PyObject *list = look_up(dict, settings, key); /* borrowed */
    Py_XSETREF(settings->lists[index], Py_XNewRef(list));
}

/* Read the dicts again: which lists there are, and what is compared by its address. */
static void read_dicts(py_settings_t *settings) {
    is_dirty = settings->watcher < 0;
    find_logger(settings);
    watch(settings, settings->sys);
    watch(settings, settings->warnings);
    read_list(settings, 0, settings->sys, PATH);
    read_list(settings, 1, settings->sys, ARGV);
    read_list(settings, 2, settings->warnings, FILTERS);
    uintptr_t digest = mix(1, look_up(settings->sys, settings, STDOUT));
    digest = mix(digest, look_up(settings->sys, settings, STDERR));
    if (settings->logger != NULL) {
        watch(settings, settings->logger);
        digest = mix(digest, look_up(settings->logger, settings, LEVEL));
    }
    settings->values = digest;
}

/* The list itself and its first `limit` items: enough to notice what programs do to them. */
static uintptr_t mix_list(uintptr_t digest, PyObject *list, Py_ssize_t limit) {
    digest = mix(digest, list);
    if (list == NULL || !PyList_Check(list))
        return digest;
    Py_ssize_t size = PyList_GET_SIZE(list);
    digest ^= (uintptr_t)size;
    for (Py_ssize_t i = 0; i < size && i < limit; i++)
        digest = mix(digest, PyList_GET_ITEM(list, i));
    return digest;
}

bool py_settings_changed(py_settings_t *settings) {
    if (!find_modules(settings)) {
        PyErr_Clear();
        return false;
    }
    if (is_dirty)
        read_dicts(settings);
    uintptr_t digest = mix_list(settings->values, settings->lists[0], PY_SSIZE_T_MAX);
    digest = mix_list(digest, settings->lists[1], PY_SSIZE_T_MAX);
    digest = mix_list(digest, settings->lists[2], 2);
    bool is_changed = digest != settings->seen;
    settings->seen = digest;
    return is_changed;
}

int py_settings_traverse(py_settings_t *settings, visitproc visit, void *arg) {
    Py_VISIT(settings->sys);
    Py_VISIT(settings->warnings);
    Py_VISIT(settings->logger);
    for (int i = 0; i < PY_SETTINGS_LISTS; i++)
        Py_VISIT(settings->lists[i]);
    return 0;
}

void py_settings_clear(py_settings_t *settings) {
    if (settings->warnings != NULL && settings->watcher >= 0 &&
        PyDict_ClearWatcher(settings->watcher) < 0)
        PyErr_Clear();
    Py_CLEAR(settings->sys);
    Py_CLEAR(settings->warnings);
    Py_CLEAR(settings->logger);
    for (int i = 0; i < PY_SETTINGS_LISTS; i++)
        Py_CLEAR(settings->lists[i]);
    for (int i = 0; i < KEY_COUNT; i++)
        Py_CLEAR(settings->keys[i]);
}
