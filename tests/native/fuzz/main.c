/* main.c - inputs from a seed, for so many seconds or so many rounds.
 *
 *     fuzz_matrix --seconds 600
 *     fuzz_matrix --rounds 2000 --seed 7
 *
 * Input number n of seed s is always the same.  When one fails, its number is the last line of
 * stderr: `--seed s --first n --rounds 1` runs it alone.
 */
#include "fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_BYTES_MAX = 512 };

static struct {
    unsigned long long seed;
    unsigned long long number;
    char line[96]; /* ready for the signal handler */
} globals = {.seed = 1};

static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void say_which(int signal_number) {
    (void)!write(STDERR_FILENO, globals.line, strlen(globals.line));
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run_one(unsigned long long number) {
    uint8_t bytes[INPUT_BYTES_MAX];
    uint64_t state = mix(globals.seed) ^ mix(~(uint64_t)number);
    size_t size = mix(state) % (INPUT_BYTES_MAX + 1);
    for (size_t i = 0; i < size; i++) {
        state = mix(state);
        bytes[i] = (uint8_t)(state >> 56);
    }
    snprintf(globals.line, sizeof globals.line, "failed: --seed %llu --first %llu --rounds 1\n",
             globals.seed, number);
    LLVMFuzzerTestOneInput(bytes, size);
}

static unsigned long long argument(int argc, char **argv, const char *name,
                                   unsigned long long otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

int main(int argc, char **argv) {
    globals.seed = argument(argc, argv, "--seed", 1);
    unsigned long long seconds = argument(argc, argv, "--seconds", 0);
    unsigned long long first = argument(argc, argv, "--first", 0);
    unsigned long long rounds = argument(argc, argv, "--rounds", seconds == 0 ? 1000 : 0);
    signal(SIGABRT, say_which);
    signal(SIGSEGV, say_which);
    time_t end = time(NULL) + (time_t)seconds;
    unsigned long long number = first;
    while (rounds != 0 ? number - first < rounds : time(NULL) < end)
        run_one(number++);
    printf("%llu inputs of seed %llu, nothing found\n", number - first, globals.seed);
    return 0;
}
