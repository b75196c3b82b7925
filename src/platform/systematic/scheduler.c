/* scheduler.c - chooses, by the seed, which thread of a run goes on.
 *
 * A thread passes a random number of scheduling points (its budget) before a
 * choice is made.  How large budgets are differs between threads and seeds, so
 * that long undisturbed stretches and switches at every point both come up.
 *
 * In half of the runs a thread is stalled now and then: it stands still for up to
 * STALL_CHOICES_MAX choices, as if it had been preempted at the worst moment, unless
 * nobody else can go on.  Some faults need the others to do much meanwhile.
 *
 * A spinning thread can go on once another thread has passed a point since it began to
 * look (`progress`): a look is not progress, nor are points within it to the thread that
 * looks, so threads that only spin for each other are found out.
 *
 * Virtual time moves a little with every point.  A timeout expires by chance, if
 * it is not far off, and otherwise when nobody could go on without it.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pthread_attr_setaffinity_np, sched_getcpu */
#endif

#include "platform/systematic/scheduler.h"

#include "platform/clock.h"
#include "platform/systematic/systematic.h"
#include "platform/systematic/trace.h"
#include "platform/yield.h"

#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE_COUNT_MAX 1024u
#define STEP_LIMIT_DEFAULT UINT64_C(10000000)
#define BUDGET_BITS_MAX 7u
#define TIME_START_NS INT64_C(1000000000)
#define TIME_STEP_NS 100
#define STALL_CHOICES_MAX 400u
/* Timeouts that are longer expire only when nothing else can happen. */
#define TIME_CHANCE_NS_MAX INT64_C(1000000000)

static struct {
    uint64_t seed;
    uint64_t random;
    uint64_t scramble_key;
    uint64_t step_limit;
    uint64_t progress;
    int64_t now_ns;
    unsigned budget_bits;       /* of this run; at most BUDGET_BITS_MAX */
    unsigned timeout_one_in;    /* choices at which a timeout may expire */
    unsigned stall_one_in;      /* choices at which a thread is stalled; 0: never */
    unsigned stall_left;        /* choices until `stalled` may go on */
    boc__sys_thread_t *stalled; /* or NULL */
    boc__sys_thread_t *threads; /* not yet joined */
    unsigned live_count;
    unsigned next_id;
    bool is_running;
    bool is_reported;
    boc__baton_t done; /* given by the last thread of a run */
    int cpu;           /* where the threads of this run take turns, or -1 */
    uint64_t indexes[LIVE_COUNT_MAX / 64];
} globals = {.step_limit = STEP_LIMIT_DEFAULT, .now_ns = TIME_START_NS};

static _Thread_local boc__sys_thread_t *tl_self;

boc__sys_thread_t *boc__sys_self(void) { return tl_self; }

/* -- Random numbers ----------------------------------------------------------- */

static uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static uint64_t draw(void) {
    globals.random += UINT64_C(0x9E3779B97F4A7C15);
    return mix(globals.random);
}

/* The bias is below 2^-32 for the small bounds of a scheduler. */
static uint64_t draw_below(uint64_t below) {
    assert(below > 0);
    return below <= UINT32_MAX ? ((draw() >> 32) * below) >> 32 : draw() % below;
}

uint64_t boc__sys_random(uint64_t below) { return tl_self == NULL ? 0 : draw_below(below); }

bool boc__sys_coin(uint64_t one_in) { return tl_self != NULL && draw_below(one_in) == 0; }

/* Each step can be undone, so no two ids meet. */
uint64_t boc__sys_scramble(uint64_t id) {
    return tl_self == NULL ? id : mix(id ^ globals.scramble_key);
}

/* -- Reports ------------------------------------------------------------------ */

static const boc__sys_thread_t *thread_of_id(unsigned id) {
    for (const boc__sys_thread_t *thread = globals.threads; thread != NULL; thread = thread->next)
        if (thread->id == id)
            return thread;
    return NULL;
}

static void say_thread(const boc__sys_thread_t *thread) {
    boc__trace_say("    thread %u '%s' at %s:%d ", thread->id, thread->name,
                   boc__trace_basename(thread->file), thread->line);
    switch (thread->state) {
    case BOC_SYS_READY:
        boc__trace_say("can go on");
        break;
    case BOC_SYS_SPINNING:
        boc__trace_say("spins until another thread does something");
        break;
    case BOC_SYS_LOCKING: {
        const boc__mutex_t *mutex = thread->object;
        const boc__sys_thread_t *owner = thread_of_id(mutex->owner_id);
        boc__trace_say("waits for a mutex that thread %u '%s' locked at %s:%d", mutex->owner_id,
                       owner == NULL ? "(joined)" : owner->name, boc__trace_basename(mutex->file),
                       mutex->line);
        break;
    }
    case BOC_SYS_PARKED:
        boc__trace_say("is parked%s",
                       thread->deadline_ns == BOC_FOREVER ? " without a deadline" : "");
        break;
    case BOC_SYS_SLEEPING:
        boc__trace_say("sleeps");
        break;
    case BOC_SYS_JOINING: {
        const boc__sys_thread_t *target = thread->object;
        boc__trace_say("waits for the end of thread %u '%s'", target->id, target->name);
        break;
    }
    case BOC_SYS_ENDED:
        boc__trace_say("has ended");
        break;
    }
    boc__trace_say("\n");
}

