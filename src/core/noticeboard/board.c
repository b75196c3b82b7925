/* board.c - mutations: one after the other, each when its turn has come. */
#include "core/noticeboard/line.h"
#include "core/noticeboard/seats.h"

#include "core/alloc.h"
#include "platform/clock.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

static struct {
    boc__mutex_t mutex; /* whoever has it is the writer */
    bool is_closed;     /* guarded by mutex */
} globals = {.mutex = BOC_MUTEX_INITIALIZER};

/* What is left to do once the mutex is free: the host is not called under it. */
typedef struct rest {
    boc_snapshot_t *buried; /* nobody uses them any more */
    boc_update_t *over;
    boc_update_t *ready; /* updates whose turn has come */
} rest_t;

/* Updates that this thread has to run: an update that finishes inside its `run` makes way for
 * others, which run after it, not inside it. */
static _Thread_local struct {
    bool is_running;
    boc_update_t *first;
    boc_update_t *last;
} tl_ready;

/* -- what changes the board; under the mutex ------------------------------------------ */

static void publish(boc_snapshot_t *snapshot, rest_t *rest) {
    boc_snapshot_t *before = boc__snapshot_publish(snapshot);
    if (before == NULL)
        return;
    before->next = rest->buried;
    rest->buried = before;
}

static unsigned free_place(const boc_snapshot_t *present) {
    unsigned place = 0;
    while (place < BOC_NOTICE_KEYS_MAX && (present->used & (uint64_t)1 << place) != 0)
        place++;
    return place;
}

/* The reference of `notice` is taken on BOC_OK. */
static boc_status_t put(boc__notice_t *notice, rest_t *rest) {
    const boc_snapshot_t *present = boc__snapshot_present();
    boc_key_t key = {notice->key, notice->key_bytes};
    unsigned place = boc__snapshot_place(present, key, notice->hash);
    if (place == BOC__NO_PLACE && (place = free_place(present)) == BOC_NOTICE_KEYS_MAX)
        return BOC_EFULL;
    boc_snapshot_t *snapshot = boc__snapshot_with(place, notice);
    if (snapshot == NULL)
        return BOC_ENOMEM;
    publish(snapshot, rest);
    return BOC_OK;
}

static boc_status_t erase(boc_key_t key, uint64_t hash, rest_t *rest) {
    unsigned place = boc__snapshot_place(boc__snapshot_present(), key, hash);
    if (place == BOC__NO_PLACE)
        return BOC_OK;
    boc_snapshot_t *snapshot = boc__snapshot_without(place);
    if (snapshot == NULL)
        return BOC_ENOMEM;
    publish(snapshot, rest);
    return BOC_OK;
}

static boc_status_t put_value(boc_update_t *mutation, rest_t *rest) {
    boc__notice_t *notice = mutation->notice;
    boc_status_t status = put(notice, rest);
    if (status == BOC_OK)
        mutation->notice = NULL;
    return status;
}

/* -- turns; under the mutex ----------------------------------------------------------- */

static void end(boc_update_t *mutation, boc_status_t status, rest_t *rest) {
    mutation->status = status;
    boc__line_wake_sleepers(mutation);
    mutation->next = rest->over;
    rest->over = mutation;
}

static void begin_update(boc_update_t *update, rest_t *rest) {
    const boc_snapshot_t *present = boc__snapshot_present();
    unsigned place = boc__snapshot_place(present, boc__mutation_key(update), update->hash);
    if (place != BOC__NO_PLACE)
        update->notice = boc__notice_ref(boc__snapshot_notice(present, place));
    update->next = rest->ready;
    rest->ready = update;
}

/* Those in `ready` have their turn, and so may others when they are over. */
static void give_turns(boc_update_t *ready, rest_t *rest) {
    while (ready != NULL) {
        boc_update_t *mutation = ready;
        ready = mutation->next;
        if (mutation->kind == BOC_MUTATION_UPDATE) {
            begin_update(mutation, rest);
            continue;
        }
        boc_status_t status = mutation->kind == BOC_MUTATION_WRITE
                                  ? put_value(mutation, rest)
                                  : erase(boc__mutation_key(mutation), mutation->hash, rest);
        boc_update_t *made_way_for = boc__line_leave(mutation);
        end(mutation, status, rest);
        while (made_way_for != NULL) {
            boc_update_t *next = made_way_for->next;
            made_way_for->next = ready;
            ready = made_way_for;
            made_way_for = next;
        }
    }
}

