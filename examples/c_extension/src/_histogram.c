/* _histogram.c - how often each byte occurs in a file, counted by bodies that run without the GIL.
 *
 * A Histogram is 256 numbers in plain memory.  It moves between interpreters by pointer, and
 * `count_file` schedules bodies in C that add slices of a file to histograms in cowns: while they
 * run, every interpreter's GIL is free. */
#include <bocpy/bocpy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 256, CHUNK_BYTES = 1 << 18, COWNS_MAX = 64 };

typedef struct histogram {
    int64_t bins[BINS];
} histogram_t;

typedef struct module_state {
    const bocpy_api_t *api;
    PyTypeObject *type; /* owned */
} module_state_t;

static module_state_t *state_of(PyObject *module) {
    return (module_state_t *)PyModule_GetState(module);
}

static void add_bytes(histogram_t *histogram, const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        histogram->bins[bytes[i]]++;
}

/* ---- the memory moves ---- */

static void *histogram_copy(const void *data) {
    void *copy = malloc(sizeof(histogram_t));
    if (copy != NULL)
        memcpy(copy, data, sizeof(histogram_t));
    return copy;
}

/* At the end of a body an exported histogram is copied, and the exporter keeps the old one. */
static int histogram_move_out(PyObject *object, int reason, void **p_data) {
    return bocpy_box_move_or_copy(object, reason, p_data, histogram_copy);
}

static const bocpy_type_ops_t histogram_ops = {
    .size = sizeof(bocpy_type_ops_t),
    .move_out = histogram_move_out,
    .move_in = bocpy_box_move_in,
    .rollback = bocpy_box_rollback,
    .drop = free,
    .copy = histogram_copy,
};

/* ---- bodies ---- */

/* A slice of a file.  Owned by its behavior. */
typedef struct slice {
    const bocpy_api_t *api;
    long long start;
    long long size;
    char path[];
} slice_t;

/* Read the slice into the histogram; NULL, or what went wrong. */
static const char *count_slice(const slice_t *slice, histogram_t *histogram) {
    static const char *const failed = "the file cannot be read";
    unsigned char *chunk = (unsigned char *)malloc(CHUNK_BYTES);
    FILE *file = chunk != NULL ? fopen(slice->path, "rb") : NULL;
    bool good = file != NULL && fseek(file, (long)slice->start, SEEK_SET) == 0;
    for (long long left = slice->size; good && left > 0;) {
        size_t wanted = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        size_t got = fread(chunk, 1, wanted, file);
        add_bytes(histogram, chunk, got);
        left -= (long long)got;
        good = got == wanted;
    }
    if (file != NULL)
        fclose(file);
    free(chunk);
    return good ? NULL : failed;
}

static void slice_run(bocpy_body_t *body, void *context) {
    const slice_t *slice = (const slice_t *)context;
    histogram_t *histogram = (histogram_t *)slice->api->body_data(body, 0, &histogram_ops);
    if (histogram == NULL) {
        slice->api->body_fail(body, BOCPY_TYPE_ERROR, "the cown does not hold a Histogram");
        return;
    }
    const char *trouble = count_slice(slice, histogram);
    if (trouble != NULL)
        slice->api->body_fail(body, BOCPY_OS_ERROR, trouble);
    else
        slice->api->body_store_int(body, BOCPY_RESULT, slice->size);
}

/* All histograms added up; they are only read. */
static void merge_run(bocpy_body_t *body, void *context) {
    const bocpy_api_t *api = (const bocpy_api_t *)context;
    histogram_t *sum = (histogram_t *)calloc(1, sizeof *sum);
    if (sum == NULL) {
        api->body_fail(body, BOCPY_MEMORY_ERROR, "no memory for the sum");
        return;
    }
    for (size_t i = 0; i < api->body_count(body); i++) {
        const histogram_t *part = (const histogram_t *)api->body_data(body, i, &histogram_ops);
        for (int bin = 0; part != NULL && bin < BINS; bin++)
            sum->bins[bin] += part->bins[bin];
        if (part == NULL)
            api->body_fail(body, BOCPY_TYPE_ERROR, "the cown does not hold a Histogram");
    }
    (void)api->body_store(body, BOCPY_RESULT, &histogram_ops, sum);
}

/* ---- functions of the module ---- */

static PyObject *submit(const bocpy_api_t *api, const bocpy_request_t *requests, size_t count,
                        bocpy_run_fn run, void *context, bocpy_drop_fn drop) {
    bocpy_cown_t *result = NULL;
    int status = api->body_schedule(requests, count, run, context, drop, &result);
    if (status != BOCPY_OK) {
        api->status_raise(status, "body_schedule");
        return NULL;
    }
    PyObject *cown = api->cown_wrap(result);
    api->cown_unref(result);
    return cown;
}

static PyObject *count_file(PyObject *module, PyObject *args) {
    const bocpy_api_t *api = state_of(module)->api;
    PyObject *cown, *path; /* borrowed; owned */
    long long start, size;
    if (!PyArg_ParseTuple(args, "OO&LL:count_file", &cown, PyUnicode_FSConverter, &path, &start,
                          &size))
        return NULL;
    size_t length = (size_t)PyBytes_GET_SIZE(path) + 1;
    bocpy_request_t request = {api->cown_native(cown), BOCPY_WRITE};
    slice_t *slice = request.cown != NULL ? (slice_t *)malloc(sizeof *slice + length) : NULL;
    if (slice != NULL) {
        slice->api = api;
        slice->start = start;
        slice->size = size;
        memcpy(slice->path, PyBytes_AS_STRING(path), length);
    } else if (request.cown != NULL) {
        PyErr_NoMemory();
    }
    Py_DECREF(path);
    return slice != NULL ? submit(api, &request, 1, slice_run, slice, free) : NULL;
}

