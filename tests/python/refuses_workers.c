/* An extension module that no sub-interpreter with its own GIL can load: single-phase init. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *answer(PyObject *module, PyObject *ignored) {
    (void)module, (void)ignored;
    return PyLong_FromLong(42);
}

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "refuses_workers",
                                        .m_size = -1, .m_methods = methods};

PyMODINIT_FUNC PyInit_refuses_workers(void) { return PyModule_Create(&definition); }