/* -- once the mutex is free ----------------------------------------------------------- */

static void run_ready(boc_update_t *ready) {
    while (ready != NULL) {
        boc_update_t *update = ready;
        ready = update->next;
        update->next = NULL;
        *(tl_ready.last != NULL ? &tl_ready.last->next : &tl_ready.first) = update;
        tl_ready.last = update;
    }
    if (tl_ready.is_running)
        return;
    tl_ready.is_running = true;
    while (tl_ready.first != NULL) {
        boc_update_t *update = tl_ready.first;
        tl_ready.first = update->next;
        if (tl_ready.first == NULL)
            tl_ready.last = NULL;
        update->run(update, update->context);
    }
    tl_ready.is_running = false;
}

static void dispose(boc_update_t *mutation) {
    if (mutation->notice != NULL)
        boc__notice_unref(mutation->notice);
    boc__alloc_free(mutation);
}

/* Those who are over, oldest first. */
static void report(boc_update_t *over) {
    boc_update_t *ordered = NULL;
    while (over != NULL) {
        boc_update_t *next = over->next;
        over->next = ordered;
        ordered = over;
        over = next;
    }
    while (ordered != NULL) {
        boc_update_t *mutation = ordered;
        ordered = mutation->next;
        if (mutation->done != NULL)
            mutation->done(mutation->context, mutation->status);
        dispose(mutation);
    }
}

static void unlock_and_settle(rest_t *rest) {
    boc__mutex_unlock(&globals.mutex);
    while (rest->buried != NULL) {
        boc_snapshot_t *snapshot = rest->buried;
        rest->buried = snapshot->next;
        boc__snapshot_bury(snapshot);
    }
    report(rest->over);
    run_ready(rest->ready);
}

/* -- making mutations ----------------------------------------------------------------- */

static bool is_key(boc_key_t key) { return key.size <= BOC_NOTICE_KEY_BYTES_MAX; }

/* Under the mutex: whether a mutation of the calling thread has its turn at once. */
static bool is_first(boc_key_t key, uint64_t hash) {
    return boc__line_last_of_producer(boc__thread_index()) == NULL &&
           boc__line_last_of_key(key, hash) == NULL;
}

static boc_update_t *new_mutation(boc__mutation_kind_t kind, boc_key_t key, uint64_t hash,
                                  boc_notice_done_fn done, void *context) {
    boc_update_t *mutation = boc__alloc(alignof(boc_update_t), sizeof *mutation);
    if (mutation == NULL)
        return NULL;
    memset(mutation, 0, sizeof *mutation);
    mutation->kind = kind;
    mutation->done = done;
    mutation->context = context;
    mutation->producer = boc__thread_index();
    mutation->hash = hash;
    mutation->key_bytes = key.size;
    if (key.size > 0)
        memcpy(mutation->key, key.bytes, key.size);
    return mutation;
}

/* A write or a delete that somebody asks for. */
typedef struct wish {
    boc_key_t key;
    uint64_t hash;
    boc__notice_t *notice; /* NULL: delete */
    bool may_wait;         /* else BOC_EBUSY if it is not its turn */
    bool waits;            /* written by `mutate`: it is in line, and `done` is called later */
    boc_notice_done_fn done;
    void *context;
} wish_t;

/* Under the mutex; a write takes the notice on BOC_OK.  BOC_EFULL too: it is over. */
static boc_status_t mutate_locked(wish_t *wish, rest_t *rest) {
    if (globals.is_closed)
        return BOC_ECLOSED;
    if (is_first(wish->key, wish->hash))
        return wish->notice != NULL ? put(wish->notice, rest) : erase(wish->key, wish->hash, rest);
    if (!wish->may_wait)
        return BOC_EBUSY;
    boc_update_t *mutation =
        new_mutation(wish->notice != NULL ? BOC_MUTATION_WRITE : BOC_MUTATION_DELETE, wish->key,
                     wish->hash, wish->done, wish->context);
    if (mutation == NULL)
        return BOC_ENOMEM;
    mutation->notice = wish->notice;
    boc__line_enter(mutation);
    wish->waits = true;
    return BOC_OK;
}