static void report(const char *what) {
    if (globals.is_reported)
        return;
    globals.is_reported = true;
    boc__trace_say("boc: systematic run, seed %llu, step %llu: %s\n"
                   "  (BOC_SYS_SEED=%llu repeats it)\n",
                   (unsigned long long)globals.seed, (unsigned long long)boc__trace_count(), what,
                   (unsigned long long)globals.seed);
    for (const boc__sys_thread_t *thread = globals.threads; thread != NULL; thread = thread->next)
        say_thread(thread);
    boc__trace_print();
}

_Noreturn void boc__sys_fail(const char *what) {
    if (globals.is_running)
        report(what);
    else
        boc__trace_say("boc: systematic build, outside of a run: %s\n", what);
    abort();
}

static const struct {
    int signal;
    const char *what;
} deaths[] = {
    {SIGABRT, "aborted"},         {SIGSEGV, "crashed (SIGSEGV)"}, {SIGBUS, "crashed (SIGBUS)"},
    {SIGILL, "crashed (SIGILL)"}, {SIGFPE, "crashed (SIGFPE)"},
};
#define DEATH_COUNT (sizeof deaths / sizeof deaths[0])

static struct sigaction old_actions[DEATH_COUNT];

/* The action is back at its default when this returns, and the process dies of it. */
static void on_death(int signal) {
    for (size_t i = 0; i < DEATH_COUNT; i++)
        if (deaths[i].signal == signal)
            report(deaths[i].what);
}

/* Sanitizers and tests with handlers of their own keep them. */
static void catch_deaths(void) {
    for (size_t i = 0; i < DEATH_COUNT; i++) {
        (void)sigaction(deaths[i].signal, NULL, &old_actions[i]);
        if ((old_actions[i].sa_flags & SA_SIGINFO) != 0 || old_actions[i].sa_handler != SIG_DFL)
            continue;
        struct sigaction action = {.sa_handler = on_death, .sa_flags = (int)SA_RESETHAND};
        (void)sigaction(deaths[i].signal, &action, NULL);
    }
}

static void release_deaths(void) {
    for (size_t i = 0; i < DEATH_COUNT; i++)
        (void)sigaction(deaths[i].signal, &old_actions[i], NULL);
}

/* -- The choice --------------------------------------------------------------- */

static uint64_t progress_of_others(const boc__sys_thread_t *thread) {
    return globals.progress - thread->steps;
}

static bool can_go_on(const boc__sys_thread_t *thread) {
    switch (thread->state) {
    case BOC_SYS_READY:
        return true;
    case BOC_SYS_SPINNING:
        return thread->looked_at_clock || thread->progress_seen != progress_of_others(thread);
    case BOC_SYS_LOCKING:
        return !((const boc__mutex_t *)thread->object)->is_locked;
    case BOC_SYS_PARKED:
        return ((const boc__parker_t *)thread->object)->has_token ||
               globals.now_ns >= thread->deadline_ns;
    case BOC_SYS_SLEEPING:
        return globals.now_ns >= thread->deadline_ns;
    case BOC_SYS_JOINING:
        return ((const boc__sys_thread_t *)thread->object)->state == BOC_SYS_ENDED;
    case BOC_SYS_ENDED:
        break;
    }
    return false;
}

static bool has_deadline(const boc__sys_thread_t *thread) {
    return (thread->state == BOC_SYS_PARKED || thread->state == BOC_SYS_SLEEPING) &&
           thread->deadline_ns != BOC_FOREVER;
}

/* The earliest deadline of a thread that still waits for it, or BOC_FOREVER. */
static int64_t earliest_deadline_ns(void) {
    int64_t earliest_ns = BOC_FOREVER;
    for (const boc__sys_thread_t *thread = globals.threads; thread != NULL; thread = thread->next)
        if (has_deadline(thread) && !can_go_on(thread) && thread->deadline_ns < earliest_ns)
            earliest_ns = thread->deadline_ns;
    return earliest_ns;
}

