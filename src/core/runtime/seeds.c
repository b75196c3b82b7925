#include "platform/systematic/systematic.h"

#include <assert.h>
#include <boc/runtime.h>
#include <boc/seeds.h>
#include <stddef.h>

void boc_seeds_run(void (*body)(void *context), void *context) {
    assert(body != NULL && !boc_runtime_is_running());
    boc__sys_run_seeds(body, context);
}
