/* thread.c - threads, mutexes and parkers of a systematic run.
 *
 * Outside a run there is one thread and nobody to wait for: what would block
 * forever is reported, what has a deadline moves the clock to it.
 */
#include "platform/thread.h"

#include "platform/clock.h"
#include "platform/systematic/scheduler.h"

#include <assert.h>
#include <stddef.h>

/* The places were named by the callers. */
#undef boc__thread_start
#undef boc__thread_join
#undef boc__thread_yield
#undef boc__mutex_lock
#undef boc__mutex_unlock
#undef boc__parker_park
#undef boc__parker_wake

static void step(bool is_forced) {
    boc__sys_thread_t *self = boc__sys_self();
    if (self != NULL)
        boc__sys_step(self, is_forced);
}

boc_status_t boc__thread_start(boc__thread_t *thread, boc__thread_fn run, void *context,
                               const char *name) {
    assert(thread != NULL && run != NULL);
    if (boc__sys_self() == NULL)
        boc__sys_fail("a thread was started; call boc__sys_run first");
    thread->native = boc__sys_thread_new(run, context, name);
    if (thread->native == NULL)
        return BOC_ETHREAD;
    step(false);
    return BOC_OK;
}

void boc__thread_join(boc__thread_t *thread) {
    boc__sys_thread_t *self = boc__sys_self();
    assert(self != NULL && thread->native != NULL && thread->native != self);
    step(false);
    if (thread->native->state != BOC_SYS_ENDED)
        boc__sys_block(self, BOC_SYS_JOINING, thread->native, BOC_FOREVER);
    boc__sys_thread_free(thread->native);
    thread->native = NULL;
}

void boc__thread_yield(void) { step(true); }

unsigned boc__thread_index(void) {
    const boc__sys_thread_t *self = boc__sys_self();
    return self == NULL ? 0 : self->index;
}

boc_status_t boc__thread_at_exit(boc__thread_fn run, void *context) {
    boc__sys_thread_t *self = boc__sys_self();
    assert(run != NULL);
    if (self == NULL)
        return BOC_OK; /* it ends with the process */
    if (self->exit_count == BOC_THREAD_EXITS_MAX)
        return BOC_ENOMEM;
    self->exits[self->exit_count++] = (boc__sys_exit_t){.run = run, .context = context};
    return BOC_OK;
}

void boc__mutex_init(boc__mutex_t *mutex) { *mutex = (boc__mutex_t)BOC_MUTEX_INITIALIZER; }

void boc__mutex_deinit(boc__mutex_t *mutex) {
    if (mutex->is_locked)
        boc__sys_fail("a locked mutex was deinitialised");
}

void boc__mutex_lock(boc__mutex_t *mutex) {
    boc__sys_thread_t *self = boc__sys_self();
    step(false);
    if (mutex->is_locked) {
        if (self == NULL)
            boc__sys_fail("a locked mutex was locked again");
        boc__sys_block(self, BOC_SYS_LOCKING, mutex, BOC_FOREVER);
    }
    assert(!mutex->is_locked);
    mutex->is_locked = true;
    if (self != NULL) {
        mutex->owner_id = self->id;
        mutex->file = self->file;
        mutex->line = self->line;
    }
}

void boc__mutex_unlock(boc__mutex_t *mutex) {
    boc__sys_thread_t *self = boc__sys_self();
    if (!mutex->is_locked || (self != NULL && mutex->owner_id != self->id))
        boc__sys_fail("a mutex was unlocked that this thread does not hold");
    mutex->is_locked = false;
    step(false);
}

void boc__parker_init(boc__parker_t *parker) { parker->has_token = false; }

void boc__parker_deinit(boc__parker_t *parker) { (void)parker; }

boc_status_t boc__parker_park(boc__parker_t *parker, int64_t deadline_ns) {
    boc__sys_thread_t *self = boc__sys_self();
    step(false);
    if (!parker->has_token) {
        if (self != NULL)
            boc__sys_block(self, BOC_SYS_PARKED, parker, deadline_ns);
        else if (deadline_ns == BOC_FOREVER)
            boc__sys_fail("parked without a deadline, and nobody can wake it");
        else
            boc__sys_sleep_until(deadline_ns);
    }
    if (!parker->has_token)
        return BOC_ETIMEOUT;
    parker->has_token = false;
    return BOC_OK;
}

void boc__parker_wake(boc__parker_t *parker) {
    step(false);
    parker->has_token = true;
    step(false);
}
