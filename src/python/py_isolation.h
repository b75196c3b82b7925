/* py_isolation.h - whether anything outside a value can reach what is mutable in it.
 *
 * A value that a behavior leaves may stay the object it is, instead of being encoded, only
 * if nothing else in its interpreter can change it from then on.  References are counted:
 * inside the value there must be as many of each mutable object as it has in all.
 *
 * The answer is no whenever it is not certain: for everything that the encoder would not
 * send by value or by name, for weak references, for classes with code that encoding or
 * decoding would run or that runs when instances die, and where this build of CPython does
 * not let us see all references (the first call in the process tries that).
 *
 *     None, numbers, str, bytes, ...                 shared, whoever refers to them
 *     tuples and frozensets of nothing but shared    shared
 *     list, dict, set, bytearray, other tuples       counted
 *     cown handles that own nothing                  counted
 *     plain instances, with __dict__ and slots       counted
 *     classes, functions, enum members with a name   shared, once the encoder met them
 *     everything else                                no
 *
 * Threads   an attached thread state of the interpreter that `state` belongs to.
 */
#ifndef BOC_PY_ISOLATION_H
#define BOC_PY_ISOLATION_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

typedef struct core_state core_state_t;

/* Whether `value`, of which the caller knows `references` references, is alone with what it
 * holds.  Runs no code of the user, keeps an exception that is raised, uses a bounded amount
 * of memory.  After true the cowns in it count as received. */
bool py_isolation_check(core_state_t *state, PyObject *value, Py_ssize_t references);

/* _core._is_isolated(value, /): the same for a value to which only the call refers. */
PyObject *core_is_isolated(PyObject *module, PyObject *value);

#endif
