/* calibrate.h - what the machine itself takes, to measure workloads against. */
#ifndef BOC_BENCHMARKS_NATIVE_CALIBRATE_H
#define BOC_BENCHMARKS_NATIVE_CALIBRATE_H

typedef struct calibration {
    const char *name;
    double (*measure)(void); /* nanoseconds per operation */
} calibration_t;

enum {
    CALIBRATION_FLOOR, /* freelist pop, exchange, indirect call, freelist push */
    CALIBRATION_XADD,
    CALIBRATION_XCHG,
    CALIBRATION_MALLOC_FREE_64,
    CALIBRATION_CORE_TO_CORE, /* there and back */
    CALIBRATION_COUNT,
};

extern const calibration_t calibrations[CALIBRATION_COUNT];

#endif
