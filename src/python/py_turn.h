/* py_turn.h - calls on the cowns of one interpreter take turns where no GIL sees to it.
 *
 * Threads share what their interpreter owns: a handle that was found, and its value, stay until
 * Python code runs or the GIL is released.  Without one, a critical section on the type Cown stands
 * in for it, which CPython leaves wherever it would release the GIL.
 *
 * Threads   any attached thread of the interpreter.
 */
#ifndef BOC_PY_TURN_H
#define BOC_PY_TURN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef Py_GIL_DISABLED
#define PY_BEGIN_TURN(cown_type) Py_BEGIN_CRITICAL_SECTION(cown_type)
#define PY_END_TURN() Py_END_CRITICAL_SECTION()

/* Define what PY_TURN(name) stands for: the method `name` of Cown in a turn. */
#define PY_DEFINE_TURN(result_type, name, parameters, arguments)                                   \
    static result_type name##_in_turn parameters {                                                 \
        result_type result;                                                                        \
        PY_BEGIN_TURN(Py_TYPE(op));                                                                \
        result = name arguments;                                                                   \
        PY_END_TURN();                                                                             \
        return result;                                                                             \
    }                                                                                              \
    struct core_state /* for the semicolon */
#define PY_TURN(name) name##_in_turn

#else
#define PY_BEGIN_TURN(cown_type) {
#define PY_END_TURN() }
#define PY_DEFINE_TURN(result_type, name, parameters, arguments) struct core_state
#define PY_TURN(name) name
#endif

#endif
