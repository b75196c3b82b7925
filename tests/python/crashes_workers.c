/* An extension module that says it can be loaded by workers, and crashes there. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

static int execute(PyObject *module) {
    (void)module;
    if (PyInterpreterState_Get() != PyInterpreterState_Main())
        abort();
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "crashes_workers",
                                        .m_slots = slots};

PyMODINIT_FUNC PyInit_crashes_workers(void) { return PyModuleDef_Init(&definition); }
