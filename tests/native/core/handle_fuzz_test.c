/* con only: handles that are made up, altered, or too late, among true ones.
 *
 * BOC_FUZZ_HANDLES=n resolves n of them; 10 million in `make test-fuzz`. */
#include "fixture.h"

enum {
    LIVE = 700,   /* cowns that live at a time, of each thread */
    STALE = 3000, /* handles of dead ones that are remembered */
    PLACES = 1 << 14,
    THREADS = 3,
};

/* A cown knows its handle: what resolves to it must be that one. */
typedef struct fuzz {
    boc_cown_t *cowns[LIVE];
    boc_handle_t handles[LIVE];
    boc_handle_t stale[STALE];
    boc_handle_t true_at[PLACES]; /* live handles, by their low half; 0: none */
    size_t stale_count;
    uint64_t random;
    long left;     /* to be resolved */
    bool is_alone; /* nobody else makes handles: whatever is not ours is refused */
    long refused, resolved;
} fuzz_t;

static uint64_t draw(fuzz_t *fuzz) {
    /* xorshift64 (Marsaglia, "Xorshift RNGs", 2003). */
    fuzz->random ^= fuzz->random << 13;
    fuzz->random ^= fuzz->random >> 7;
    fuzz->random ^= fuzz->random << 17;
    return fuzz->random;
}

static size_t draw_below(fuzz_t *fuzz, size_t below) { return (size_t)(draw(fuzz) >> 33) % below; }

static boc_handle_t *place_of(fuzz_t *fuzz, boc_handle_t handle) {
    CHECK((uint32_t)handle < PLACES);
    return &fuzz->true_at[(uint32_t)handle];
}

static void bear(fuzz_t *fuzz, size_t i) {
    fuzz->cowns[i] = new_cown(&fuzz->handles[i]);
    CHECK_EQ(boc_handle_of(fuzz->cowns[i], &fuzz->handles[i]), BOC_OK);
    CHECK_EQ(*place_of(fuzz, fuzz->handles[i]), 0);
    *place_of(fuzz, fuzz->handles[i]) = fuzz->handles[i];
}

static void kill(fuzz_t *fuzz, size_t i) {
    *place_of(fuzz, fuzz->handles[i]) = 0;
    fuzz->stale[fuzz->stale_count++ % STALE] = fuzz->handles[i];
    drop_cown(fuzz->cowns[i]);
}

/* -- kinds of handles ------------------------------------------------------------ */

static boc_handle_t some_true(fuzz_t *fuzz) { return fuzz->handles[draw_below(fuzz, LIVE)]; }

static boc_handle_t some_stale(fuzz_t *fuzz) {
    size_t count = fuzz->stale_count < STALE ? fuzz->stale_count : STALE;
    return count > 0 ? fuzz->stale[draw_below(fuzz, count)] : 0;
}

/* A true one with a bit or a number changed: a place that exists, or nearly. */
static boc_handle_t some_altered(fuzz_t *fuzz) {
    boc_handle_t handle = some_true(fuzz);
    switch (draw_below(fuzz, 4)) {
    case 0:
        return handle ^ (boc_handle_t)1 << draw_below(fuzz, 64);
    case 1:
        return handle + ((boc_handle_t)1 << 32);
    case 2:
        return handle - ((boc_handle_t)1 << 32);
    default:
        return (handle & ~(boc_handle_t)UINT32_MAX) | draw_below(fuzz, 3 * LIVE);
    }
}

static boc_handle_t some_handle(fuzz_t *fuzz) {
    switch (draw_below(fuzz, 8)) {
    case 0:
        return some_true(fuzz);
    case 1:
    case 2:
        return some_stale(fuzz);
    case 3:
    case 4:
        return some_altered(fuzz);
    case 5: /* small numbers, and their negatives */
        return (draw_below(fuzz, 2) ? (boc_handle_t)0 : ~(boc_handle_t)0) ^ draw_below(fuzz, 5000);
    default:
        return draw(fuzz);
    }
}

/* -- the test --------------------------------------------------------------------- */

static void resolve(fuzz_t *fuzz, boc_handle_t handle) {
    boc_cown_t *cown = NULL;
    bool is_ours = handle != 0 && (uint32_t)handle < PLACES && *place_of(fuzz, handle) == handle;
    boc_status_t status = boc_handle_resolve(handle, &cown);
    if (status == BOC_OK) {
        CHECK(is_ours || !fuzz->is_alone);
        if (is_ours)
            CHECK(*(boc_handle_t *)boc_cown_value(cown)->data == handle);
        boc_cown_unref(cown);
        fuzz->resolved++;
    } else {
        CHECK_EQ(status, BOC_EINVALID);
        CHECK(!is_ours && cown == NULL);
        fuzz->refused++;
    }
}

static void run_fuzz(void *context) {
    fuzz_t *fuzz = context;
    for (size_t i = 0; i < LIVE; i++)
        bear(fuzz, i);
    for (; fuzz->left > 0; fuzz->left--) {
        resolve(fuzz, some_handle(fuzz));
        if (draw_below(fuzz, 16) == 0) {
            size_t i = draw_below(fuzz, LIVE);
            kill(fuzz, i);
            bear(fuzz, i);
        }
    }
    for (size_t i = 0; i < LIVE; i++)
        kill(fuzz, i);
    CHECK(fuzz->resolved > 0 && fuzz->refused > fuzz->resolved);
}

static long handle_count(void) {
    const char *text = getenv("BOC_FUZZ_HANDLES");
    return text != NULL && atol(text) > 0 ? atol(text) : 200000;
}

static fuzz_t fuzzes[THREADS];

static fuzz_t *begin_fuzz(int thread, long count, bool is_alone) {
    memset(&fuzzes[thread], 0, sizeof fuzzes[thread]);
    fuzzes[thread].random = 88172645463325252u + (uint64_t)thread;
    fuzzes[thread].left = count;
    fuzzes[thread].is_alone = is_alone;
    return &fuzzes[thread];
}

BOC_TEST(forged_and_stale_handles_give_a_status) {
    run_fuzz(begin_fuzz(0, handle_count(), true));
    printf("%ld refused, %ld resolved\n", fuzzes[0].refused, fuzzes[0].resolved);
    CHECK_EQ(boc__slab_live(), 0);
}

/* Goal: the same while the table grows and shrinks under others' hands. */
BOC_TEST(handles_of_several_threads_do_not_mix) {
    boc__thread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(boc__thread_start(&threads[i], run_fuzz,
                                   begin_fuzz(i, handle_count() / (2 * THREADS), false), "fuzz"),
                 BOC_OK);
    for (int i = 0; i < THREADS; i++)
        boc__thread_join(&threads[i]);
    CHECK_EQ(boc__slab_live(), 0);
}
