/* seeds.h - run a test under many schedules, each of which can be repeated.
 *
 * The library comes in a second form, boc_seeded, in which one thread runs at a time and
 * a seed decides, wherever threads could meet, which one goes on.  A test that is written
 * as a function for boc_seeds_run works with both: linked with the ordinary library it runs
 * once, on real threads; linked with the seeded one it runs once for each seed.
 *
 * Seeded runs are for tests: they are slow, and no more than one core is used.
 *
 * Threads   boc_seeds_run: the main thread of a test, while the runtime is down and no
 *           other thread exists.
 */
#ifndef BOC_SEEDS_H
#define BOC_SEEDS_H

#include <boc/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Call `body(context)`, which starts the runtime, uses it, and shuts it down again.
 *
 * In the seeded library each call is made in a process of its own, for the seeds 1, 2 and
 * so on: as many as BOC_SYS_SEEDS in the environment says, otherwise 100; or, in this
 * process, for the one seed that BOC_SYS_SEED names.  A body that aborts, that cannot go on
 * or that does not come to an end ends the program with SIGABRT, and stderr says which
 * seed it was and what each thread was doing.  Threads that the body makes by other
 * means than the runtime run beside the seed, and make runs differ. */
BOC_API void boc_seeds_run(void (*body)(void *context), void *context);

#ifdef __cplusplus
}
#endif

#endif