static bool is_candidate(const boc__sys_thread_t *thread) {
    return thread != globals.stalled && can_go_on(thread);
}

static unsigned count_runnable(void) {
    unsigned count = 0;
    for (const boc__sys_thread_t *thread = globals.threads; thread != NULL; thread = thread->next)
        count += is_candidate(thread);
    return count;
}

/* `self` has come to a choice. */
static void stall_or_not(boc__sys_thread_t *self) {
    if (globals.stalled != NULL) {
        if (globals.stall_left-- == 0)
            globals.stalled = NULL;
    } else if (globals.stall_one_in > 0 && draw_below(globals.stall_one_in) == 0) {
        globals.stalled = self;
        globals.stall_left = (unsigned)draw_below(STALL_CHOICES_MAX);
    }
}

static boc__sys_thread_t *choose(void) {
    if (draw_below(globals.timeout_one_in) == 0) {
        int64_t earliest_ns = earliest_deadline_ns();
        if (earliest_ns != BOC_FOREVER && earliest_ns - globals.now_ns <= TIME_CHANCE_NS_MAX)
            globals.now_ns = earliest_ns;
    }
    unsigned count = count_runnable();
    if (count == 0 && globals.stalled != NULL) {
        globals.stalled = NULL;
        count = count_runnable();
    }
    if (count == 0) {
        int64_t earliest_ns = earliest_deadline_ns();
        if (earliest_ns == BOC_FOREVER)
            boc__sys_fail("deadlock: no thread can go on");
        globals.now_ns = earliest_ns;
        count = count_runnable();
    }
    uint64_t left = draw_below(count);
    boc__sys_thread_t *thread = globals.threads;
    while (!is_candidate(thread) || left-- > 0)
        thread = thread->next;
    thread->budget = (unsigned)draw() & thread->budget_mask;
    return thread;
}

static void hand_over(boc__sys_thread_t *self) {
    stall_or_not(self);
    boc__sys_thread_t *chosen = choose();
    if (chosen == self)
        return;
    boc__baton_give(&chosen->turn);
    boc__baton_take(&self->turn);
}

static void count_step(const boc__sys_thread_t *self) {
    boc__trace_add(self->id, self->file, self->line);
    globals.now_ns += TIME_STEP_NS;
    if (boc__trace_count() > globals.step_limit)
        boc__sys_fail("livelock: too many steps");
}

void boc__sys_here(const char *file, int line) {
    if (tl_self != NULL) {
        tl_self->file = file;
        tl_self->line = line;
    }
}

void boc__sys_step(boc__sys_thread_t *self, bool is_forced) {
    globals.progress++;
    self->steps++;
    count_step(self);
    if (self->budget > 0 && !is_forced)
        self->budget--;
    else
        hand_over(self);
}

void boc__sys_block(boc__sys_thread_t *self, boc__sys_state_t state, const void *object,
                    int64_t deadline_ns) {
    self->state = state;
    self->object = object;
    self->deadline_ns = deadline_ns;
    hand_over(self);
    self->state = BOC_SYS_READY;
    self->object = NULL;
}

void boc__sys_yield_at(const char *file, int line) {
    if (tl_self == NULL)
        return;
    boc__sys_here(file, line);
    boc__sys_step(tl_self, false);
}

void boc__sys_look(void) {
    if (tl_self != NULL)
        tl_self->progress_seen = progress_of_others(tl_self);
}

void boc__sys_spin_at(const char *file, int line) {
    if (tl_self == NULL)
        boc__sys_fail("a spin that no other thread can end");
    boc__sys_here(file, line);
    count_step(tl_self);
    boc__sys_block(tl_self, BOC_SYS_SPINNING, NULL, BOC_FOREVER);
    tl_self->looked_at_clock = false;
}

int64_t boc__sys_now_ns(void) {
    if (tl_self != NULL) {
        tl_self->looked_at_clock = true;
        boc__sys_step(tl_self, false);
    }
    return globals.now_ns;
}

void boc__sys_sleep_until(int64_t deadline_ns) {
    if (tl_self != NULL)
        boc__sys_block(tl_self, BOC_SYS_SLEEPING, NULL, deadline_ns);
    else if (deadline_ns > globals.now_ns)
        globals.now_ns = deadline_ns;
}

/* -- Threads ------------------------------------------------------------------ */

/* The smallest free number, or LIVE_COUNT_MAX. */
static unsigned take_index(void) {
    for (unsigned word = 0; word < LIVE_COUNT_MAX / 64; word++)
        if (globals.indexes[word] != UINT64_MAX) {
            unsigned bit = (unsigned)__builtin_ctzll(~globals.indexes[word]);
            globals.indexes[word] |= UINT64_C(1) << bit;
            return word * 64 + bit;
        }
    return LIVE_COUNT_MAX;
}