static boc_status_t mutate(wish_t *wish) {
    rest_t rest = {.over = NULL};
    boc__mutex_lock(&globals.mutex);
    boc_status_t status = mutate_locked(wish, &rest);
    unlock_and_settle(&rest);
    return status;
}

static boc_status_t write_value(wish_t *wish, boc_payload_t value) {
    if (!is_key(wish->key)) {
        boc_payload_drop(&value);
        return BOC_EINVALID;
    }
    wish->hash = boc__notice_hash(wish->key);
    wish->notice = boc__notice_new(wish->key, wish->hash, value);
    if (wish->notice == NULL)
        return BOC_ENOMEM;
    boc_status_t status = mutate(wish);
    if (status == BOC_EBUSY)
        wish->notice->value = (boc_payload_t){NULL, NULL}; /* stays the caller's */
    if (status != BOC_OK)
        boc__notice_unref(wish->notice);
    return status;
}

static boc_status_t delete_value(wish_t *wish) {
    if (!is_key(wish->key))
        return BOC_EINVALID;
    wish->hash = boc__notice_hash(wish->key);
    return mutate(wish);
}

/* What the caller of one that may wait hears. */
static boc_status_t answer(const wish_t *wish, boc_status_t status) {
    if (status != BOC_OK && status != BOC_EFULL)
        return status;
    if (!wish->waits && wish->done != NULL)
        wish->done(wish->context, status);
    return BOC_OK;
}

boc_status_t boc_notice_try_write(boc_key_t key, boc_payload_t value) {
    wish_t wish = {.key = key};
    return write_value(&wish, value);
}

boc_status_t boc_notice_try_delete(boc_key_t key) {
    wish_t wish = {.key = key};
    return delete_value(&wish);
}

boc_status_t boc_notice_write(boc_key_t key, boc_payload_t value, boc_notice_done_fn done,
                              void *context) {
    wish_t wish = {.key = key, .may_wait = true, .done = done, .context = context};
    return answer(&wish, write_value(&wish, value));
}

boc_status_t boc_notice_delete(boc_key_t key, boc_notice_done_fn done, void *context) {
    wish_t wish = {.key = key, .may_wait = true, .done = done, .context = context};
    return answer(&wish, delete_value(&wish));
}

/* -- updates -------------------------------------------------------------------------- */

boc_status_t boc_notice_update(boc_key_t key, boc_notice_run_fn run, boc_notice_done_fn done,
                               void *context) {
    assert(run != NULL);
    if (!is_key(key))
        return BOC_EINVALID;
    boc_update_t *update =
        new_mutation(BOC_MUTATION_UPDATE, key, boc__notice_hash(key), done, context);
    if (update == NULL)
        return BOC_ENOMEM;
    update->run = run;
    rest_t rest = {.over = NULL};
    boc__mutex_lock(&globals.mutex);
    bool is_closed = globals.is_closed;
    if (!is_closed) {
        boc__line_enter(update);
        if (update->waits_for == 0)
            begin_update(update, &rest);
    }
    unlock_and_settle(&rest);
    if (!is_closed)
        return BOC_OK;
    dispose(update);
    return BOC_ECLOSED;
}

const boc_payload_t *boc_update_value(const boc_update_t *update) {
    return update->notice != NULL ? &update->notice->value : NULL;
}

/* Under the mutex; `notice` is taken on BOC_OK. */
static boc_status_t apply(boc_update_t *update, boc_update_end_t how, boc__notice_t *notice,
                          rest_t *rest) {
    switch (how) {
    case BOC_UPDATE_WRITE:
        return notice != NULL ? put(notice, rest) : BOC_ENOMEM;
    case BOC_UPDATE_DELETE:
        return erase(boc__mutation_key(update), update->hash, rest);
    default:
        return BOC_OK;
    }
}

void boc_update_finish(boc_update_t *update, boc_update_end_t how, boc_payload_t value) {
    assert(update->kind == BOC_MUTATION_UPDATE && update->waits_for == 0);
    assert(how == BOC_UPDATE_WRITE || value.data == NULL);
    boc__notice_t *notice = NULL;
    if (how == BOC_UPDATE_WRITE)
        notice = boc__notice_new(boc__mutation_key(update), update->hash, value);
    rest_t rest = {.over = NULL};
    boc_status_t status = BOC_ECLOSED;
    boc__mutex_lock(&globals.mutex);
    if (update->is_dismissed) {
        end(update, status, &rest);
    } else {
        status = apply(update, how, notice, &rest);
        boc_update_t *made_way_for = boc__line_leave(update);
        end(update, status, &rest);
        give_turns(made_way_for, &rest);
    }
    unlock_and_settle(&rest);
    if (status != BOC_OK && notice != NULL)
        boc__notice_unref(notice);
}

