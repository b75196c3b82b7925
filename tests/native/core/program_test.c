/* sys only: random programs (stress/program.h), and every seed another one. */
#include "boc_test.h"

#include "../stress/program.h"

static void program_body(void *context) {
    (void)context;
    boc__slab_restart_ids();
    for (unsigned number = 0; number < 2; number++)
        run_program(number, 1 + (unsigned)boc__sys_random(3), boc__sys_coin(3));
    CHECK_EQ(boc_runtime_shutdown(), BOC_OK);
    CHECK_EQ(boc__slab_live(), 0);
}
BOC_TEST(random_programs_end_as_they_should) { boc__sys_run_seeds(program_body, NULL); }
