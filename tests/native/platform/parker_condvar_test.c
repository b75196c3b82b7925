/* parker_condvar_test.c - the portable parker, also where the build uses another.
 *
 * Method: its source is compiled into this test under other names. */
#ifndef BOC_PARKER_CONDVAR
#define BOC_PARKER_CONDVAR
#endif
#define boc__parker_init condvar_parker_init
#define boc__parker_deinit condvar_parker_deinit
#define boc__parker_park condvar_parker_park
#define boc__parker_wake condvar_parker_wake

#include "platform/posix/park.c"

#include "parker_cases.h"

BOC_TEST(wake_before_park_leaves_a_token) { check_wake_before_park_leaves_a_token(); }
BOC_TEST(two_wakes_leave_one_token) { check_two_wakes_leave_one_token(); }
BOC_TEST(park_times_out_but_never_early) { check_park_times_out_but_never_early(); }
BOC_TEST(park_in_the_past_only_looks) { check_park_in_the_past_only_looks(); }
BOC_TEST(threads_wake_each_other) { check_threads_wake_each_other(); }
BOC_TEST(wake_beside_the_deadline_is_kept) { check_wake_beside_the_deadline_is_kept(); }
BOC_TEST(many_wakers_never_leave_it_asleep) { check_many_wakers_never_leave_it_asleep(); }
BOC_TEST(parker_ends_while_its_waker_returns) { check_parker_ends_while_its_waker_returns(); }
