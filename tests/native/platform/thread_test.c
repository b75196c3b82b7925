/* thread_test.c - threads, their numbers and exit hooks, the mutex. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pthread_getname_np */
#endif

#include "boc_test.h"

#include "platform/atomic.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#define THREAD_COUNT 6
#define ROUND_COUNT 5000

static void start(boc__thread_t *thread, boc__thread_fn run, void *context) {
    CHECK(boc__thread_start(thread, run, context, "test") == BOC_OK);
}

static void add_one(void *context) { *(int *)context += 1; }

BOC_TEST(join_makes_the_threads_writes_visible) {
    int value = 41;
    boc__thread_t thread;
    start(&thread, add_one, &value);
    boc__thread_join(&thread);
    CHECK_EQ(value, 42);
}

#if defined(__linux__)
/* What CPython reads when it warns of a fork beside other threads. */
static long count_threads(void) {
    long count = 0;
    FILE *file = fopen("/proc/self/stat", "r");
    CHECK(file != NULL);
    CHECK(fscanf(file,
                 "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
                 "%*d %*d %ld",
                 &count) == 1);
    CHECK(fclose(file) == 0);
    return count;
}

static void do_nothing(void *context) { (void)context; }

BOC_TEST(joined_thread_is_gone_for_the_kernel_too) {
    long before = 0;
    for (int round = 0; round < ROUND_COUNT; round++) {
        boc__thread_t thread;
        start(&thread, do_nothing, NULL);
        boc__thread_join(&thread);
        if (round == 0)
            before = count_threads(); /* a sanitizer starts one of its own with the first */
        CHECK_EQ(count_threads(), before);
    }
}

static void read_own_name(void *context) {
    CHECK(pthread_getname_np(pthread_self(), context, BOC_THREAD_NAME_BYTES) == 0);
}

BOC_TEST(long_thread_name_is_cut_to_fifteen_bytes) {
    char name[BOC_THREAD_NAME_BYTES] = "";
    boc__thread_t thread;
    CHECK(boc__thread_start(&thread, read_own_name, name, "a name longer than allowed") == BOC_OK);
    boc__thread_join(&thread);
    CHECK(strcmp(name, "a name longer t") == 0);
}

BOC_TEST(missing_thread_name_keeps_the_inherited_one) {
    char name[BOC_THREAD_NAME_BYTES] = "";
    boc__thread_t thread;
    CHECK(boc__thread_start(&thread, read_own_name, name, NULL) == BOC_OK);
    boc__thread_join(&thread);
    CHECK(name[0] != '\0');
}

