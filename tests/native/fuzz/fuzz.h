/* fuzz.h - bytes in, decisions out.
 *
 * A target defines LLVMFuzzerTestOneInput and takes its decisions from a boc_fuzz_t; an input
 * that ends early goes on with zeros.  tests/native/fuzz/main.c feeds it inputs from a seed; a
 * compiler that has libFuzzer can link that instead.
 */
#ifndef BOC_TESTS_NATIVE_FUZZ_FUZZ_H
#define BOC_TESTS_NATIVE_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct boc_fuzz {
    const uint8_t *bytes;
    size_t left;
} boc_fuzz_t;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static inline uint8_t fuzz_byte(boc_fuzz_t *fuzz) {
    if (fuzz->left == 0)
        return 0;
    fuzz->left--;
    return *fuzz->bytes++;
}

static inline uint64_t fuzz_word(boc_fuzz_t *fuzz) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++)
        word = word << 8 | fuzz_byte(fuzz);
    return word;
}

/* A number below `limit`, which is not 0. */
static inline size_t fuzz_below(boc_fuzz_t *fuzz, size_t limit) {
    return (size_t)((fuzz_byte(fuzz) << 8 | fuzz_byte(fuzz))) % limit;
}

#endif
