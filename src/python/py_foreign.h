/* py_foreign.h - types of other extensions that move by pointer.
 *
 * A registration exists once in the process, found by the address of the extension's
 * ops (or, with the names of xidata.h, of its callback); each interpreter that imports
 * the extension has a type of its own for it.
 *
 * Threads   attached to the interpreter of `state`, except where said.
 */
#ifndef BOC_PY_FOREIGN_H
#define BOC_PY_FOREIGN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "platform/atomic.h"

#include <bocpy/bocpy.h>

typedef struct core_state core_state_t;
typedef struct py_home py_home_t; /* see py_home.h */

/* Process-wide; never freed. */
typedef struct py_foreign {
    struct py_foreign *next;
    const void *key;      /* the extension's ops, or `out` */
    bocpy_type_ops_t ops; /* a copy; with `out`, only the module counts */
    bocpy_xidata_out_fn out;
    char module[]; /* what to import so that the type is registered */
} py_foreign_t;

enum { PY_FOREIGN_MAX = 128 }; /* types in one interpreter */

/* What the unit keeps per interpreter; embedded in the module state.  Entries are only added,
 * each before `count` says so. */
typedef struct py_foreign_state {
    atomic_size_t count;
    struct {
        PyTypeObject *type; /* owned */
        const py_foreign_t *foreign;
    } entries[PY_FOREIGN_MAX];
} py_foreign_state_t;

int py_foreign_traverse(py_foreign_state_t *types, visitproc visit, void *arg);
void py_foreign_clear(py_foreign_state_t *types);

/* The registration of exactly `type`; NULL without one, and without an exception. */
const py_foreign_t *py_foreign_find_in(const py_foreign_state_t *types, const PyTypeObject *type);

/* This interpreter's type of a registration, its module imported if it must be; borrowed, NULL
 * with an exception. */
PyTypeObject *py_foreign_type(core_state_t *state, const py_foreign_t *foreign);

/* The registration of these ops, from any thread; NULL if nobody registered them. */
const py_foreign_t *py_foreign_known(const bocpy_type_ops_t *ops);

/* bocpy_api_t.type_register and xidata_register: one of `ops` and `out`. */
int py_foreign_register(core_state_t *state, PyTypeObject *type, const bocpy_type_ops_t *ops,
                        bocpy_xidata_out_fn out);

#endif
