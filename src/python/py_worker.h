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

#endif
