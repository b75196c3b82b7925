/* work.h - what the scheduler schedules.  It does not know what a cown is. */
#ifndef BOC_CORE_SCHED_WORK_H
#define BOC_CORE_SCHED_WORK_H

typedef struct boc__work boc__work_t;

struct boc__work {
    boc__work_t *next; /* link of the queue that holds the work */
    /* Do the work and free it.  Called once, on a worker. */
    void (*run)(boc__work_t *work);
};

#endif
