/* systematic_test.c - the seeded scheduler: it repeats, it finds, it reports. */
#include "boc_test.h"

#include "platform/clock.h"
#include "platform/cpu.h"
#include "platform/systematic/systematic.h"
#include "platform/thread.h"
#include "platform/yield.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEED_COUNT 200u
#define HOUR_NS (INT64_C(3600) * 1000000000)
#define US_NS INT64_C(1000)

static void start(boc__thread_t *thread, boc__thread_fn run, void *context, const char *name) {
    CHECK(boc__thread_start(thread, run, context, name) == BOC_OK);
}

static void run_beside(boc__thread_fn run, void *context, unsigned count) {
    boc__thread_t threads[8];
    CHECK(count <= 8);
    for (unsigned i = 0; i < count; i++)
        start(&threads[i], run, context, "beside");
    for (unsigned i = 0; i < count; i++)
        boc__thread_join(&threads[i]);
}

/* -- What a dying run says --------------------------------------------------- */

typedef struct death {
    int status;
    char text[32768]; /* its stderr */
} death_t;

/* Run `body` in a child process and keep what it writes to stderr. */
static death_t watch(void (*body)(void *context), void *context) {
    static death_t death;
    int ends[2];
    CHECK(fflush(NULL) == 0);
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct rlimit no_core = {.rlim_cur = 0, .rlim_max = 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        if (dup2(ends[1], STDERR_FILENO) < 0)
            _exit(3);
        body(context);
        _exit(0);
    }
    CHECK(close(ends[1]) == 0);
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], death.text + length, sizeof death.text - 1 - length)) > 0)
        length += (size_t)got;
    death.text[length] = '\0';
    CHECK(close(ends[0]) == 0);
    CHECK(waitpid(child, &death.status, 0) == child);
    return death;
}

static bool is_aborted(const death_t *death) {
    return WIFSIGNALED(death->status) && WTERMSIG(death->status) == SIGABRT;
}

static bool says(const death_t *death, const char *part) {
    return strstr(death->text, part) != NULL;
}

