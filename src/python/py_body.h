/* py_body.h - behaviors whose body is C code that does not use Python.
 *
 * A worker runs such a body without the GIL: the first of several in a row releases it,
 * the next Python body takes it back (py_worker_attach).  So the other threads of the
 * worker's interpreter never wait for these bodies.  The body reaches values that are
 * plain memory: numbers, and one object of a foreign type.
 *
 * Threads   schedule, send_data, cown_of_data   any thread
 *           the rest                            the body's thread, while it runs
 *
 * The functions are entries of bocpy_api_t; <bocpy/bocpy.h> says what they do.
 */
#ifndef BOC_PY_BODY_H
#define BOC_PY_BODY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <bocpy/bocpy.h>

int py_body_schedule(const bocpy_request_t *requests, size_t count, bocpy_run_fn run, void *context,
                     bocpy_drop_fn drop, bocpy_cown_t **p_result);
size_t py_body_count(const bocpy_body_t *body);
bocpy_cown_t *py_body_cown(bocpy_body_t *body, size_t index);
void *py_body_data(bocpy_body_t *body, size_t index, const bocpy_type_ops_t *ops);
int py_body_store(bocpy_body_t *body, size_t index, const bocpy_type_ops_t *ops, void *data);
int py_body_load_int(bocpy_body_t *body, size_t index, int64_t *p_value);
int py_body_load_real(bocpy_body_t *body, size_t index, double *p_value);
int py_body_store_int(bocpy_body_t *body, size_t index, int64_t value);
int py_body_store_real(bocpy_body_t *body, size_t index, double value);
void py_body_fail(bocpy_body_t *body, int kind, const char *message);

bocpy_cown_t *py_body_cown_of_data(const bocpy_type_ops_t *ops, void *data);
int py_body_send_data(const char *tag, const bocpy_type_ops_t *ops, void *data);

#endif
