/* py_worker.h - a worker thread and its interpreter: the host of boc/runtime.h.
 *
 * Each worker thread makes an interpreter when it enters, keeps its GIL except while
 * it sleeps, and ends the interpreter when it leaves.
 *
 * Threads   see each
 */
#ifndef BOC_PY_WORKER_H
#define BOC_PY_WORKER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <boc/payload.h>
#include <boc/runtime.h>
#include <bocpy/bocpy.h>
#include <stdbool.h>

typedef struct core_state core_state_t;

/* The hooks for boc_runtime_start; `py_worker_prepare` was called before. */
extern const boc_host_t py_worker_host;

/* Attached to main: what the next workers boot with.  `path` is sys.path; `config` the
 * encoded configuration, which is taken.  -1 with an exception. */
int py_worker_prepare(PyObject *path, boc_payload_t config);

/* Attached to main: let workers that run already boot again with that configuration,
 * each before its next behavior. */
void py_worker_renew_all(void);

/* Why the last worker failed to enter; "" when none did. */
const char *py_worker_trouble(void);

/* From any thread: raise KeyboardInterrupt in every body that runs, when it next
 * executes bytecode.  Returns at once. */
void py_worker_interrupt_all(void);

/* On a worker, when a body has ended: whether it was interrupted.  An interrupt that
 * came too late is forgotten. */
bool py_worker_forget_interrupt(void);

/* The state of the calling worker's interpreter. */
core_state_t *py_worker_state(void);

/* On a worker, before a body: of Python, which gets the state; of C, which runs without the GIL. */
core_state_t *py_worker_begin(void);
void py_worker_begin_detached(void);

/* On a worker: release the GIL for C code, and take it back for Python; nothing if that is done.
 * `attach` may be called on any thread, and gives whether it did something. */
void py_worker_detach(void);
bool py_worker_attach(void);

/* Any thread: see bocpy_api_t.worker_hooks.  BOCPY_OK or BOCPY_EFULL. */
int py_worker_add_hooks(const bocpy_worker_hooks_t *hooks);

/* On a worker, attached: call the hooks that are new since it last did. */
void py_worker_run_hooks(void);

#endif