#define CHECK_DIES(death, part)                                                                    \
    do {                                                                                           \
        if (!is_aborted(death) || !says(death, part)) {                                            \
            fprintf(stderr, "expected an abort that says \"%s\"; status %d:\n%s", part,            \
                    (death)->status, (death)->text);                                               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A toy with a bug, run under many seeds until one shows it. */
typedef struct toy {
    void (*body)(void *context);
    uint64_t first_seed;
    uint64_t count;
} toy_t;

static void try_seeds(void *context) {
    const toy_t *toy = context;
    for (uint64_t i = 0; i < toy->count; i++)
        boc__sys_run(toy->first_seed + i, toy->body, NULL);
}

static death_t hunt(void (*body)(void *context)) {
    return watch(try_seeds, &(toy_t){.body = body, .first_seed = 1, .count = SEED_COUNT});
}

static uint64_t seed_in(const death_t *death) {
    const char *mark = "BOC_SYS_SEED=";
    const char *seed = strstr(death->text, mark);
    CHECK(seed != NULL);
    return strtoull(seed + strlen(mark), NULL, 10);
}

/* -- Replay ------------------------------------------------------------------- */

typedef struct race {
    unsigned order[96]; /* which thread came when */
    unsigned count;
    boc__mutex_t mutex;
} race_t;

static void run_race(void *context) {
    race_t *race = context;
    for (int i = 0; i < 24; i++) {
        BOC_YIELD();
        boc__mutex_lock(&race->mutex);
        race->order[race->count++] = boc__thread_index();
        boc__mutex_unlock(&race->mutex);
        if (boc__sys_coin(3))
            boc__thread_yield();
    }
}

static void race_body(void *context) {
    race_t *race = context;
    race->count = 0;
    boc__mutex_init(&race->mutex);
    run_beside(run_race, race, 4);
    boc__mutex_deinit(&race->mutex);
}

BOC_TEST(same_seed_repeats_the_run) {
    for (uint64_t seed = 0; seed < 20; seed++) {
        race_t first, second;
        boc__sys_run(seed, race_body, &first);
        uint64_t hash = boc__sys_trace_hash(), steps = boc__sys_step_count();
        boc__sys_run(seed, race_body, &second);
        CHECK(hash == boc__sys_trace_hash());
        CHECK_EQ(steps, boc__sys_step_count());
        CHECK_EQ(first.count, 96);
        CHECK(memcmp(first.order, second.order, sizeof first.order) == 0);
    }
}

BOC_TEST(other_seeds_take_other_ways) {
    race_t race;
    uint64_t hashes[50];
    for (unsigned seed = 0; seed < 50; seed++) {
        boc__sys_run(seed, race_body, &race);
        hashes[seed] = boc__sys_trace_hash();
        for (unsigned other = 0; other < seed; other++)
            CHECK(hashes[seed] != hashes[other]);
    }
}

/* -- Bugs that must be found -------------------------------------------------- */

typedef struct tally {
    boc__mutex_t mutex;
    bool is_guarded;
    int count;
} tally_t;

static void count_up(void *context) {
    tally_t *tally = context;
    for (int i = 0; i < 3; i++) {
        if (tally->is_guarded)
            boc__mutex_lock(&tally->mutex);
        int seen = tally->count;
        BOC_YIELD();
        tally->count = seen + 1;
        if (tally->is_guarded)
            boc__mutex_unlock(&tally->mutex);
    }
}

static void tally_body(void *context) {
    tally_t *tally = context;
    tally->count = 0;
    boc__mutex_init(&tally->mutex);
    run_beside(count_up, tally, 3);
}

BOC_TEST(lost_update_is_found) {
    tally_t tally = {.is_guarded = false};
    unsigned lost = 0, kept = 0;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        boc__sys_run(seed, tally_body, &tally);
        CHECK(tally.count >= 1 && tally.count <= 9);
        lost += tally.count < 9;
        kept += tally.count == 9;
    }
    CHECK(lost > SEED_COUNT / 10 && kept > SEED_COUNT / 10);
}

BOC_TEST(mutex_lets_one_thread_in) {
    tally_t tally = {.is_guarded = true};
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        boc__sys_run(seed, tally_body, &tally);
        CHECK_EQ(tally.count, 9);
    }
}

/* A sleeper that looks for work and only then says that it sleeps: the work that
 * comes in between wakes nobody. */
typedef struct bed {
    bool has_work;
    bool is_asleep;
    bool is_correct; /* looks again after saying so */
    boc__parker_t parker;
} bed_t;

static void sleep_until_work(void *context) {
    bed_t *bed = context;
    BOC_YIELD();
    while (!bed->has_work) {
        BOC_YIELD();
        bed->is_asleep = true;
        BOC_YIELD();
        if (bed->is_correct && bed->has_work)
            break;
        CHECK(boc__parker_park(&bed->parker, BOC_FOREVER) == BOC_OK);
    }
}

static void bring_work(bed_t *bed) {
    BOC_YIELD();
    bed->has_work = true;
    BOC_YIELD();
    if (bed->is_asleep)
        boc__parker_wake(&bed->parker);
}

static void sleep_and_wake(bool is_correct) {
    bed_t bed = {.is_correct = is_correct};
    boc__thread_t sleeper;
    boc__parker_init(&bed.parker);
    start(&sleeper, sleep_until_work, &bed, "sleeper");
    bring_work(&bed);
    boc__thread_join(&sleeper);
    boc__parker_deinit(&bed.parker);
}

static void lost_wake_body(void *context) {
    (void)context;
    sleep_and_wake(false);
}

static void kept_wake_body(void *context) {
    (void)context;
    sleep_and_wake(true);
}

