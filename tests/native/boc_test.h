/* boc_test.h - the harness of the native tests: one binary per unit, one process per case.
 *
 * A file of cases includes this header once.  `X_test` runs every case, `X_test NAME...`
 * those named, `X_test --list` prints the names.  A failed CHECK names the case, the
 * place and the condition on stderr and aborts.  All of it belongs to the main thread,
 * except CHECK, which any thread may use.  With BOC_TEST_OWN_MAIN: the checks alone. */
#ifndef BOC_TEST_H
#define BOC_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The exit code that CTest takes for "skipped": the case is compiled out of this build. */
#define BOC_TEST_SKIPPED 77

typedef struct boc_test_case {
    const char *name;
    void (*run)(void);
    struct boc_test_case *next;
} boc_test_case_t;

static struct {
    boc_test_case_t *first; /* in the order of the file */
    boc_test_case_t **last; /* where the next registration links itself */
    const char *running;    /* set before the case starts any thread */
} boc_tests = {NULL, &boc_tests.first, "(no case)"};

#define BOC_TEST(name)                                                                             \
    static void name(void);                                                                        \
    static boc_test_case_t name##_case = {#name, name, NULL};                                      \
    __attribute__((constructor)) static void name##_register(void) {                               \
        *boc_tests.last = &name##_case;                                                            \
        boc_tests.last = &name##_case.next;                                                        \
    }                                                                                              \
    static void name(void)

/* Unlike assert(), survives NDEBUG. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: CHECK(%s) failed\n", __FILE__, __LINE__,                   \
                    boc_tests.running, #condition);                                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Compare two integers and show both when they differ. */
#define CHECK_EQ(actual, expected)                                                                 \
    do {                                                                                           \
        long long boc_actual = (long long)(actual), boc_expected = (long long)(expected);          \
        if (boc_actual != boc_expected) {                                                          \
            fprintf(stderr, "%s:%d: %s: %s is %lld, expected %lld\n", __FILE__, __LINE__,          \
                    boc_tests.running, #actual, boc_actual, boc_expected);                         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#if !defined(BOC_TEST_OWN_MAIN)

static void boc_test_run(const boc_test_case_t *test) {
    boc_tests.running = test->name;
    test->run();
    printf("ok %s\n", test->name);
    fflush(stdout);
}

static const boc_test_case_t *boc_test_find(const char *name) {
    for (const boc_test_case_t *test = boc_tests.first; test != NULL; test = test->next)
        if (strcmp(test->name, name) == 0)
            return test;
    return NULL;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (const boc_test_case_t *test = boc_tests.first; test != NULL; test = test->next)
            puts(test->name);
        return 0;
    }
    if (argc < 2)
        for (const boc_test_case_t *test = boc_tests.first; test != NULL; test = test->next)
            boc_test_run(test);
    for (int i = 1; i < argc; i++) {
        const boc_test_case_t *test = boc_test_find(argv[i]);
        if (test == NULL) {
            fprintf(stderr, "no case %s in this build; --list shows them\n", argv[i]);
            return BOC_TEST_SKIPPED;
        }
        boc_test_run(test);
    }
    return 0;
}

#endif

#endif
