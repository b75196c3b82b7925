/* matrix_turn.h - the calls of one interpreter on its matrices take turns where no GIL sees to it.
 *
 * A block is looked up once and then used: it stays where it is until the GIL is released.  Without
 * one, a critical section on the type Matrix stands in for it.  CPython leaves that wherever it
 * would release the GIL, long kernels included (matrix_away.h), and enters it again afterwards.
 *
 * Threads   any attached thread of the interpreter that the type belongs to.
 */
#ifndef BOC_PYTHON_MATRIX_TURN_H
#define BOC_PYTHON_MATRIX_TURN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef Py_GIL_DISABLED

#define MATRIX_BEGIN_TURN(type) Py_BEGIN_CRITICAL_SECTION(type)
#define MATRIX_END_TURN() Py_END_CRITICAL_SECTION()

/* Define what MATRIX_TURN(name) stands for: `name` in a turn on `type`. */
#define MATRIX_DEFINE_TURN(result_type, name, parameters, arguments, type)                         \
    static result_type name##_in_turn parameters {                                                 \
        result_type result;                                                                        \
        MATRIX_BEGIN_TURN(type);                                                                   \
        result = name arguments;                                                                   \
        MATRIX_END_TURN();                                                                         \
        return result;                                                                             \
    }                                                                                              \
    struct matrix_state /* for the semicolon */
#define MATRIX_TURN(name) name##_in_turn

#else

#define MATRIX_BEGIN_TURN(type) {
#define MATRIX_END_TURN() }
#define MATRIX_DEFINE_TURN(result_type, name, parameters, arguments, type) struct matrix_state
#define MATRIX_TURN(name) name

#endif

#endif