BOC_TEST(lost_wake_is_found_and_reported) {
    death_t death = hunt(lost_wake_body);
    CHECK_DIES(&death, "deadlock: no thread can go on");
    CHECK_DIES(&death, "thread 0 'main' at systematic_test.c:");
    CHECK_DIES(&death, " waits for the end of thread 1 'sleeper'\n");
    CHECK_DIES(&death, "thread 1 'sleeper' at systematic_test.c:");
    CHECK_DIES(&death, " is parked without a deadline\n");
    CHECK_DIES(&death, "last steps");
}

BOC_TEST(wake_after_a_second_look_is_never_lost) {
    for (uint64_t seed = 1; seed <= 5 * SEED_COUNT; seed++)
        boc__sys_run(seed, kept_wake_body, NULL);
}

/* Goal: the seed of a report leads to the same report, word for word. */
BOC_TEST(reported_seed_repeats_the_report) {
    death_t first = hunt(lost_wake_body);
    CHECK(is_aborted(&first));
    toy_t once = {.body = lost_wake_body, .first_seed = seed_in(&first), .count = 1};
    death_t second = watch(try_seeds, &once);
    CHECK(is_aborted(&second));
    CHECK(strcmp(first.text, second.text) == 0);
}

typedef struct table {
    boc__mutex_t left, right;
} table_t;

static void eat_from_the_right(void *context) {
    table_t *table = context;
    boc__mutex_lock(&table->right);
    boc__mutex_lock(&table->left);
    boc__mutex_unlock(&table->left);
    boc__mutex_unlock(&table->right);
}

static void two_locks_body(void *context) {
    (void)context;
    table_t table = {BOC_MUTEX_INITIALIZER, BOC_MUTEX_INITIALIZER};
    boc__thread_t other;
    start(&other, eat_from_the_right, &table, "righty");
    boc__mutex_lock(&table.left);
    boc__mutex_lock(&table.right);
    boc__mutex_unlock(&table.right);
    boc__mutex_unlock(&table.left);
    boc__thread_join(&other);
}

BOC_TEST(crossed_locks_are_found_and_reported) {
    death_t death = hunt(two_locks_body);
    CHECK_DIES(&death, "deadlock: no thread can go on");
    CHECK_DIES(&death, " waits for a mutex that thread 1 'righty' locked at");
    CHECK_DIES(&death, " waits for a mutex that thread 0 'main' locked at");
}

typedef struct courtesy {
    bool after_you[2];
} courtesy_t;

static void wait_for_the_first(void *context) {
    courtesy_t *courtesy = context;
    BOC_SPIN_UNTIL(courtesy->after_you[0]);
    courtesy->after_you[1] = true;
}

static void endless_spin_body(void *context) {
    (void)context;
    courtesy_t courtesy = {{false, false}};
    boc__thread_t other;
    start(&other, wait_for_the_first, &courtesy, "polite");
    BOC_SPIN_UNTIL(courtesy.after_you[1]);
    courtesy.after_you[0] = true;
    boc__thread_join(&other);
}

BOC_TEST(spin_that_nobody_can_end_is_reported) {
    death_t death = hunt(endless_spin_body);
    CHECK_DIES(&death, "deadlock: no thread can go on");
    CHECK_DIES(&death, " spins until another thread does something");
}

static void let_go(void *context) {
    bool *is_free = context;
    for (int i = 0; i < 20; i++)
        BOC_YIELD();
    *is_free = true;
}

static void honest_spin_body(void *context) {
    (void)context;
    bool is_free = false;
    boc__thread_t other;
    start(&other, let_go, &is_free, "helper");
    BOC_SPIN_UNTIL(is_free);
    boc__thread_join(&other);
}

BOC_TEST(spin_ends_when_its_partner_acts) {
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++)
        boc__sys_run(seed, honest_spin_body, NULL);
}

static void livelock_body(void *context) {
    (void)context;
    for (;;)
        BOC_YIELD();
}

static void run_livelock(void *context) {
    boc__sys_step_limit(5000);
    boc__sys_run(1, livelock_body, context);
}

