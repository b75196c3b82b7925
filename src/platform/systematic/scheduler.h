/* scheduler.h - who runs next; between the units of this folder.
 *
 * Everything here is called by the thread that runs, which is the only one that
 * reads or writes any of it.
 */
#ifndef BOC_PLATFORM_SYSTEMATIC_SCHEDULER_H
#define BOC_PLATFORM_SYSTEMATIC_SCHEDULER_H

#include "platform/systematic/baton.h"
#include "platform/thread.h"

#include <pthread.h>

#define BOC_SYS_NAME_BYTES 16

typedef enum boc__sys_state {
    BOC_SYS_READY,
    BOC_SYS_SPINNING, /* until somebody else made progress */
    BOC_SYS_LOCKING,  /* object: boc__mutex_t */
    BOC_SYS_PARKED,   /* object: boc__parker_t; or until deadline_ns */
    BOC_SYS_SLEEPING, /* until deadline_ns */
    BOC_SYS_JOINING,  /* object: boc__sys_thread_t */
    BOC_SYS_ENDED,
} boc__sys_state_t;

typedef struct boc__sys_exit {
    boc__thread_fn run;
    void *context;
} boc__sys_exit_t;

struct boc__sys_thread {
    boc__sys_thread_t *next; /* in the order of starting */
    unsigned id;             /* serial number within the run */
    unsigned index;          /* boc__thread_index */
    char name[BOC_SYS_NAME_BYTES];

    boc__thread_fn run;
    void *context;
    pthread_t handle;
    boc__baton_t turn;

    boc__sys_state_t state;
    const void *object; /* what it waits for; see the states */
    int64_t deadline_ns;
    uint64_t steps;         /* its own part of the progress */
    uint64_t progress_seen; /* of the others, when it began to look at its condition */
    bool looked_at_clock;   /* since it last spun: time alone can end its wait */
    const char *file;       /* its latest scheduling point */
    int line;

    unsigned budget;      /* points to pass before the next choice */
    unsigned budget_mask; /* how large a budget this thread gets */

    unsigned exit_count;
    boc__sys_exit_t exits[BOC_THREAD_EXITS_MAX];
};

/* The calling thread, or NULL outside a run. */
boc__sys_thread_t *boc__sys_self(void);

/* A scheduling point at the place that boc__sys_here named.  `is_forced`: choose
 * anew whatever the budget. */
void boc__sys_step(boc__sys_thread_t *self, bool is_forced);

/* Let others run until `state` is over for the caller. */
void boc__sys_block(boc__sys_thread_t *self, boc__sys_state_t state, const void *object,
                    int64_t deadline_ns);

/* Virtual time; outside a run it stands still but for sleeping. */
int64_t boc__sys_now_ns(void);
void boc__sys_sleep_until(int64_t deadline_ns);

/* A new thread of the run, ready to go on; NULL when the system refuses. */
boc__sys_thread_t *boc__sys_thread_new(boc__thread_fn run, void *context, const char *name);
/* After it ended: wait for the real thread and free. */
void boc__sys_thread_free(boc__sys_thread_t *thread);

/* Report that the run cannot go on, and abort. */
_Noreturn void boc__sys_fail(const char *what);

#endif