static void give_index(unsigned index) {
    globals.indexes[index / 64] &= ~(UINT64_C(1) << (index % 64));
}

static void *thread_main(void *argument) {
    boc__sys_thread_t *self = argument;
    boc__baton_take(&self->turn);
    tl_self = self;
    self->run(self->context);
    while (self->exit_count > 0) {
        boc__sys_exit_t last = self->exits[--self->exit_count];
        last.run(last.context);
    }
    give_index(self->index);
    self->state = BOC_SYS_ENDED;
    globals.progress++;
    tl_self = NULL;
    /* Nothing of `self` or `globals` is ours once the next thread runs. */
    boc__baton_give(--globals.live_count == 0 ? &globals.done : &choose()->turn);
    return NULL;
}

static void append(boc__sys_thread_t *thread) {
    boc__sys_thread_t **link = &globals.threads;
    while (*link != NULL)
        link = &(*link)->next;
    *link = thread;
}

/* Threads that never run at once hand over several times faster on one CPU. */
static int start_thread(boc__sys_thread_t *thread) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
#if defined(__linux__)
    if (globals.cpu >= 0 && globals.cpu < CPU_SETSIZE) {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        CPU_SET((size_t)globals.cpu, &mask);
        (void)pthread_attr_setaffinity_np(&attributes, sizeof mask, &mask);
    }
#endif
    error = pthread_create(&thread->handle, &attributes, thread_main, thread);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

boc__sys_thread_t *boc__sys_thread_new(boc__thread_fn run, void *context, const char *name) {
    boc__sys_thread_t *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return NULL;
    thread->index = take_index();
    if (thread->index == LIVE_COUNT_MAX) {
        free(thread);
        return NULL;
    }
    thread->id = globals.next_id;
    thread->run = run;
    thread->context = context;
    (void)snprintf(thread->name, sizeof thread->name, "%s", name == NULL ? "" : name);
    thread->file = "(begin)";
    thread->budget_mask = (1u << draw_below(globals.budget_bits + 1)) - 1;
    boc__baton_init(&thread->turn);
    if (start_thread(thread) != 0) {
        boc__baton_deinit(&thread->turn);
        give_index(thread->index);
        free(thread);
        return NULL;
    }
    globals.next_id++;
    globals.live_count++;
    append(thread);
    return thread;
}

void boc__sys_thread_free(boc__sys_thread_t *thread) {
    assert(thread->state == BOC_SYS_ENDED);
    boc__sys_thread_t **link = &globals.threads;
    while (*link != thread)
        link = &(*link)->next;
    *link = thread->next;
    (void)pthread_join(thread->handle, NULL);
    boc__baton_deinit(&thread->turn);
    free(thread);
}

/* -- Runs --------------------------------------------------------------------- */

static void reset(uint64_t seed) {
    globals.seed = seed;
    globals.random = mix(seed + 1);
    globals.scramble_key = draw();
    globals.progress = 0;
    globals.now_ns = TIME_START_NS;
    globals.budget_bits = (unsigned)draw_below(BUDGET_BITS_MAX + 1);
    globals.timeout_one_in = 1u << (2 * draw_below(5)); /* 1 to 256 */
    globals.stall_one_in = draw_below(2) == 0 ? 0 : 8u << draw_below(5);
    globals.stalled = NULL;
#if defined(__linux__)
    globals.cpu = sched_getcpu();
#else
    globals.cpu = -1;
#endif
    globals.next_id = 0;
    globals.is_reported = false;
    boc__trace_reset();
}

void boc__sys_run(uint64_t seed, void (*body)(void *context), void *context) {
    assert(!globals.is_running && tl_self == NULL);
    reset(seed);
    globals.is_running = true;
    catch_deaths();
    boc__baton_init(&globals.done);
    boc__sys_thread_t *first = boc__sys_thread_new(body, context, "main");
    if (first == NULL)
        boc__sys_fail("cannot start a thread");
    boc__baton_give(&first->turn);
    boc__baton_take(&globals.done);
    while (globals.threads != NULL)
        boc__sys_thread_free(globals.threads);
    boc__baton_deinit(&globals.done);
    release_deaths();
    globals.is_running = false;
}

void boc__sys_step_limit(uint64_t steps) {
    globals.step_limit = steps == 0 ? STEP_LIMIT_DEFAULT : steps;
}

uint64_t boc__sys_step_count(void) { return boc__trace_count(); }

uint64_t boc__sys_trace_hash(void) { return boc__trace_hash(); }