BOC_TEST(too_many_steps_are_a_livelock) {
    death_t death = watch(run_livelock, NULL);
    CHECK_DIES(&death, "livelock: too many steps");
}

static void failed_check_body(void *context) {
    (void)context;
    BOC_YIELD();
    int one = 1;
    CHECK(one == 2);
}

BOC_TEST(failed_check_prints_seed_and_trace) {
    toy_t toy = {.body = failed_check_body, .first_seed = 77, .count = 1};
    death_t death = watch(try_seeds, &toy);
    CHECK_DIES(&death, "CHECK(one == 2) failed");
    CHECK_DIES(&death, "seed 77, step 1: aborted");
    CHECK_DIES(&death, "thread 0  systematic_test.c:");
}

BOC_TEST(run_gives_signals_back) {
    race_t race;
    struct sigaction action;
    boc__sys_run(1, race_body, &race);
    CHECK(sigaction(SIGABRT, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL);
}

/* -- Wrong use ---------------------------------------------------------------- */

static void unlock_a_strangers_mutex(void *context) { boc__mutex_unlock(context); }

static void strange_unlock_body(void *context) {
    (void)context;
    boc__mutex_t mutex = BOC_MUTEX_INITIALIZER;
    boc__mutex_lock(&mutex);
    run_beside(unlock_a_strangers_mutex, &mutex, 1);
}

BOC_TEST(unlock_by_another_thread_is_reported) {
    death_t death = hunt(strange_unlock_body);
    CHECK_DIES(&death, "a mutex was unlocked that this thread does not hold");
}

static void lock_twice_body(void *context) {
    (void)context;
    boc__mutex_t mutex = BOC_MUTEX_INITIALIZER;
    boc__mutex_lock(&mutex);
    boc__mutex_lock(&mutex);
}

BOC_TEST(second_lock_by_the_owner_is_a_deadlock) {
    death_t death = hunt(lock_twice_body);
    CHECK_DIES(&death, "waits for a mutex that thread 0 'main' locked");
}

static void start_outside(void *context) {
    boc__thread_t thread;
    start(&thread, let_go, context, "lost");
}

BOC_TEST(thread_outside_a_run_is_reported) {
    death_t death = watch(start_outside, NULL);
    CHECK_DIES(&death, "call boc__sys_run first");
}

static void park_outside(void *context) {
    (void)context;
    boc__parker_t parker;
    boc__parker_init(&parker);
    (void)boc__parker_park(&parker, BOC_FOREVER);
}

BOC_TEST(endless_park_outside_a_run_is_reported) {
    death_t death = watch(park_outside, NULL);
    CHECK_DIES(&death, "nobody can wake it");
}

static void spin_outside(void *context) {
    (void)context;
    volatile bool is_free = false;
    BOC_SPIN_UNTIL(is_free);
}

BOC_TEST(endless_spin_outside_a_run_is_reported) {
    death_t death = watch(spin_outside, NULL);
    CHECK_DIES(&death, "a spin that no other thread can end");
}

BOC_TEST(everything_else_works_outside_a_run) {
    boc__mutex_t mutex;
    boc__parker_t parker;
    BOC_YIELD();
    boc__thread_yield();
    boc__mutex_init(&mutex);
    boc__mutex_lock(&mutex);
    boc__mutex_unlock(&mutex);
    boc__mutex_deinit(&mutex);
    boc__parker_init(&parker);
    boc__parker_wake(&parker);
    CHECK(boc__parker_park(&parker, BOC_FOREVER) == BOC_OK);
    int64_t deadline_ns = boc__clock_deadline_ns(HOUR_NS);
    CHECK(boc__parker_park(&parker, deadline_ns) == BOC_ETIMEOUT);
    CHECK(boc__clock_now_ns() >= deadline_ns);
    boc__clock_sleep_ns(HOUR_NS);
    CHECK(boc__clock_now_ns() >= deadline_ns + HOUR_NS);
    boc__parker_deinit(&parker);
    CHECK_EQ(boc__thread_index(), 0);
    CHECK_EQ(boc__sys_random(10), 0);
    CHECK(!boc__sys_coin(1));
    CHECK(boc__sys_scramble(17) == 17);
    CHECK(boc__cpu_count() >= boc__cpu_physical_count());
}

/* -- Time --------------------------------------------------------------------- */

static void long_park_body(void *context) {
    (void)context;
    boc__parker_t parker;
    boc__parker_init(&parker);
    int64_t deadline_ns = boc__clock_deadline_ns(1000 * HOUR_NS);
    CHECK(boc__parker_park(&parker, deadline_ns) == BOC_ETIMEOUT);
    CHECK(boc__clock_now_ns() >= deadline_ns);
    boc__parker_deinit(&parker);
}

BOC_TEST(timeout_expires_when_nothing_else_can_happen) {
    for (uint64_t seed = 1; seed <= 20; seed++)
        boc__sys_run(seed, long_park_body, NULL);
}

typedef struct appointment {
    boc__parker_t parker;
    int64_t timeout_ns;
    boc_status_t status;
} appointment_t;

static void keep_appointment(void *context) {
    appointment_t *appointment = context;
    int64_t deadline_ns = boc__clock_deadline_ns(appointment->timeout_ns);
    appointment->status = boc__parker_park(&appointment->parker, deadline_ns);
    if (appointment->status == BOC_ETIMEOUT)
        CHECK(boc__clock_now_ns() >= deadline_ns);
}

static void appointment_body(void *context) {
    appointment_t *appointment = context;
    boc__thread_t guest;
    boc__parker_init(&appointment->parker);
    start(&guest, keep_appointment, appointment, "guest");
    for (int i = 0; i < 10; i++)
        BOC_YIELD();
    boc__parker_wake(&appointment->parker);
    boc__thread_join(&guest);
}

BOC_TEST(short_timeout_and_wake_meet_both_ways) {
    unsigned woken = 0, expired = 0;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        appointment_t appointment = {.timeout_ns = 50 * US_NS};
        boc__sys_run(seed, appointment_body, &appointment);
        woken += appointment.status == BOC_OK;
        expired += appointment.status == BOC_ETIMEOUT;
    }
    CHECK_EQ(woken + expired, SEED_COUNT);
    CHECK(woken > 10 && expired > 10);
}

