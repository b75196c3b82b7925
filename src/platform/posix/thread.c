/* thread.c - threads, their numbers and their exit hooks, over pthreads. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pthread_setname_np, syscall */
#endif

#include "platform/thread.h"

#include "platform/compiler.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Interpreters recurse on the C stack.  Some systems give new threads very little;
 * the pages that nobody touches cost nothing. */
#define THREAD_STACK_BYTES_MIN ((size_t)8 << 20)

#define INDEX_NONE UINT_MAX
#define INDEX_WORD_BITS 64u
#define INDEX_COUNT_MAX (1u << 22) /* Linux has no more thread ids than this */
#define INDEX_WORD_COUNT (INDEX_COUNT_MAX / INDEX_WORD_BITS)

typedef struct thread_exit {
    boc__thread_fn run;
    void *context;
} thread_exit_t;

static struct {
    pthread_once_t once;
    pthread_key_t key;      /* set to non-NULL in threads that have something to undo */
    pthread_mutex_t mutex;  /* guards the two fields below */
    unsigned first_word;    /* every word before this one is full */
    uint64_t taken[INDEX_WORD_COUNT]; /* one bit for each number in use */
} globals = {.once = PTHREAD_ONCE_INIT, .mutex = PTHREAD_MUTEX_INITIALIZER};

/* The number plus one, so that a new thread starts with "none". */
static _Thread_local unsigned tl_index_plus_one BOC_TLS_STATIC;
static _Thread_local unsigned tl_exit_count;
static _Thread_local thread_exit_t tl_exits[BOC_THREAD_EXITS_MAX];

/* Calls that fail only when this code is wrong. */
static void must(int error, const char *what) {
    if (error == 0)
        return;
    fprintf(stderr, "boc: %s: %s\n", what, strerror(error));
    abort();
}

static unsigned take_index(void) {
    must(pthread_mutex_lock(&globals.mutex), "thread index lock");
    unsigned word = globals.first_word;
    while (word < INDEX_WORD_COUNT && globals.taken[word] == UINT64_MAX)
        word++;
    if (word == INDEX_WORD_COUNT) {
        fputs("boc: more threads than the system can have\n", stderr);
        abort();
    }
    unsigned bit = (unsigned)__builtin_ctzll(~globals.taken[word]);
    globals.taken[word] |= UINT64_C(1) << bit;
    globals.first_word = word;
    must(pthread_mutex_unlock(&globals.mutex), "thread index unlock");
    return word * INDEX_WORD_BITS + bit;
}

static void give_index(unsigned index) {
    unsigned word = index / INDEX_WORD_BITS;
    uint64_t bit = UINT64_C(1) << (index % INDEX_WORD_BITS);
    must(pthread_mutex_lock(&globals.mutex), "thread index lock");
    assert((globals.taken[word] & bit) != 0);
    globals.taken[word] &= ~bit;
    if (word < globals.first_word)
        globals.first_word = word;
    must(pthread_mutex_unlock(&globals.mutex), "thread index unlock");
}

/* The key's destructor.  When a hook, or another library's destructor after this
 * one, uses the thread again, the key is set again and the system calls us again. */
static void thread_ends(void *unused) {
    (void)unused;
    while (tl_exit_count > 0) {
        thread_exit_t last = tl_exits[--tl_exit_count];
        last.run(last.context);
    }
    if (tl_index_plus_one != 0) {
        unsigned index = tl_index_plus_one - 1;
        tl_index_plus_one = 0;
        give_index(index);
    }
}

static void make_key(void) {
    must(pthread_key_create(&globals.key, thread_ends), "thread exit key");
}

static int arm_thread_end(void) {
    must(pthread_once(&globals.once, make_key), "thread exit key");
    return pthread_setspecific(globals.key, &globals);
}

unsigned boc__thread_index(void) {
    if (tl_index_plus_one == 0) {
        /* Without room for the key's value the number would never come back: not a
         * state to run on in, and not one that a caller could do anything about. */
        must(arm_thread_end(), "thread index");
        tl_index_plus_one = take_index() + 1;
    }
    return tl_index_plus_one - 1;
}

boc_status_t boc__thread_at_exit(boc__thread_fn run, void *context) {
    assert(run != NULL);
    if (tl_exit_count == BOC_THREAD_EXITS_MAX || arm_thread_end() != 0)
        return BOC_ENOMEM;
    tl_exits[tl_exit_count++] = (thread_exit_t){.run = run, .context = context};
    return BOC_OK;
}

static void set_own_name(const char *name) {
    if (name[0] == '\0')
        return;
#if defined(__linux__)
    (void)pthread_setname_np(pthread_self(), name);
#elif defined(__APPLE__)
    (void)pthread_setname_np(name);
#endif
}

#if defined(__linux__)

static int kernel_id(void) { return (int)syscall(SYS_gettid); }

/* pthread_join returns while the kernel still takes the thread apart and counts it: whoever
 * looks at the process then, such as CPython before a fork, sees one thread too many.  It needs
 * no more than a CPU for a moment.  Signal 0 asks whether there is such a thread of ours. */
static void await_kernel(const boc__thread_t *thread) {
    while (syscall(SYS_tgkill, getpid(), thread->kernel_id, 0) == 0)
        boc__thread_yield();
}

#else

static int kernel_id(void) { return 0; }
static void await_kernel(const boc__thread_t *thread) { (void)thread; }

#endif

static void *thread_main(void *argument) {
    boc__thread_t *thread = argument;
    thread->kernel_id = kernel_id();
    set_own_name(thread->name);
    thread->run(thread->context);
    return NULL;
}

/* Signals stay as they are: a mask set here would be inherited by every process
 * that a behavior starts.  Systems deliver to the main thread when it can take it. */
boc_status_t boc__thread_start(boc__thread_t *thread, boc__thread_fn run, void *context,
                               const char *name) {
    assert(thread != NULL && run != NULL);
    thread->run = run;
    thread->context = context;
    thread->name[0] = '\0';
    if (name != NULL)
        (void)snprintf(thread->name, sizeof thread->name, "%s", name);

    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return BOC_ENOMEM;
    size_t stack_bytes = 0;
    if (pthread_attr_getstacksize(&attributes, &stack_bytes) == 0 &&
        stack_bytes < THREAD_STACK_BYTES_MIN)
        (void)pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES_MIN);
    int error = pthread_create(&thread->handle, &attributes, thread_main, thread);
    (void)pthread_attr_destroy(&attributes);
    return error == 0 ? BOC_OK : BOC_ETHREAD;
}

void boc__thread_join(boc__thread_t *thread) {
    must(pthread_join(thread->handle, NULL), "thread join");
    await_kernel(thread);
}

void boc__thread_yield(void) { (void)sched_yield(); }

void boc__mutex_init(boc__mutex_t *mutex) {
    must(pthread_mutex_init(&mutex->native, NULL), "mutex init");
}

void boc__mutex_deinit(boc__mutex_t *mutex) {
    must(pthread_mutex_destroy(&mutex->native), "mutex deinit: still locked?");
}

void boc__mutex_lock(boc__mutex_t *mutex) { must(pthread_mutex_lock(&mutex->native), "lock"); }

void boc__mutex_unlock(boc__mutex_t *mutex) {
    must(pthread_mutex_unlock(&mutex->native), "unlock");
}
