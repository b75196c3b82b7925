/* py_notice_thread.h - the thread of main's interpreter that runs the functions of updates.
 *
 * It starts with the first update and ends with the runtime.  Updates run one after the other,
 * in the order in which they got their turns.
 *
 * Threads   push, abandon     attached to any interpreter (see py_notice_enter)
 *           end               attached to main, not the thread itself
 *           the rest          any thread
 */
#ifndef BOC_PY_NOTICE_THREAD_H
#define BOC_PY_NOTICE_THREAD_H

#include "python/py_notice_job.h"

/* For boc/noticeboard.h: the update of the job has its turn. */
void py_notice_thread_push(boc_update_t *update, void *job);

/* Whether this is that thread. */
bool py_notice_thread_is_this(void);

/* The board was closed: settle the results of updates that were not run yet, and of the one
 * that runs. */
void py_notice_thread_abandon(core_state_t *state);

/* Let the thread end when it has nothing to do, and wait for it.  BOC_OK also when there is
 * none; BOC_ETIMEOUT: a function runs; BOC_EINTERRUPTED with an exception set. */
boc_status_t py_notice_thread_end(int64_t deadline_ns);

/* Raise KeyboardInterrupt in the function that runs. */
void py_notice_thread_interrupt(void);

/* In the child of a fork: there is no thread. */
void py_notice_thread_forget(void);

#endif