BOC_TEST(long_timeout_never_expires_by_chance) {
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        appointment_t appointment = {.timeout_ns = HOUR_NS};
        boc__sys_run(seed, appointment_body, &appointment);
        CHECK(appointment.status == BOC_OK);
    }
}

typedef struct bedtime {
    int64_t duration_ns;
    unsigned *woken;
    unsigned place;
} bedtime_t;

static void sleep_and_note(void *context) {
    bedtime_t *bedtime = context;
    boc__clock_sleep_ns(bedtime->duration_ns);
    bedtime->place = (*bedtime->woken)++;
}

static void bedtimes_body(void *context) {
    unsigned woken = 0;
    bedtime_t longer = {.duration_ns = 2 * HOUR_NS, .woken = &woken};
    bedtime_t shorter = {.duration_ns = HOUR_NS, .woken = &woken};
    boc__thread_t threads[2];
    (void)context;
    start(&threads[0], sleep_and_note, &longer, "longer");
    start(&threads[1], sleep_and_note, &shorter, "shorter");
    boc__thread_join(&threads[0]);
    boc__thread_join(&threads[1]);
    CHECK_EQ(shorter.place, 0);
    CHECK_EQ(longer.place, 1);
}

BOC_TEST(sleepers_wake_in_the_order_of_their_deadlines) {
    for (uint64_t seed = 1; seed <= 50; seed++)
        boc__sys_run(seed, bedtimes_body, NULL);
}

