/* seeds.c - many runs, each in a process of its own.
 *
 * A run leaves things behind: caches that are warm, counters that went up.  The
 * next seed must not depend on them, or it would not repeat when it is run alone.
 */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* fork, waitpid */
#endif

#include "platform/systematic/systematic.h"

#include "platform/systematic/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEED_COUNT_DEFAULT 100u

static _Noreturn void give_up(uint64_t seed, const char *what, int number) {
    boc__trace_say("boc: seed %llu: %s %d (BOC_SYS_SEED=%llu repeats it)\n",
                   (unsigned long long)seed, what, number, (unsigned long long)seed);
    abort();
}

static void run_in_child(uint64_t seed, void (*body)(void *context), void *context) {
    (void)fflush(NULL); /* or the child would write it again */
    pid_t child = fork();
    if (child < 0)
        give_up(seed, "cannot fork, error", errno);
    if (child == 0) {
        boc__sys_run(seed, body, context);
        (void)fflush(NULL);
        _exit(0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            give_up(seed, "cannot wait, error", errno);
    if (WIFSIGNALED(status))
        give_up(seed, "ended by signal", WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        give_up(seed, "ended with status", WEXITSTATUS(status));
}

void boc__sys_run_seeds(void (*body)(void *context), void *context) {
    const char *one = getenv("BOC_SYS_SEED");
    if (one != NULL && one[0] != '\0') {
        boc__sys_run(strtoull(one, NULL, 0), body, context);
        return;
    }
    const char *text = getenv("BOC_SYS_SEEDS");
    uint64_t count = text == NULL || text[0] == '\0' ? SEED_COUNT_DEFAULT : strtoull(text, NULL, 0);
    for (uint64_t seed = 1; seed <= count; seed++)
        run_in_child(seed, body, context);
}
