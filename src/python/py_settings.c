#include "python/py_settings.h"

enum { PATH, ARGV, MODULES, STDOUT, STDERR, FILTERS, LEVEL, KEY_COUNT };

static const char *const key_names[KEY_COUNT] = {
    "path", "argv", "modules", "stdout", "stderr", "filters", "level",
};

static_assert(KEY_COUNT == sizeof((py_settings_t){0}.keys) / sizeof(PyObject *),
              "one key for each value");

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
    return settings->warnings != NULL;
}

static bool find_logger(py_settings_t *settings) {
    if (settings->logger != NULL)
        return true;
    PyObject *modules = PyDict_GetItemWithError(settings->sys, settings->keys[MODULES]);
    if (modules == NULL || !PyDict_Check(modules))
        return false;
    PyObject *logging = PyDict_GetItemString(modules, "logging"); /* borrowed */
    PyObject *root = logging != NULL ? PyObject_GetAttrString(logging, "root") : NULL; /* owned */
    if (root != NULL)
        settings->logger = PyObject_GenericGetDict(root, NULL);
    Py_XDECREF(root);
    return settings->logger != NULL;
}

static uintptr_t mix(uintptr_t digest, const void *word) {
    return (digest ^ (uintptr_t)word) * (uintptr_t)0x9E3779B97F4A7C15u;
}

/* The list itself and its first `limit` items: enough to notice what programs do to them. */
static uintptr_t mix_list(uintptr_t digest, PyObject *dict, PyObject *key, Py_ssize_t limit) {
    PyObject *list = PyDict_GetItemWithError(dict, key); /* borrowed */
    digest = mix(digest, list);
    if (list == NULL || !PyList_Check(list))
        return digest;
    Py_ssize_t size = PyList_GET_SIZE(list);
    digest ^= (uintptr_t)size;
    for (Py_ssize_t i = 0; i < size && i < limit; i++)
        digest = mix(digest, PyList_GET_ITEM(list, i));
    return digest;
}

static uintptr_t take_digest(py_settings_t *settings) {
    uintptr_t digest = mix_list(1, settings->sys, settings->keys[PATH], PY_SSIZE_T_MAX);
    digest = mix_list(digest, settings->sys, settings->keys[ARGV], PY_SSIZE_T_MAX);
    digest = mix(digest, PyDict_GetItemWithError(settings->sys, settings->keys[STDOUT]));
    digest = mix(digest, PyDict_GetItemWithError(settings->sys, settings->keys[STDERR]));
    digest = mix_list(digest, settings->warnings, settings->keys[FILTERS], 2);
    if (find_logger(settings))
        digest = mix(digest, PyDict_GetItemWithError(settings->logger, settings->keys[LEVEL]));
    return digest;
}

bool py_settings_changed(py_settings_t *settings) {
    uintptr_t digest = find_modules(settings) ? take_digest(settings) : settings->seen;
    if (PyErr_Occurred())
        PyErr_Clear();
    bool is_changed = digest != settings->seen;
    settings->seen = digest;
    return is_changed;
}

int py_settings_traverse(py_settings_t *settings, visitproc visit, void *arg) {
    Py_VISIT(settings->sys);
    Py_VISIT(settings->warnings);
    Py_VISIT(settings->logger);
    return 0;
}

void py_settings_clear(py_settings_t *settings) {
    Py_CLEAR(settings->sys);
    Py_CLEAR(settings->warnings);
    Py_CLEAR(settings->logger);
    for (int i = 0; i < KEY_COUNT; i++)
        Py_CLEAR(settings->keys[i]);
}