static void spin_by_clock_body(void *context) {
    (void)context;
    int64_t deadline_ns = boc__clock_deadline_ns(20 * US_NS);
    BOC_SPIN_UNTIL(boc__clock_now_ns() >= deadline_ns);
}

BOC_TEST(spin_until_an_instant_ends_by_itself) {
    for (uint64_t seed = 1; seed <= 20; seed++)
        boc__sys_run(seed, spin_by_clock_body, NULL);
}

/* -- Threads ------------------------------------------------------------------ */

static _Thread_local int tl_mark;

static void fresh_body(void *context) {
    CHECK_EQ(tl_mark, 0);
    CHECK_EQ(boc__thread_index(), 0);
    tl_mark = 1;
    *(int *)context += 1;
}

BOC_TEST(every_run_starts_with_fresh_thread_locals) {
    int runs = 0;
    for (uint64_t seed = 0; seed < 3; seed++)
        boc__sys_run(seed, fresh_body, &runs);
    CHECK_EQ(runs, 3);
}

typedef struct farewell {
    unsigned order[BOC_THREAD_EXITS_MAX];
    unsigned count;
    unsigned index;
    boc_status_t overflow;
} farewell_t;

typedef struct word {
    farewell_t *farewell;
    unsigned number;
} word_t;

static word_t words[BOC_THREAD_EXITS_MAX];

static void say_word(void *context) {
    word_t *word = context;
    BOC_YIELD(); /* hooks may be interrupted like anything else */
    CHECK_EQ(boc__thread_index(), word->farewell->index);
    word->farewell->order[word->farewell->count++] = word->number;
}

static void prepare_words(void *context) {
    farewell_t *farewell = context;
    farewell->index = boc__thread_index();
    for (unsigned i = 0; i < BOC_THREAD_EXITS_MAX; i++) {
        words[i] = (word_t){.farewell = farewell, .number = i};
        CHECK(boc__thread_at_exit(say_word, &words[i]) == BOC_OK);
    }
    farewell->overflow = boc__thread_at_exit(say_word, &words[0]);
}

static void farewell_body(void *context) {
    for (unsigned round = 0; round < 2; round++) {
        farewell_t farewell = {.count = 0};
        run_beside(prepare_words, &farewell, 1);
        CHECK_EQ(farewell.count, BOC_THREAD_EXITS_MAX);
        for (unsigned i = 0; i < BOC_THREAD_EXITS_MAX; i++)
            CHECK_EQ(farewell.order[i], BOC_THREAD_EXITS_MAX - 1 - i);
        CHECK(farewell.overflow == BOC_ENOMEM);
        CHECK_EQ(farewell.index, 1); /* the smallest number that is free again */
    }
    (void)context;
}

BOC_TEST(exit_hooks_run_in_reverse_order) {
    for (uint64_t seed = 1; seed <= 20; seed++)
        boc__sys_run(seed, farewell_body, NULL);
}

/* Goal: a run lasts until its last thread, joined or not. */
static boc__thread_t left_behind;

static void leave_behind_body(void *context) {
    start(&left_behind, let_go, context, "left behind");
}

BOC_TEST(run_waits_for_threads_that_nobody_joins) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        bool is_over = false;
        boc__sys_run(seed, leave_behind_body, &is_over);
        CHECK(is_over);
    }
}

/* -- Numbers ------------------------------------------------------------------ */

static void random_body(void *context) {
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++)
        seen[boc__sys_random(7)]++;
    for (int i = 0; i < 7; i++)
        CHECK(seen[i] > 700 && seen[i] < 1300);
    CHECK(boc__sys_coin(1));
    CHECK_EQ(boc__sys_random(1), 0);
    *(uint64_t *)context = boc__sys_random(UINT64_MAX);
}

BOC_TEST(random_numbers_are_even_and_follow_the_seed) {
    uint64_t numbers[3];
    boc__sys_run(5, random_body, &numbers[0]);
    boc__sys_run(5, random_body, &numbers[1]);
    boc__sys_run(6, random_body, &numbers[2]);
    CHECK(numbers[0] == numbers[1]);
    CHECK(numbers[0] != numbers[2]);
}