static PyObject *merge(PyObject *module, PyObject *cowns) {
    const bocpy_api_t *api = state_of(module)->api;
    bocpy_request_t requests[COWNS_MAX];
    PyObject *items = PySequence_Tuple(cowns); /* owned; keeps the cowns */
    if (items == NULL)
        return NULL;
    Py_ssize_t count = PyTuple_GET_SIZE(items);
    PyObject *result = NULL; /* owned */
    if (count > COWNS_MAX)
        PyErr_Format(PyExc_ValueError, "merge: at most %d cowns", COWNS_MAX);
    for (Py_ssize_t i = 0; i < count && count <= COWNS_MAX; i++) {
        requests[i].access = BOCPY_READ;
        requests[i].cown = api->cown_native(PyTuple_GET_ITEM(items, i));
        if (requests[i].cown == NULL)
            break;
    }
    if (!PyErr_Occurred())
        result = submit(api, requests, (size_t)count, merge_run, (void *)(uintptr_t)api, NULL);
    Py_DECREF(items);
    return result;
}

/* ---- the type ---- */

static PyObject *histogram_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    (void)kwargs;
    if (!PyArg_ParseTuple(args, ":Histogram"))
        return NULL;
    void *data = calloc(1, sizeof(histogram_t));
    if (data == NULL)
        return PyErr_NoMemory();
    PyObject *histogram = bocpy_box_move_in(type, data);
    if (histogram == NULL)
        free(data);
    return histogram;
}

static void histogram_dealloc(PyObject *op) {
    PyTypeObject *type = Py_TYPE(op);
    free(((bocpy_box_t *)(void *)op)->data);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *histogram_add(PyObject *op, PyObject *object) {
    histogram_t *histogram = (histogram_t *)bocpy_box_data(op);
    Py_buffer view;
    if (histogram == NULL || PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    add_bytes(histogram, (const unsigned char *)view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
}

static int histogram_getbuffer(PyObject *op, Py_buffer *view, int flags) {
    static Py_ssize_t shape[1] = {BINS}, strides[1] = {(Py_ssize_t)sizeof(int64_t)};
    histogram_t *histogram = (histogram_t *)bocpy_box_data(op);
    if (histogram == NULL ||
        PyBuffer_FillInfo(view, op, histogram->bins, (Py_ssize_t)sizeof *histogram, 0, flags) < 0)
        return -1;
    view->itemsize = (Py_ssize_t)sizeof(int64_t);
    view->format = (flags & PyBUF_FORMAT) != 0 ? (char *)(uintptr_t)"q" : NULL;
    view->shape = (flags & PyBUF_ND) != 0 ? shape : NULL;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? strides : NULL;
    ((bocpy_box_t *)(void *)op)->pins++;
    return 0;
}

static void histogram_releasebuffer(PyObject *op, Py_buffer *view) {
    (void)view;
    ((bocpy_box_t *)(void *)op)->pins--;
}

static PyMethodDef histogram_methods[] = {
    {"add", histogram_add, METH_O, "add($self, data, /)\n--\n\nCount the bytes of an object."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot histogram_slots[] = {
    {Py_tp_doc, (void *)(uintptr_t)"Histogram()\n--\n\n256 counts; a buffer of 64 bit integers."},
    {Py_tp_new, (void *)histogram_new},
    {Py_tp_dealloc, (void *)histogram_dealloc},
    {Py_tp_methods, histogram_methods},
    {Py_bf_getbuffer, (void *)histogram_getbuffer},
    {Py_bf_releasebuffer, (void *)histogram_releasebuffer},
    {0, NULL},
};

static PyType_Spec histogram_spec = {
    .name = "_histogram.Histogram",
    .basicsize = (int)sizeof(bocpy_box_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = histogram_slots,
};

/* ---- the module ---- */

static PyMethodDef functions[] = {
    {"count_file", count_file, METH_VARARGS,
     "count_file($module, cown, path, start, size, /)\n--\n\n"
     "Schedule a body that adds a slice of a file to the Histogram of the cown.\n\n"
     "The result is a Cown of the number of bytes, or of an OSError."},
    {"merge", merge, METH_O,
     "merge($module, cowns, /)\n--\n\n"
     "Schedule a body that reads the Histograms of the cowns; a Cown of their sum."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module) {
    module_state_t *state = state_of(module);
    state->api = bocpy_import();
    if (state->api == NULL)
        return -1;
    state->type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &histogram_spec, NULL);
    if (state->type == NULL || PyModule_AddType(module, state->type) < 0)
        return -1;
    return state->api->type_register(state->type, &histogram_ops);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    Py_VISIT(state_of(module)->type);
    return 0;
}

static int module_clear(PyObject *module) {
    Py_CLEAR(state_of(module)->type);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_histogram",
    .m_doc = "Histograms of bytes, counted without the GIL.",
    .m_size = (Py_ssize_t)sizeof(module_state_t),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__histogram(void) { return PyModuleDef_Init(&module_definition); }