static void read_stack_bytes(void *context) {
    pthread_attr_t attributes;
    CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
    CHECK(pthread_attr_getstacksize(&attributes, context) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
}

BOC_TEST(thread_stack_has_room_for_an_interpreter) {
    size_t stack_bytes = 0;
    boc__thread_t thread;
    start(&thread, read_stack_bytes, &stack_bytes);
    boc__thread_join(&thread);
    CHECK(stack_bytes >= (size_t)8 << 20);
}
#endif

#if defined(__linux__) && !defined(IS_SANITIZED)
static void sleep_forever(void *context) {
    (void)context;
    for (;;)
        (void)pause();
}

/* Method: a child that may not map another stack starts threads until one is
 * refused; the first may still find the stack of a thread that ended. */
static boc_status_t start_until_refused(void) {
    static boc__thread_t threads[THREAD_COUNT];
    boc_status_t status = BOC_OK;
    for (int i = 0; i < THREAD_COUNT && status == BOC_OK; i++)
        status = boc__thread_start(&threads[i], sleep_forever, NULL, "refused");
    return status;
}

BOC_TEST(start_when_the_system_refuses_returns_an_error) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
        if (setrlimit(RLIMIT_AS, &limit) != 0)
            _exit(2);
        _exit(start_until_refused() == BOC_ETHREAD ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}
#endif

typedef struct crowd {
    _Atomic(unsigned) arrived;
    unsigned indexes[THREAD_COUNT];
} crowd_t;

static void take_index_and_meet(void *context) {
    crowd_t *crowd = context;
    unsigned index = boc__thread_index();
    CHECK_EQ(boc__thread_index(), index);
    /* seq_cst: the test is about numbers, not about orders. */
    unsigned place = atomic_fetch_add(&crowd->arrived, 1);
    crowd->indexes[place] = index;
    BOC_SPIN_UNTIL(atomic_load(&crowd->arrived) == THREAD_COUNT);
}

/* Goal: live threads have different numbers, and the smallest free ones.
 * Method: all of them are alive until the last has its number; twice, to see reuse. */
BOC_TEST(live_threads_have_the_smallest_different_indexes) {
    unsigned own = boc__thread_index();
    for (int round = 0; round < 2; round++) {
        crowd_t crowd = {.arrived = 0};
        boc__thread_t threads[THREAD_COUNT];
        bool seen[THREAD_COUNT + 1] = {false};
        for (int i = 0; i < THREAD_COUNT; i++)
            start(&threads[i], take_index_and_meet, &crowd);
        for (int i = 0; i < THREAD_COUNT; i++)
            boc__thread_join(&threads[i]);
        seen[own] = true;
        for (int i = 0; i < THREAD_COUNT; i++) {
            CHECK(crowd.indexes[i] <= THREAD_COUNT);
            CHECK(!seen[crowd.indexes[i]]);
            seen[crowd.indexes[i]] = true;
        }
    }
}

typedef struct exits {
    int order[2 * BOC_THREAD_EXITS_MAX];
    int count;
    unsigned index;
    boc_status_t overflow;
} exits_t;

typedef struct exit_note {
    exits_t *exits;
    int number;
} exit_note_t;

static exit_note_t notes[BOC_THREAD_EXITS_MAX + 1];

static void note_exit(void *context) {
    exit_note_t *note = context;
    note->exits->order[note->exits->count++] = note->number;
    CHECK_EQ(boc__thread_index(), note->exits->index); /* still its own */
}

static void register_all(void *context) {
    exits_t *exits = context;
    exits->index = boc__thread_index();
    for (int i = 0; i < BOC_THREAD_EXITS_MAX; i++) {
        notes[i] = (exit_note_t){.exits = exits, .number = i};
        CHECK(boc__thread_at_exit(note_exit, &notes[i]) == BOC_OK);
    }
    exits->overflow = boc__thread_at_exit(note_exit, &notes[0]);
    CHECK_EQ(exits->count, 0);
}

BOC_TEST(exit_hooks_run_in_reverse_order) {
    exits_t exits = {.count = 0};
    boc__thread_t thread;
    start(&thread, register_all, &exits);
    boc__thread_join(&thread);
    CHECK_EQ(exits.count, BOC_THREAD_EXITS_MAX);
    for (int i = 0; i < BOC_THREAD_EXITS_MAX; i++)
        CHECK_EQ(exits.order[i], BOC_THREAD_EXITS_MAX - 1 - i);
}

BOC_TEST(one_exit_hook_too_many_is_refused) {
    exits_t exits = {.count = 0};
    boc__thread_t thread;
    start(&thread, register_all, &exits);
    boc__thread_join(&thread);
    CHECK(exits.overflow == BOC_ENOMEM);
}

static void hook_again(void *context) {
    exit_note_t *note = context;
    note_exit(note);
    if (note->number-- > 0)
        CHECK(boc__thread_at_exit(hook_again, note) == BOC_OK);
}

static void register_chain(void *context) {
    exits_t *exits = context;
    exits->index = boc__thread_index();
    notes[0] = (exit_note_t){.exits = exits, .number = 3};
    CHECK(boc__thread_at_exit(hook_again, &notes[0]) == BOC_OK);
}

BOC_TEST(exit_hook_may_register_another) {
    exits_t exits = {.count = 0};
    boc__thread_t thread;
    start(&thread, register_chain, &exits);
    boc__thread_join(&thread);
    CHECK_EQ(exits.count, 4);
}

static void *foreign_main(void *context) {
    register_all(context);
    return NULL;
}

/* Goal: threads that we did not start are served too. */
BOC_TEST(foreign_thread_runs_its_exit_hooks) {
    exits_t exits = {.count = 0};
    pthread_t foreign;
    CHECK(pthread_create(&foreign, NULL, foreign_main, &exits) == 0);
    CHECK(pthread_join(foreign, NULL) == 0);
    CHECK_EQ(exits.count, BOC_THREAD_EXITS_MAX);

    exits_t next = {.count = 0};
    CHECK(pthread_create(&foreign, NULL, foreign_main, &next) == 0);
    CHECK(pthread_join(foreign, NULL) == 0);
    CHECK_EQ(next.index, exits.index); /* given back, and the smallest free */
}

typedef struct tally {
    boc__mutex_t mutex;
    long count; /* guarded by mutex */
} tally_t;

static void count_up(void *context) {
    tally_t *tally = context;
    for (int i = 0; i < ROUND_COUNT; i++) {
        boc__mutex_lock(&tally->mutex);
        tally->count++;
        boc__mutex_unlock(&tally->mutex);
    }
}

static void count_with_all(tally_t *tally) {
    boc__thread_t threads[THREAD_COUNT];
    for (int i = 0; i < THREAD_COUNT; i++)
        start(&threads[i], count_up, tally);
    for (int i = 0; i < THREAD_COUNT; i++)
        boc__thread_join(&threads[i]);
    CHECK_EQ(tally->count, (long)THREAD_COUNT * ROUND_COUNT);
}

BOC_TEST(mutex_lets_one_thread_in) {
    tally_t tally = {.count = 0};
    boc__mutex_init(&tally.mutex);
    count_with_all(&tally);
    boc__mutex_deinit(&tally.mutex);
}

BOC_TEST(static_mutex_needs_no_init) {
    static tally_t tally = {.mutex = BOC_MUTEX_INITIALIZER};
    count_with_all(&tally);
}

typedef struct handoff {
    _Atomic(int) turn;
} handoff_t;

static void take_turns(void *context) {
    handoff_t *handoff = context;
    for (int i = 0; i < ROUND_COUNT; i++) {
        BOC_SPIN_UNTIL(atomic_load(&handoff->turn) == 1);
        atomic_store(&handoff->turn, 0);
    }
}

/* Goal: a spin ends although its partner may need this CPU. */
BOC_TEST(spinning_threads_take_turns) {
    handoff_t handoff = {.turn = 0};
    boc__thread_t thread;
    start(&thread, take_turns, &handoff);
    for (int i = 0; i < ROUND_COUNT; i++) {
        BOC_SPIN_UNTIL(atomic_load(&handoff.turn) == 0);
        atomic_store(&handoff.turn, 1);
    }
    boc__thread_join(&thread);
    CHECK_EQ(atomic_load(&handoff.turn), 0);
}

BOC_TEST(spin_wait_returns_at_every_stage) {
    for (unsigned looks = 0; looks < 4096; looks++)
        boc__spin_wait(looks);
}
