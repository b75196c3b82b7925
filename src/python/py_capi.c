#include "python/py_capi.h"

#include "platform/clock.h"
#include "platform/thread.h"
#include "python/py_body.h"
#include "python/py_capi_python.h"
#include "python/py_errors.h"
#include "python/py_foreign.h"
#include "python/py_home.h"
#include "python/py_interp.h"
#include "python/py_state.h"
#include "python/py_worker.h"

#include <boc/cown.h>
#include <boc/runtime.h>

/* -- the state of the calling interpreter -------------------------------------------------- */

/* In the dict that each interpreter has for extensions. */
#define STATE_KEY "bocpy._core state"

static struct {
    /* Of the main interpreter, which ends last: most callers are there. */
    _Atomic(core_state_t *) main_state;
    boc__mutex_t mutex; /* guards the table until it is complete */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

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

/* -- cowns, the runtime, help for C --------------------------------------------------------------
 */

static void cown_ref(bocpy_cown_t *cown) { boc_cown_ref((boc_cown_t *)(void *)cown); }
static void cown_unref(bocpy_cown_t *cown) { boc_cown_unref((boc_cown_t *)(void *)cown); }
static uint64_t cown_id(bocpy_cown_t *cown) { return boc_cown_id((boc_cown_t *)(void *)cown); }
static int is_running(void) { return boc_runtime_is_running(); }
static int worker_count(void) { return (int)boc_runtime_worker_count(); }

static bocpy_mutex_t *mutex_new(void) {
    boc__mutex_t *mutex = PyMem_RawMalloc(sizeof *mutex);
    if (mutex != NULL)
        boc__mutex_init(mutex);
    return (bocpy_mutex_t *)(void *)mutex;
}

static void mutex_free(bocpy_mutex_t *mutex) {
    if (mutex == NULL)
        return;
    boc__mutex_deinit((boc__mutex_t *)(void *)mutex);
    PyMem_RawFree(mutex);
}

static void mutex_lock(bocpy_mutex_t *mutex) { boc__mutex_lock((boc__mutex_t *)(void *)mutex); }
static void mutex_unlock(bocpy_mutex_t *mutex) { boc__mutex_unlock((boc__mutex_t *)(void *)mutex); }

static int status_raise(int status, const char *what) {
    if (status == BOCPY_OK)
        PyErr_Format(PyExc_SystemError, "%s: status_raise after success", what);
    else
        (void)py_errors_raise((boc_status_t)status, what);
    return -1;
}

/* -- the table --------------------------------------------------------------------------------- */

static bocpy_api_t table = {
    .abi = BOCPY_ABI,
    .size = sizeof(bocpy_api_t),
    .features = BOCPY_FEATURE_TYPES | BOCPY_FEATURE_XIDATA | BOCPY_FEATURE_COWNS |
                BOCPY_FEATURE_BODIES | BOCPY_FEATURE_MESSAGES | BOCPY_FEATURE_HOOKS |
                BOCPY_FEATURE_BOARD,
    .version_hex = BOCPY_VERSION_HEX,
    .version = BOCPY_VERSION,
    .type_register = type_register,
    .type_is_registered = type_is_registered,
    .xidata_new = xidata_new,
    .xidata_init = xidata_init,
    .xidata_get = xidata_get,
    .xidata_free = py_home_free,
    .xidata_register = xidata_register,
    .cown_of_data = py_body_cown_of_data,
    .cown_ref = cown_ref,
    .cown_unref = cown_unref,
    .cown_id = cown_id,
    .body_schedule = py_body_schedule,
    .body_count = py_body_count,
    .body_cown = py_body_cown,
    .body_data = py_body_data,
    .body_store = py_body_store,
    .body_load_int = py_body_load_int,
    .body_load_real = py_body_load_real,
    .body_store_int = py_body_store_int,
    .body_store_real = py_body_store_real,
    .body_fail = py_body_fail,
    .is_running = is_running,
    .worker_count = worker_count,
    .worker_index = boc_worker_index,
    .worker_hooks = py_worker_add_hooks,
    .send_data = py_body_send_data,
    .clock_ns = boc__clock_now_ns,
    .mutex_new = mutex_new,
    .mutex_free = mutex_free,
    .mutex_lock = mutex_lock,
    .mutex_unlock = mutex_unlock,
    .status_raise = status_raise,
};

static int add_capsule(PyObject *module) {
    PyObject *capsule = PyCapsule_New(&table, BOCPY_CAPSULE, NULL); /* owned */
    int result = capsule != NULL ? PyModule_AddObjectRef(module, "_C_API", capsule) : -1;
    Py_XDECREF(capsule);
    return result;
}

/* The first interpreter that imports us completes the table, before anybody gets the capsule. */
static void complete_table(void) {
    boc__mutex_lock(&globals.mutex);
    if (table.cown_new == NULL)
        py_capi_python_fill(&table);
    boc__mutex_unlock(&globals.mutex);
}

int py_capi_add(PyObject *module, core_state_t *state) {
    if (publish(state) < 0)
        return -1;
    complete_table();
    return add_capsule(module);
}
