/* A source is a pledge and nothing else. */
#include <boc/source.h>

#include "core/sched/pledge.h"
#include "core/slab.h"

#include <assert.h>

struct boc_source {
    boc__pledge_t pledge; /* first: a pledge is a source */
    uint8_t block_class;  /* fixed */
};

static void drop(boc__pledge_t *pledge) {
    (void)pledge;
    boc__pledge_leave();
}

static void release(boc__pledge_t *pledge) {
    boc_source_t *source = (boc_source_t *)(void *)pledge;
    if (boc__pledge_claim(pledge))
        boc__pledge_leave();
    boc__slab_free(source, source->block_class);
}

static const boc__pledge_ops_t pledge_ops = {drop, release};

boc_status_t boc_source_open(boc_source_t **p_source) {
    uint8_t block_class = 0;
    boc_source_t *source = boc__slab_allocate(sizeof *source, &block_class);
    if (source == NULL)
        return BOC_ENOMEM;
    source->block_class = block_class;
    boc_status_t status = boc__pledge_open(&source->pledge, &pledge_ops);
    if (status != BOC_OK) {
        boc__slab_free(source, block_class);
        return status;
    }
    *p_source = source;
    return BOC_OK;
}

bool boc_source_is_open(const boc_source_t *source) {
    return boc__pledge_is_open((boc__pledge_t *)&source->pledge);
}

void boc_source_close(boc_source_t *source) { boc__pledge_unref(&source->pledge); }
