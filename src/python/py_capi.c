#include "python/py_capi.h"

#include "python/py_foreign.h"
#include "python/py_home.h"
#include "python/py_interp.h"
#include "python/py_state.h"

/* -- the state of the calling interpreter -------------------------------------------------- */

/* In the dict that each interpreter has for extensions. */
#define STATE_KEY "bocpy._core state"

static struct {
    /* Of the main interpreter, which ends last: most callers are there. */
    _Atomic(core_state_t *) main_state;
} globals;

core_state_t *py_capi_state(void) {
    if (py_interp_is_main()) {
        /* acquire: the state, from py_capi_add. */
        core_state_t *state = atomic_load_explicit(&globals.main_state, memory_order_acquire);
        if (state != NULL)
            return state;
    }
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get()); /* borrowed */
    PyObject *capsule = dict != NULL ? PyDict_GetItemString(dict, STATE_KEY) : NULL; /* borrowed */
    if (capsule != NULL)
        return PyCapsule_GetPointer(capsule, STATE_KEY);
    PyErr_SetString(PyExc_RuntimeError, "bocpy is not imported in this interpreter");
    return NULL;
}

static int publish(core_state_t *state) {
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get()); /* borrowed */
    PyObject *capsule = PyCapsule_New(state, STATE_KEY, NULL); /* owned */
    int result =
        dict != NULL && capsule != NULL ? PyDict_SetItemString(dict, STATE_KEY, capsule) : -1;
    Py_XDECREF(capsule);
    if (result < 0 && !PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "the interpreter keeps no data for extensions");
    if (result == 0 && py_interp_is_main())
        /* release: the state, to py_capi_state. */
        atomic_store_explicit(&globals.main_state, state, memory_order_release);
    return result;
}

void py_capi_forget(const core_state_t *state) {
    PyObject *raised = PyErr_GetRaisedException(); /* owned */
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get()); /* borrowed */
    PyObject *capsule = dict != NULL ? PyDict_GetItemString(dict, STATE_KEY) : NULL; /* borrowed */
    if (capsule != NULL && PyCapsule_GetPointer(capsule, STATE_KEY) == state &&
        PyDict_DelItemString(dict, STATE_KEY) < 0)
        PyErr_Clear();
    /* relaxed: only the main interpreter's threads look, and they hold its GIL. */
    if (atomic_load_explicit(&globals.main_state, memory_order_relaxed) == state)
        atomic_store_explicit(&globals.main_state, NULL, memory_order_relaxed);
    PyErr_SetRaisedException(raised);
}

/* -- types ------------------------------------------------------------------------------------- */

static int type_register(PyTypeObject *type, const bocpy_type_ops_t *ops) {
    core_state_t *state = py_capi_state();
    return state != NULL ? py_foreign_register(state, type, ops, NULL) : -1;
}

static int type_is_registered(PyTypeObject *type) {
    core_state_t *state = py_capi_state();
    if (state == NULL)
        PyErr_Clear();
    return state != NULL && py_foreign_find_in(&state->foreign, type) != NULL;
}

/* -- the names of xidata.h -----------------------------------------------------------------------
 */

static bocpy_xidata_t *xidata_new(void) {
    bocpy_xidata_t *xidata = PyMem_RawCalloc(1, sizeof *xidata);
    if (xidata == NULL)
        PyErr_NoMemory();
    return xidata;
}

static void xidata_init(bocpy_xidata_t *xidata, PyObject *object, void *data,
                        bocpy_xidata_in_fn new_object) {
    xidata->data = data;
    xidata->obj = Py_XNewRef(object);
    xidata->interpid = (int64_t)bocpy_interpid();
    xidata->new_object = new_object;
}

static int xidata_get(PyObject *object, bocpy_xidata_t *xidata) {
    core_state_t *state = py_capi_state();
    if (state == NULL)
        return -1;
    const py_foreign_t *foreign = py_foreign_find_in(&state->foreign, Py_TYPE(object));
    if (foreign != NULL && foreign->out != NULL)
        return foreign->out(PyThreadState_Get(), object, xidata);
    PyErr_Format(PyExc_TypeError, "%.200s is not registered with XIDATA_REGISTERCLASS",
                 Py_TYPE(object)->tp_name);
    return -1;
}

static int xidata_register(PyTypeObject *type, bocpy_xidata_out_fn out) {
    core_state_t *state = py_capi_state();
    return state != NULL ? py_foreign_register(state, type, NULL, out) : -1;
}

/* -- the table --------------------------------------------------------------------------------- */

static const bocpy_api_t table = {
    .abi = BOCPY_ABI,
    .size = sizeof(bocpy_api_t),
    .features = BOCPY_FEATURE_TYPES | BOCPY_FEATURE_XIDATA,
    .version_hex = BOCPY_VERSION_HEX,
    .version = BOCPY_VERSION,
    .type_register = type_register,
    .type_is_registered = type_is_registered,
    .xidata_new = xidata_new,
    .xidata_init = xidata_init,
    .xidata_get = xidata_get,
    .xidata_free = py_home_free,
    .xidata_register = xidata_register,
};

static int add_capsule(PyObject *module) {
    PyObject *capsule = PyCapsule_New((void *)(uintptr_t)&table, BOCPY_CAPSULE, NULL); /* owned */
    int result = capsule != NULL ? PyModule_AddObjectRef(module, "_C_API", capsule) : -1;
    Py_XDECREF(capsule);
    return result;
}

int py_capi_add(PyObject *module, core_state_t *state) {
    if (publish(state) < 0)
        return -1;
    return add_capsule(module);
}