static void scramble_body(void *context) {
    uint64_t *ids = context;
    for (uint64_t id = 0; id < 500; id++) {
        ids[id] = boc__sys_scramble(id);
        CHECK(ids[id] == boc__sys_scramble(id));
        for (uint64_t other = 0; other < id; other++)
            CHECK(ids[id] != ids[other]);
    }
}

BOC_TEST(scramble_permutes_by_the_seed) {
    static uint64_t ids[3][500];
    unsigned rising[2] = {0, 0};
    boc__sys_run(5, scramble_body, ids[0]);
    boc__sys_run(5, scramble_body, ids[1]);
    boc__sys_run(6, scramble_body, ids[2]);
    CHECK(memcmp(ids[0], ids[1], sizeof ids[0]) == 0);
    for (int i = 1; i < 500; i++) {
        rising[0] += ids[0][i - 1] < ids[0][i];
        rising[1] += ids[2][i - 1] < ids[2][i];
    }
    for (int i = 0; i < 2; i++)
        CHECK(rising[i] > 150 && rising[i] < 350); /* no order left */
    CHECK(memcmp(ids[0], ids[2], sizeof ids[0]) != 0);
}

/* -- Many seeds --------------------------------------------------------------- */

static int left_over;

/* Writes a dot for each run, and fails if it is not the first in its process. */
static void write_dot(void *context) {
    CHECK_EQ(left_over, 0);
    left_over = 1;
    CHECK(write(*(int *)context, ".", 1) == 1);
}

static size_t count_runs(void) {
    int ends[2];
    char dots[1024];
    size_t count = 0;
    ssize_t got;
    left_over = 0;
    CHECK(pipe(ends) == 0);
    boc__sys_run_seeds(write_dot, &ends[1]);
    CHECK(close(ends[1]) == 0);
    while ((got = read(ends[0], dots, sizeof dots)) > 0)
        count += (size_t)got;
    CHECK(close(ends[0]) == 0);
    return count;
}

BOC_TEST(environment_chooses_the_seeds) {
    CHECK(unsetenv("BOC_SYS_SEED") == 0);
    CHECK(unsetenv("BOC_SYS_SEEDS") == 0);
    CHECK_EQ(count_runs(), 100);
    CHECK(setenv("BOC_SYS_SEEDS", "7", 1) == 0);
    CHECK_EQ(count_runs(), 7);
    CHECK(setenv("BOC_SYS_SEED", "0x2a", 1) == 0);
    CHECK_EQ(count_runs(), 1);
}

BOC_TEST(one_seed_runs_in_this_process) {
    int ends[2];
    CHECK(setenv("BOC_SYS_SEED", "3", 1) == 0);
    CHECK(pipe(ends) == 0);
    left_over = 0;
    boc__sys_run_seeds(write_dot, &ends[1]);
    CHECK_EQ(left_over, 1);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    CHECK(unsetenv("BOC_SYS_SEED") == 0);
}

static void unlucky_body(void *context) {
    (void)context;
    CHECK(boc__sys_random(50) != 7);
}

static void hunt_by_seeds(void *context) {
    CHECK(setenv("BOC_SYS_SEEDS", "2000", 1) == 0);
    boc__sys_run_seeds(unlucky_body, context);
}

/* Goal: what one seed of many does, it does alone. */
BOC_TEST(failing_seed_fails_alone_too) {
    CHECK(unsetenv("BOC_SYS_SEED") == 0);
    death_t death = watch(hunt_by_seeds, NULL);
    CHECK_DIES(&death, "failed");
    CHECK_DIES(&death, ": ended by signal 6 (BOC_SYS_SEED=");
    toy_t once = {.body = unlucky_body, .first_seed = seed_in(&death), .count = 1};
    death_t alone = watch(try_seeds, &once);
    CHECK_DIES(&alone, "failed");
}
