/* matrix_module.c - the extension module bocpy._matrix. */
#include "python_matrix/matrix_capi.h"
#include "python_matrix/matrix_pickle.h"
#include "python_matrix/matrix_random.h"
#include "python_matrix/matrix_state.h"
#include "python_matrix/matrix_transfer.h"
#include "python_matrix/matrix_type.h"
#include "python_matrix/matrix_values.h"

matrix_state_t *matrix_state_of_module(PyObject *module) { return PyModule_GetState(module); }

static int module_exec(PyObject *module) {
    matrix_state_t *state = matrix_state_of_module(module);
    if (matrix_errors_add(module, state) < 0 || matrix_random_add(state) < 0 ||
        matrix_type_add(module, state) < 0 || matrix_values_add(module, state) < 0 ||
        matrix_pickle_add(module, state) < 0)
        return -1;
    return matrix_transfer_add(state) < 0 ? -1 : matrix_capi_add(module);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    matrix_state_t *state = matrix_state_of_module(module);
    Py_VISIT(state->matrix_type);
    Py_VISIT(state->values_type);
    for (int i = 0; i < MATRIX_ERROR_COUNT; i++)
        Py_VISIT(state->errors[i]);
    Py_VISIT(state->unpickle);
    Py_VISIT(state->rebuild);
    return 0;
}

static int module_clear(PyObject *module) {
    matrix_state_t *state = matrix_state_of_module(module);
    Py_CLEAR(state->matrix_type);
    Py_CLEAR(state->values_type);
    for (int i = 0; i < MATRIX_ERROR_COUNT; i++)
        Py_CLEAR(state->errors[i]);
    Py_CLEAR(state->unpickle);
    Py_CLEAR(state->rebuild);
    return 0;
}

static void module_free(void *module) {
    (void)module_clear(module);
    matrix_random_clear(matrix_state_of_module(module));
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef matrix_module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "bocpy._matrix",
    .m_doc = "Dense matrices that move between interpreters; use bocpy.Matrix.",
    .m_size = sizeof(matrix_state_t),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__matrix(void); /* the import system looks it up by name */

PyMODINIT_FUNC PyInit__matrix(void) { return PyModuleDef_Init(&matrix_module); }