/* -- waiting -------------------------------------------------------------------------- */

static int64_t slice_end(const boc_blocking_t *blocking, int64_t deadline_ns) {
    if (blocking == NULL || blocking->slice_ns == BOC_NO_TIMEOUT)
        return deadline_ns;
    int64_t end_ns = boc__clock_deadline_ns(blocking->slice_ns);
    return end_ns < deadline_ns ? end_ns : deadline_ns;
}

/* Sleep once; BOC_EBUSY: sleep again. */
static boc_status_t sleep_once(boc__parker_t *parker, int64_t deadline_ns,
                               const boc_blocking_t *blocking) {
    int64_t end_ns = slice_end(blocking, deadline_ns);
    if (blocking != NULL)
        blocking->before(blocking->context);
    boc_status_t status = boc__parker_park(parker, end_ns);
    boc_status_t after =
        blocking != NULL ? blocking->after(blocking->context, status == BOC_OK) : BOC_OK;
    if (status == BOC_OK)
        return BOC_OK;
    if (after != BOC_OK)
        return after;
    if (blocking != NULL && (status == BOC_EINTERRUPTED || end_ns != deadline_ns))
        return BOC_EBUSY;
    return status;
}

/* Stop waiting with `status`, unless the sleeper is woken at this moment. */
static boc_status_t give_up(boc__sleeper_t *sleeper, boc_status_t status) {
    boc__mutex_lock(&globals.mutex);
    bool is_forgotten = boc__line_forget_sleeper(sleeper);
    boc__mutex_unlock(&globals.mutex);
    if (is_forgotten)
        return status;
    while (boc__parker_park(&sleeper->parker, BOC_FOREVER) != BOC_OK)
        continue; /* its token, before the frame goes */
    return status == BOC_ETIMEOUT ? BOC_OK : status;
}

boc_status_t boc_notice_sync(int64_t timeout_ns, const boc_blocking_t *blocking) {
    int64_t deadline_ns = boc__clock_deadline_ns(timeout_ns);
    boc__sleeper_t sleeper;
    boc__parker_init(&sleeper.parker);
    boc__mutex_lock(&globals.mutex);
    boc_update_t *last = boc__line_last_of_producer(boc__thread_index());
    if (last != NULL) {
        sleeper.next = last->sleepers;
        last->sleepers = &sleeper;
    }
    boc__mutex_unlock(&globals.mutex);
    boc_status_t status = last != NULL ? BOC_EBUSY : BOC_OK;
    while (status == BOC_EBUSY)
        status = sleep_once(&sleeper.parker, deadline_ns, blocking);
    if (status != BOC_OK)
        status = give_up(&sleeper, status);
    boc__parker_deinit(&sleeper.parker);
    return status;
}

/* -- the board itself ----------------------------------------------------------------- */

static void trim(void) {
    boc__mutex_lock(&globals.mutex);
    boc__seats_trim();
    boc__mutex_unlock(&globals.mutex);
}

void boc_notice_close(void) {
    rest_t rest = {.over = NULL};
    boc__mutex_lock(&globals.mutex);
    globals.is_closed = true;
    boc_update_t *waiting = boc__line_dismiss();
    while (waiting != NULL) {
        boc_update_t *next = waiting->next;
        end(waiting, BOC_ECLOSED, &rest);
        waiting = next;
    }
    rest.buried = boc__snapshot_publish_empty();
    if (rest.buried != NULL)
        rest.buried->next = NULL;
    unlock_and_settle(&rest);
    trim();
}

void boc_notice_open(void) {
    boc__mutex_lock(&globals.mutex);
    globals.is_closed = false;
    boc__mutex_unlock(&globals.mutex);
}

void boc_notice_forget_all(void) {
    boc__mutex_init(&globals.mutex); /* its owner may be a thread that does not exist here */
    boc_notice_close();
    boc_notice_open();
}
